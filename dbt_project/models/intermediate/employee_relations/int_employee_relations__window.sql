with employee_case as (
    select
        *,
        {{ quarter_end("(_period || '-01')::date") }} as filed_as_at
    from {{ ref('stg_employee_relations__case') }}
),

-- Quarters that somebody has spoken for: with a file of the quarter, or with a case in it.
covered as (
    select org_code, filed_as_at as as_at from employee_case
    union
    select org_code, {{ quarter_end('entered_on') }} as as_at from employee_case where not is_nil_return
),

-- Up to the last quarter that anybody has spoken for: whoever stopped in between lacks it, and is told so.
ending as (
    select
        reach.org_code,
        quarter_end.as_at
    from (
        select
            org_code,
            min(as_at) as first_day,
            max(as_at) as last_day,
            max(max(as_at)) over () as last_day_of_all
        from covered
        group by org_code
    ) as reach
    cross join lateral {{ quarter_ends('reach.first_day', 'reach.last_day_of_all') }} as quarter_end
    where reach.last_day <@ {{ window_days('quarter_end.as_at') }} or quarter_end.as_at <= reach.last_day
),

-- Each form of the definition in each quarter: the one of its year, and the other one around the change.
form as (
    select
        ending.org_code,
        ending.as_at,
        definition.averaging_years,
        'all' as slice,
        null::text as definition_version
    from ending
    inner join {{ ref('indicator_definition') }} as definition
        on
            definition.indicator_code = '3'
            and {{ wres_year('ending.as_at') }} between definition.valid_from_year and coalesce(definition.valid_to_year, 9999)
    union all
    select
        ending.org_code,
        ending.as_at,
        definition.averaging_years,
        other.slice,
        other.definition_version
    from ending
    inner join {{ ref('definition_comparison') }} as other
        on other.indicator_code = '3' and {{ wres_year('ending.as_at') }} between other.from_year and other.to_year
    inner join {{ ref('indicator_definition') }} as definition on other.definition_version = definition.definition_version
),

judged as (
    select
        form.org_code,
        form.as_at,
        form.averaging_years,
        form.slice,
        form.definition_version,
        datemultirange({{ window_days('form.as_at', '12 * form.averaging_years') }})
        - range_agg({{ window_days('covered.as_at', '3') }}) as missing
    from form
    inner join covered on form.org_code = covered.org_code
    group by form.org_code, form.as_at, form.averaging_years, form.slice, form.definition_version
)

select
    org_code,
    as_at,
    slice,
    averaging_years,
    definition_version,
    case when isempty(missing) then 'ok' else 'not_submitted' end as value_status,
    case
        when not isempty(missing)
            then 'Records of employee relations do not cover the ' || 12 * averaging_years || ' months: '
                || {{ months_in_words('missing') }} || ' missing.'
    end as status_reason,
    -- Real and synthetic inputs never share a build.
    (select bool_or(is_synthetic) from employee_case) as is_synthetic
from judged
