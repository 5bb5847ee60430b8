-- Where each figure stands in the files: `wres trace` reads this table of the release it is asked about.
with cell as (
    select
        level,
        org_code,
        survey_year + 1 as wres_year,
        indicator_code,
        slice,
        'survey' as basis,
        denominator,
        source_vintage::text as source_vintage,
        ethnicity_group,
        'rate' as role,
        measure_name as header,
        cell_value as value,
        _load_id,
        _sheet,
        _row_number,
        _column
    from {{ ref('int_survey__rate') }}
    union all
    select
        level,
        org_code,
        survey_year + 1 as wres_year,
        indicator_code,
        slice,
        'survey' as basis,
        denominator,
        source_vintage::text as source_vintage,
        ethnicity_group,
        'base' as role,
        measure_name || ', base' as header,
        base as value,
        _load_id,
        _sheet,
        _row_number,
        base_column as _column
    from {{ ref('int_survey__rate') }}
    where base_column is not null
    union all
    -- The approximate base: heads behind the question on ethnic group, of the organisation or of its sectors.
    select
        'organisation' as level,
        rate.org_code,
        rate.survey_year + 1 as wres_year,
        rate.indicator_code,
        rate.slice,
        'survey' as basis,
        rate.denominator,
        rate.source_vintage::text as source_vintage,
        rate.ethnicity_group,
        'base' as role,
        'respondents to the question on ethnic group (' || respondent.org_code || ')' as header,
        case rate.ethnicity_group when 'white' then respondent.white_respondents else respondent.bme_respondents end as value,
        respondent._load_id,
        respondent._sheet,
        respondent._row_number,
        null as _column
    from {{ ref('int_survey__rate') }} as rate
    inner join {{ ref('int_survey__respondent') }} as respondent on rate.survey_year = respondent.survey_year
    left join {{ ref('organisation_addition') }} as organisation on respondent.org_code = organisation.org_code
    where
        rate.origin = 'benchmark'
        and rate.org_code in (respondent.org_code, organisation.parent_code)
)

select
    cell.level::text as level,
    cell.org_code::text as org_code,
    cell.wres_year::integer as wres_year,
    cell.indicator_code::text as indicator_code,
    cell.slice::text as slice,
    cell.basis::text as basis,
    cell.denominator::text as denominator,
    cell.source_vintage::text as source_vintage,
    cell.ethnicity_group::text as ethnicity_group,
    cell.role::text as role,
    load.source::text as source,
    load.file_name::text as file_name,
    load.file_sha256::text as file_sha256,
    load.load_id::bigint as load_id,
    load.revision::integer as revision,
    cell._sheet::text as sheet_name,
    cell._row_number::integer as row_number,
    cell._column::text as column_name,
    cell.header::text as header,
    cell.value::double precision as value
from cell
inner join {{ source('ops', 'load') }} as load on cell._load_id = load.load_id
