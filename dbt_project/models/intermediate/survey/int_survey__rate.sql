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

base as (
    select
        level,
        org_code,
        ethnicity_group,
        survey_year,
        source_vintage,
        item,
        value as base,
        _column as base_column
    from answer
    where answer = 'base'
),

detailed as (
    select
        answer.level,
        answer.org_code,
        answer.survey_year,
        answer.source_vintage,
        measure.indicator_code,
        measure.slice,
        measure.denominator,
        answer.ethnicity_group,
        case when measure.is_complement then 100 - answer.value else answer.value end / 100 as rate,
        base.base,
        answer.value_status,
        answer.blocked_reason,
        'detailed' as origin,
        answer.question || ' ' || answer.label as measure_name,
        answer.is_synthetic,
        answer._load_id,
        answer._sheet,
        answer._row_number,
        answer._column,
        answer.value as cell_value,
        base.base_column
    from answer
    inner join measure
        on measure.origin = 'detailed' and answer.item = measure.measure and answer.answer = measure.answer
    left join base
        on
            answer.level = base.level
            and answer.org_code = base.org_code
            and answer.ethnicity_group = base.ethnicity_group
            and answer.survey_year = base.survey_year
            and answer.source_vintage = base.source_vintage
            and answer.item = base.item
)

select * from benchmark
union all
select * from detailed
