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
),

-- An item of a return stands in one row; head counts of indicator 1 make up the disparity ratios too.
return_cell as (
    select
        org_code,
        as_at,
        indicator_code,
        slice,
        ethnicity_group,
        data_item as role,
        data_item as header,
        value,
        _load_id,
        _sheet,
        _row_number
    from {{ ref('stg_wres_return__item') }}
    where value is not null or data_item = 'nil_return'
),

-- Everything else that is counted: the files, and how many organisations of theirs count towards the figure.
file_use as (
    select
        unit.level,
        unit.unit_code as org_code,
        use.as_at,
        use.indicator_code,
        use.basis,
        unit.scope,
        unit.organisation_basis,
        use.role,
        use.source_table,
        use.period,
        use._load_id,
        count(distinct use.org_code) as organisations,
        min(use.org_code) as member_code
    from {{ ref('int_indicators__content_use') }} as use
    inner join {{ ref('int_indicators__unit') }} as unit on use.org_code = unit.org_code and use.as_at = unit.as_at
    where use.basis <> 'return' or unit.level <> 'organisation' or unit.organisation_basis <> 'as_reported'
    group by
        unit.level,
        unit.unit_code,
        use.as_at,
        use.indicator_code,
        use.basis,
        unit.scope,
        unit.organisation_basis,
        use.role,
        use.source_table,
        use.period,
        use._load_id
),

place as (
    select
        level, org_code, wres_year, make_date(wres_year, 3, 31) as as_at, indicator_code, slice, basis, denominator,
        'trusts' as scope, 'as_reported' as organisation_basis, source_vintage, ethnicity_group, role, header, value,
        _load_id, _sheet, _row_number, _column, null as member_code, null as source_table, null as period
    from cell
    union all
    select
        'organisation' as level, org_code, {{ wres_year('as_at') }} as wres_year, as_at, indicator_code, slice,
        'return' as basis, '*' as denominator, 'trusts' as scope, 'as_reported' as organisation_basis,
        'latest' as source_vintage, ethnicity_group, role, header, value::double precision as value, _load_id, _sheet,
        _row_number, null as _column, null as member_code, null as source_table, null as period
    from return_cell
    union all
    select
        level, org_code, {{ wres_year('as_at') }} as wres_year, as_at, indicator_code, '*' as slice, basis,
        '*' as denominator, scope, organisation_basis, 'latest' as source_vintage, 'all' as ethnicity_group, role,
        case when organisations = 1 then 'all rows of ' || member_code else 'all rows of ' || organisations || ' organisations' end
            || ', ' || period as header,
        null as value, _load_id, null as _sheet, null as _row_number, null as _column,
        case when organisations = 1 then member_code end as member_code, source_table, period
    from file_use
)

select
    cell.level::text as level,
    cell.org_code::text as org_code,
    cell.wres_year::integer as wres_year,
    cell.as_at::date as as_at,
    cell.indicator_code::text as indicator_code,
    cell.slice::text as slice,
    cell.basis::text as basis,
    cell.denominator::text as denominator,
    cell.scope::text as scope,
    cell.organisation_basis::text as organisation_basis,
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
    cell.value::double precision as value,
    cell.source_table::text as source_table,
    cell.period::text as period,
    cell.member_code::text as member_code
from place as cell
inner join {{ source('ops', 'load') }} as load on cell._load_id = load.load_id
