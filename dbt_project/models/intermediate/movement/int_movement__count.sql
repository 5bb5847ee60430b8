{% set pairs = ref('int_movement__pair') %}
{% set key = content_pair_key() %}
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook=["{{ delete_content_out_of_force(ref('int_movement__pair'), content_pair_key()) }}", "{{ read_once_and_hash() }}"],
    indexes=[{'columns': content_pair_key()}]
) }}

with pair as materialized (
    select
        *,
        row_number() over () as pair_number
    from ({{ content_to_count(pairs, key) }}) as content
),

opening as (
    select
        pair.pair_number,
        person.person_key,
        person.staff_block,
        person.pay_row,
        person.ethnicity_group
    from {{ ref('int_movement__person') }} as person
    inner join pair
        on
            person._load_id = pair.opening_load_id
            and person._period = pair.opening_period
            and person.org_code = pair.opening_org_code
    where {{ in_load_to_count('person._load_id', pairs, key, 'opening_load_id') }}
),

closing as (
    select
        pair.pair_number,
        person.person_key,
        person.staff_block,
        person.pay_row,
        person.ethnicity_group
    from {{ ref('int_movement__person') }} as person
    inner join pair
        on
            person._load_id = pair._load_id
            and person._period = pair._period
            and person.org_code = pair.org_code
    where {{ in_load_to_count('person._load_id', pairs, key) }}
),

-- The one join of people; everything after it counts places.
moved as materialized (
    select
        pair_number,
        opening.staff_block as opening_block,
        opening.pay_row as opening_row,
        opening.ethnicity_group as opening_group,
        closing.staff_block as closing_block,
        closing.pay_row as closing_row,
        closing.ethnicity_group as closing_group,
        opening.person_key is not null as is_opening,
        closing.person_key is not null as is_closing,
        count(*) as people
    from opening
    full join closing using (pair_number, person_key)
    group by
        pair_number,
        opening.staff_block,
        opening.pay_row,
        opening.ethnicity_group,
        closing.staff_block,
        closing.pay_row,
        closing.ethnicity_group,
        opening.person_key is not null,
        closing.person_key is not null
),

ranked as (
    select
        moved.*,
        opening_row.position as opening_position,
        closing_row.position as closing_position,
        opening_row.tier is not null as is_opening_band,
        coalesce(opening_row.tier is not null and closing_row.tier is not null and closing_row.position > opening_row.position, false)
            as is_promotion
    from moved
    left join {{ ref('pay_row') }} as opening_row on moved.opening_row = opening_row.pay_row
    left join {{ ref('pay_row') }} as closing_row on moved.closing_row = closing_row.pay_row
),

member as materialized (
    {{ slice_members() }}
),

-- Each end of a move, seen from the slices that the place at that end is in: by the ethnic group recorded at that end.
seen as (
    select
        ranked.pair_number,
        member.slice,
        ranked.opening_group as ethnicity_group,
        sum(ranked.people) as opening_count,
        sum(ranked.people) filter (where ranked.is_closing) as stayed_count,
        sum(ranked.people) filter (where ranked.is_closing and other.slice is null) as moved_out_count,
        0 as closing_count,
        0 as found_count,
        0 as moved_in_count,
        sum(ranked.people) filter (where ranked.is_opening_band) as opening_band_count,
        sum(ranked.people) filter (where ranked.is_promotion) as promoted_count
    from ranked
    inner join member on ranked.opening_block = member.staff_block and ranked.opening_row = member.pay_row
    left join member as other
        on member.slice = other.slice and ranked.closing_block = other.staff_block and ranked.closing_row = other.pay_row
    where ranked.is_opening
    group by ranked.pair_number, member.slice, ranked.opening_group
    union all
    select
        ranked.pair_number,
        member.slice,
        ranked.closing_group as ethnicity_group,
        0 as opening_count,
        0 as stayed_count,
        0 as moved_out_count,
        sum(ranked.people) as closing_count,
        sum(ranked.people) filter (where ranked.is_opening) as found_count,
        sum(ranked.people) filter (where ranked.is_opening and other.slice is null) as moved_in_count,
        0 as opening_band_count,
        0 as promoted_count
    from ranked
    inner join member on ranked.closing_block = member.staff_block and ranked.closing_row = member.pay_row
    left join member as other
        on member.slice = other.slice and ranked.opening_block = other.staff_block and ranked.opening_row = other.pay_row
    where ranked.is_closing
    group by ranked.pair_number, member.slice, ranked.closing_group
    union all
    -- Promotions from band to band, where there were any. The base is that of the band they start from.
    select
        ranked.pair_number,
        block.staff_block || '.' || ranked.opening_row || '.to_' || ranked.closing_row as slice,
        ranked.opening_group as ethnicity_group,
        0 as opening_count,
        0 as stayed_count,
        0 as moved_out_count,
        0 as closing_count,
        0 as found_count,
        0 as moved_in_count,
        0 as opening_band_count,
        sum(ranked.people) as promoted_count
    from ranked
    cross join lateral (values ('all'), (ranked.opening_block)) as block (staff_block)
    where ranked.is_promotion
    group by ranked.pair_number, block.staff_block, ranked.opening_row, ranked.closing_row, ranked.opening_group
)

select
    {%- for column in key %}
    pair.{{ column }},
    {%- endfor %}
    seen.slice,
    seen.ethnicity_group,
    {%- for name in [
        'opening', 'stayed', 'moved_out', 'closing', 'found', 'moved_in', 'opening_band', 'promoted'
    ] %}
    coalesce(sum(seen.{{ name }}_count), 0)::bigint as {{ name }}_count{{ ',' if not loop.last }}
    {%- endfor %}
from seen
inner join pair on seen.pair_number = pair.pair_number
group by
    {%- for column in key %}
    pair.{{ column }},
    {%- endfor %}
    seen.slice,
    seen.ethnicity_group
