-- How many, and why: the rows themselves, which may be about people, stay in ops.
with in_force as (
    select distinct load_id from {{ ref('stg_ops__current_content') }}
),

row_aside as (
    select
        rejected.load_id,
        load.source,
        load.source_table,
        coalesce(rejected.content ->> '_period', load.period) as period,
        coalesce(
            nullif(
                btrim(
                    coalesce(
                        rejected.content ->> 'org_code', rejected.content ->> 'ods_code', rejected.content ->> 'organisation_code'
                    )
                ),
                ''
            ),
            '*'
        ) as org_code,
        rejected.rule_id,
        rejected.reason,
        load.is_synthetic
    from {{ source('ops', 'rejected_row') }} as rejected
    inner join {{ source('ops', 'load') }} as load on rejected.load_id = load.load_id
    where rejected.load_id in (select in_force.load_id from in_force)
)

select
    row_aside.load_id,
    row_aside.source,
    row_aside.source_table,
    row_aside.period,
    row_aside.org_code,
    row_aside.rule_id,
    row_aside.reason,
    row_aside.is_synthetic,
    count(*) as row_count
from row_aside
-- A later file may have restated the organisation alone: what was wrong before is over.
left join {{ ref('stg_ops__current_content') }} as winner
    on
        row_aside.source_table = winner.source_table
        and row_aside.period = winner.period
        and row_aside.org_code = winner.org_code
where winner.load_id is null or winner.load_id = row_aside.load_id
group by
    row_aside.load_id,
    row_aside.source,
    row_aside.source_table,
    row_aside.period,
    row_aside.org_code,
    row_aside.rule_id,
    row_aside.reason,
    row_aside.is_synthetic
