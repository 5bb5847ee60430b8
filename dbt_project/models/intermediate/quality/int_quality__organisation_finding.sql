-- Organisations whose figures no area counts, and closed ones whose figures end in the air.
with reporting as (
    select
        org_code,
        wres_year,
        as_at,
        bool_or(is_synthetic) as is_synthetic
    from {{ ref('int_quality__year_pair') }}
    where value_count is not null or rate is not null
    group by org_code, wres_year, as_at
)

select
    'V33' as rule_id,
    'warning' as severity,
    reporting.org_code,
    reporting.wres_year,
    reporting.as_at,
    case
        when organisation.org_code is null then 'No organisation file knows the code'
        when organisation.country <> 'England' then 'The organisation is not in England'
        else 'The organisation closed on ' || to_char(organisation.closed_on, 'FMDD FMMonth YYYY') || ', before the day of its figures'
    end || ': its figures are in no total of an area.' as message,
    reporting.is_synthetic
from reporting
left join {{ ref('organisation') }} as organisation on reporting.org_code = organisation.org_code
where
    organisation.org_code is null
    or organisation.country <> 'England'
    or organisation.closed_on < reporting.as_at
union all
select
    'V36' as rule_id,
    'warning' as severity,
    org_code,
    {{ wres_year('closed_on') }} as wres_year,
    closed_on as as_at,
    'The organisation closed on ' || to_char(closed_on, 'FMDD FMMonth YYYY')
    || ', and there is neither a successor nor a decision that it has none.' as message,
    is_synthetic
from {{ ref('organisation') }}
where successor_status = 'missing'
