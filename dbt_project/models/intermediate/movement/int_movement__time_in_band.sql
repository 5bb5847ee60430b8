{%- set key = ['level', 'unit_code', 'as_at', 'cohort_digest'] -%}
{%- set groups = ['white', 'bme', 'unknown'] -%}
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook=["{{ delete_other_cohorts(ref('int_movement__band_cohort')) }}", "{{ read_once_and_hash() }}"],
    indexes=[{'columns': ['level', 'unit_code', 'as_at', 'cohort_digest']}]
) }}
{%- set cohorts = "(select distinct " ~ key | join(', ') ~ " from " ~ ref('int_movement__band_cohort') ~ ")" -%}
{%- set by_month = "partition by level, unit_code, as_at, cohort_digest, slice order by month" %}

with cohort as materialized (
    select cohort.*
    from {{ ref('int_movement__band_cohort') }} as cohort
    inner join ({{ content_to_count(cohorts, key) }}) as content on {{ same_content('cohort', 'content', key) }}
),

-- Each pair is read once, for however many units.
pair as materialized (
    select
        *,
        row_number() over () as pair_number,
        opening_as_at + (as_at - opening_as_at) / 2 as middle
    from (select distinct {{ content_pair_key() | join(', ') }}, as_at, opening_as_at from cohort) as each_once
),

opening as (
    select
        pair.pair_number,
        pair.opening_as_at,
        pair.middle,
        pair.as_at,
        person.person_key,
        person.staff_block,
        person.pay_row,
        person.ethnicity_group,
        person.band_start_date,
        band.position
    from {{ ref('int_movement__person') }} as person
    inner join pair
        on
            person._load_id = pair.opening_load_id
            and person._period = pair.opening_period
            and person.org_code = pair.opening_org_code
    inner join {{ ref('pay_row') }} as band on person.pay_row = band.pay_row and band.tier is not null
    where
        {{ in_cohort_to_count('person._load_id', cohorts, key, 'opening_load_id') }}
        and person.band_start_date <= pair.opening_as_at
),

closing as (
    select
        pair.pair_number,
        person.person_key,
        person.pay_row,
        person.band_start_date,
        band.position
    from {{ ref('int_movement__person') }} as person
    inner join pair
        on
            person._load_id = pair._load_id
            and person._period = pair._period
            and person.org_code = pair.org_code
    left join {{ ref('pay_row') }} as band on person.pay_row = band.pay_row and band.tier is not null
    where {{ in_cohort_to_count('person._load_id', cohorts, key, '_load_id') }}
),

-- From the first day of the twelve months until promotion, until they left the band otherwise, or until the last day. Of a day that
-- no extract tells, only that it was in between: the middle stands for it.
followed as (
    select
        opening.pair_number,
        opening.staff_block,
        opening.pay_row,
        opening.ethnicity_group,
        opening.band_start_date,
        opening.opening_as_at,
        coalesce(closing.position > opening.position, false) as is_promoted,
        case
            when closing.pay_row = opening.pay_row then opening.as_at
            when closing.band_start_date > opening.opening_as_at and closing.band_start_date <= opening.as_at then closing.band_start_date
            else opening.middle
        end as last_day
    from opening
    left join closing on opening.pair_number = closing.pair_number and opening.person_key = closing.person_key
),

-- In months since the band began: at risk of promotion in every month after `entry`, to `exit` inclusive.
spell as materialized (
    select
        pair_number,
        staff_block,
        pay_row,
        ethnicity_group,
        is_promoted,
        floor({{ months_since('band_start_date', 'opening_as_at') }})::integer as entry_month,
        case
            when is_promoted then ceil({{ months_since('band_start_date', 'last_day') }})
            else floor({{ months_since('band_start_date', 'last_day') }})
        end::integer as exit_month,
        count(*) as people
    from followed
    group by 1, 2, 3, 4, 5, 6, 7
),

change as (
    select
        {%- for column in key %}
        cohort.{{ column }},
        {%- endfor %}
        block.staff_block || '.' || spell.pay_row as slice,
        point.month,
        {%- for group in groups %}
        coalesce(sum(point.people) filter (where spell.ethnicity_group = '{{ group }}'), 0) as {{ group }}_people,
        coalesce(sum(point.at_risk) filter (where spell.ethnicity_group = '{{ group }}'), 0) as {{ group }}_change,
        coalesce(sum(point.promoted) filter (where spell.ethnicity_group = '{{ group }}'), 0)
            as {{ group }}_promoted{{ ',' if not loop.last }}
        {%- endfor %}
    from spell
    inner join pair on spell.pair_number = pair.pair_number
    inner join cohort on {{ same_content('pair', 'cohort', content_pair_key()) }}
    cross join lateral (values ('all'), (spell.staff_block)) as block (staff_block)
    cross join lateral (
        values
        (spell.entry_month + 1, spell.people, spell.people, 0),
        (spell.exit_month, 0, 0, case when spell.is_promoted then spell.people else 0 end),
        (spell.exit_month + 1, 0, -spell.people, 0)
    ) as point (month, people, at_risk, promoted)
    group by
        {%- for column in key %}
        cohort.{{ column }},
        {%- endfor %}
        block.staff_block || '.' || spell.pay_row,
        point.month
),

-- At risk in a month are those who have come under observation and not left it before.
monthly as (
    select
        {{ key | join(', ') }},
        slice,
        month,
        {%- for group in groups %}
        {{ group }}_people,
        {{ group }}_promoted,
        sum({{ group }}_change) over ({{ by_month }} rows unbounded preceding) as {{ group }}_at_risk{{ ',' if not loop.last }}
        {%- endfor %}
    from change
),

survived as (
    select
        *,
        {%- for group in groups %}
        {{ kaplan_meier(group ~ '_promoted', group ~ '_at_risk', by_month) }} as {{ group }}_survival,
        {{ greenwood_variance(group ~ '_promoted', group ~ '_at_risk', by_month) }} as {{ group }}_variance,
        {%- endfor %}
        {{ log_rank_expected('white_promoted + bme_promoted', 'white_at_risk + bme_at_risk', 'bme_at_risk') }} as bme_expected,
        {{ log_rank_variance('white_promoted + bme_promoted', 'white_at_risk + bme_at_risk', 'bme_at_risk') }} as bme_variance_of_events
    from monthly
),

deviating as (
    select
        *,
        {%- for group in groups %}
        {{ median_deviation(group ~ '_survival', group ~ '_variance') }} as {{ group }}_deviation{{ ',' if not loop.last }}
        {%- endfor %}
    from survived
),

near as (
    select
        *,
        {%- for group in groups %}
        min(month) filter (where {{ group }}_promoted > 0 and {{ group }}_survival <= 0.5 + 1e-12) over unit as {{ group }}_median,
        min(month) filter (where {{ group }}_promoted > 0 and abs({{ group }}_deviation) <= {{ z_95() }}) over unit
            as {{ group }}_first_near,
        max(month) filter (where {{ group }}_promoted > 0 and abs({{ group }}_deviation) <= {{ z_95() }}) over unit
            as {{ group }}_last_near{{ ',' if not loop.last }}
        {%- endfor %}
    from deviating
    window unit as (partition by level, unit_code, as_at, cohort_digest, slice)
)

select
    {{ key | join(', ') }},
    slice,
    {%- for group in groups %}
    sum({{ group }}_people)::bigint as {{ group }}_people_count,
    sum({{ group }}_promoted)::bigint as {{ group }}_promoted_count,
    -- The fewest at risk when somebody was promoted, up to the median: what the curve rests on.
    min({{ group }}_at_risk) filter (where {{ group }}_promoted > 0 and ({{ group }}_median is null or month <= {{ group }}_median))::bigint
        as {{ group }}_least_at_risk_count,
    min({{ group }}_median)::integer as {{ group }}_median_months,
    min({{ group }}_first_near)::integer as {{ group }}_median_low,
    min(month) filter (where {{ group }}_promoted > 0 and month > {{ group }}_last_near)::integer as {{ group }}_median_high,
    {%- endfor %}
    sum(bme_promoted - bme_expected) as bme_excess,
    sum(bme_variance_of_events) as bme_excess_variance
from near
group by {{ key | join(', ') }}, slice
