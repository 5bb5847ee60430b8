-- Whose movements of a year can be told, and why not where they cannot: everybody with records of staff on the day.
with snapshot as (
    select
        org_code,
        as_at,
        source,
        bool_or(is_synthetic) as is_synthetic
    from {{ ref('int_workforce__row_count') }}
    where basis = 'records'
    group by org_code, as_at, source
),

followed as (
    select
        pair.*,
        coalesce(counted.stayed_count, 0) as stayed_count
    from {{ ref('int_movement__pair') }} as pair
    left join (
        select
            {{ content_pair_key() | join(', ') }},
            sum(stayed_count) as stayed_count
        from {{ ref('int_movement__count') }}
        where slice = 'all'
        group by {{ content_pair_key() | join(', ') }}
    ) as counted
        on {{ same_content('pair', 'counted', content_pair_key()) }}
),

-- Half of an organisation does not leave in a year: fewer are found again where identifiers have changed.
judged as (
    select
        *,
        sum(stayed_count) over opening = 0
        or (opening_employed_count >= 20 and sum(stayed_count) over opening < opening_employed_count / 2.0) as is_lost
    from followed
    window opening as (partition by opening_org_code, opening_as_at)
),

compared as (
    select
        org_code,
        as_at,
        bool_or(is_whole) as is_compared,
        bool_or(is_lost and opening_org_code = org_code) as is_lost,
        string_agg(opening_org_code, ' and ' order by opening_org_code) filter (where is_lost and opening_org_code <> org_code)
            as lost_codes,
        string_agg(opening_org_code, ' and ' order by opening_org_code) filter (where is_whole and opening_org_code <> org_code)
            as merged_codes,
        string_agg(opening_org_code, ' and ' order by opening_org_code) filter (where not is_whole) as split_codes
    from judged
    group by org_code, as_at
),

told as (
    select
        snapshot.*,
        compared.merged_codes,
        compared.split_codes,
        compared.lost_codes,
        coalesce(compared.is_lost, false) as is_lost,
        coalesce(compared.is_compared, false) as is_compared,
        organisation.opened_on,
        (snapshot.as_at + 1 - interval '1 year' - interval '1 day')::date as opening_as_at
    from snapshot
    left join compared on snapshot.org_code = compared.org_code and snapshot.as_at = compared.as_at
    left join {{ ref('dim_organisation') }} as organisation
        on snapshot.org_code = organisation.org_code and {{ organisation_as_at('organisation', 'snapshot.as_at') }}
),

concluded as (
    select
        *,
        case
            when source <> 'workforce' or lost_codes is not null or is_lost then 'not_calculable'
            when is_compared then 'ok'
            when split_codes is not null then 'not_calculable'
            when opened_on > opening_as_at then 'not_applicable'
            else 'not_submitted'
        end as value_status
    from told
)

select
    org_code,
    as_at,
    source,
    value_status,
    case
        when source <> 'workforce' then 'Counts of staff do not tell who stayed: that takes extracts of people, a year apart.'
        when lost_codes is not null
            then lost_codes || ' went into it, and too few of its people are found again: their identifiers have changed.'
        when is_lost
            then 'Too few of the people of ' || to_char(opening_as_at, 'FMDD FMMonth YYYY')
                || ' are found again: their identifiers have changed.'
        when value_status = 'not_calculable' then split_codes || ' was split: who of its staff would have come here and left is not known.'
        when value_status = 'not_applicable' then 'It opened on ' || to_char(opened_on, 'FMDD FMMonth YYYY') || '.'
        when value_status = 'not_submitted'
            then 'There is no extract of people of ' || to_char(opening_as_at, 'FMDD FMMonth YYYY') || ' to compare with.'
        else nullif(
            concat_ws(
                ' ',
                'With the staff of ' || merged_codes || ', which went into it.',
                split_codes || ' was split: who came from it is neither a joiner nor was at risk of leaving.'
            ), ''
        )
    end as status_reason,
    is_synthetic
from concluded
