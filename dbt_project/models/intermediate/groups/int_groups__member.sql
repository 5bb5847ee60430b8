-- Which categories each scheme puts together, and with which group the others are compared.
with named as (
    select
        ethnic_key,
        detailed_group,
        wres_group,
        case wres_group when 'white' then 'White' when 'bme' then 'BME' else 'Unknown' end as standard_group,
        -- Recorded as BME without more: in none of the six, and still not unknown.
        case when detailed_group = 'BME unspecified' then detailed_group else six_group end as six_group,
        case
            when detailed_group in ('White British', 'White unspecified') then detailed_group
            when wres_group = 'white' then 'White other'
            when wres_group = 'bme' then 'BME'
            else 'Unknown'
        end as split_group
    from {{ ref('ethnic_category') }}
)

select
    scheme.group_scheme,
    named.ethnic_key,
    scheme.ethnic_group,
    named.wres_group as ethnicity_group,
    scheme.reference_group,
    scheme.ethnic_group = scheme.reference_group as is_reference,
    -- As much as a coarse source says: no group beside those of the scheme.
    scheme.ethnic_group in ('White unspecified', 'BME unspecified') as is_bare
from named
cross join lateral (
    values
    ('wres', named.standard_group, 'White'),
    ('six_group', named.six_group, 'White'),
    ('white_split', named.split_group, 'White British'),
    ('detailed', named.detailed_group, 'White British')
) as scheme (group_scheme, ethnic_group, reference_group)
