-- Files that were rejected and not mended since, with the first thing that is wrong; never a value. One a person took back (F06) is none.
select
    load.load_id,
    load.source,
    load.file_name,
    load.period,
    (load.started_at at time zone 'UTC')::date as rejected_on,
    load.problems -> 0 ->> 'rule' as rule_id,
    load.problems -> 0 ->> 'message' as reason
from {{ source('ops', 'load') }} as load
where
    load.state = 'rejected'
    and not load.problems @> '[{"rule": "F06"}]'
    and not exists (
        select
        from {{ source('ops', 'load') }} as later
        where
            later.load_id > load.load_id
            and later.source = load.source
            and (
                later.file_sha256 = load.file_sha256
                or (later.state = 'accepted' and later.file_name = load.file_name)
            )
    )
