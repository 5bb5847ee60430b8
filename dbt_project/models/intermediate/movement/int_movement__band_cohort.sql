-- Whose time in band is followed together: an organisation's staff, or England's, through the twelve months to 31 March; and a digest
-- of the extracts that this takes, by which a unit is computed again when any of them is replaced.
with member as (
    select
        unit.level,
        unit.unit_code,
        pair.as_at,
        pair.opening_as_at,
        {%- for column in content_pair_key() %}
        pair.{{ column }},
        {%- endfor %}
        array_position(array['trusts', 'trusts_and_icbs', 'all'], unit.scope) as scope_rank,
        min(array_position(array['trusts', 'trusts_and_icbs', 'all'], unit.scope)) over (
            partition by unit.level, unit.unit_code, pair.as_at
        ) as narrowest_scope
    from {{ ref('int_movement__pair') }} as pair
    inner join {{ ref('int_movement__organisation') }} as organisation
        on
            pair.org_code = organisation.org_code
            and pair.as_at = organisation.as_at
            and organisation.value_status = 'ok'
    inner join {{ ref('int_indicators__unit') }} as unit
        on
            pair.org_code = unit.org_code
            and pair.as_at = unit.as_at
            and unit.organisation_basis = 'as_reported'
            and unit.level in ('organisation', 'england')
    where pair.is_whole and to_char(pair.as_at, 'MM-DD') = '03-31'
),

digest as (
    select
        level,
        unit_code,
        as_at,
        md5(
            string_agg(
                concat_ws(' ', {{ content_pair_key() | join(', ') }}), ',' order by {{ content_pair_key() | join(', ') }}
            )
        ) as cohort_digest
    from member
    where scope_rank = narrowest_scope
    group by level, unit_code, as_at
)

select
    member.level,
    member.unit_code,
    member.as_at,
    digest.cohort_digest,
    member.opening_as_at,
    {%- for column in content_pair_key() %}
    member.{{ column }}{{ ',' if not loop.last }}
    {%- endfor %}
from member
inner join digest
    on
        member.level = digest.level
        and member.unit_code = digest.unit_code
        and member.as_at = digest.as_at
where member.scope_rank = member.narrowest_scope
