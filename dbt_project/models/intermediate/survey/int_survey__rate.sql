with measure as (
    select * from {{ ref('survey_measure') }}
),

benchmark as (
    select
        'organisation' as level,
        cell.org_code,
        cell.survey_year,
        cell.source_vintage,
        measure.indicator_code,
        measure.slice,
        measure.denominator,
        cell.ethnicity_group,
        cell.value as rate,
        null::double precision as base,
        cell.value_status,
        cell.blocked_reason,
        'benchmark' as origin,
        cell.header as measure_name,
        cell.is_synthetic,
        cell._load_id,
        cell._sheet,
        cell._row_number,
        cell._column,
        cell.value as cell_value,
        null::text as base_column
    from {{ ref('stg_staff_survey__benchmark') }} as cell
    inner join measure on measure.origin = 'benchmark' and cell.measure = measure.measure
),

-- Both detailed workbooks in one form: who answered, in which row.
answer as (
    select
        'organisation' as level,
        org_code,
        'all' as ethnicity_group,
        survey_year,
        source_vintage,
        item,
        question,
        label,
        answer,
        value,
        value_status,
        blocked_reason,
        is_synthetic,
        _load_id,
        _sheet,
        _row_number,
        _column
    from {{ ref('stg_staff_survey__organisational') }}
    where item is not null
    union all
    select
        'england' as level,
        'ENGLAND' as org_code,
        case
            when breakdown is null then 'all'
            when breakdown_subgroup = 'White staff' then 'white'
            else 'bme'
        end as ethnicity_group,
        survey_year,
        source_vintage,
        item,
        question,
        label,
        answer,
        value,
        value_status,
        blocked_reason,
        is_synthetic,
        _load_id,
        _sheet,
        _row_number,
        _column
    from {{ ref('stg_staff_survey__national') }}
    where item is not null and (breakdown is null or breakdown = 'Ethnic background (summary)')
),

-- Beside every answer the base of its question.
based as (
    select
        *,
        max(value) filter (where answer = 'base') over question as base,
        max(_column) filter (where answer = 'base') over question as base_column
    from answer
    window question as (partition by level, org_code, ethnicity_group, survey_year, source_vintage, item)
),

detailed as (
    select
        based.level,
        based.org_code,
        based.survey_year,
        based.source_vintage,
        measure.indicator_code,
        measure.slice,
        measure.denominator,
        based.ethnicity_group,
        case when measure.is_complement then 100 - based.value else based.value end / 100 as rate,
        based.base,
        based.value_status,
        based.blocked_reason,
        'detailed' as origin,
        based.question || ' ' || based.label as measure_name,
        based.is_synthetic,
        based._load_id,
        based._sheet,
        based._row_number,
        based._column,
        based.value as cell_value,
        based.base_column
    from based
    inner join measure
        on measure.origin = 'detailed' and based.item = measure.measure and based.answer = measure.answer
)

select * from benchmark
union all
select * from detailed
