-- A file is the whole list: the newest replaces every set of those before, also the sets that it no longer has.
select
    btrim(member.peer_set) as peer_set,
    btrim(member.org_code) as org_code,
    member.is_synthetic,
    member._load_id,
    member._row_number
from {{ current_rows('peer_groups__member') }} as member
where member.period = (
    select max(content.period)
    from {{ ref('stg_ops__current_content') }} as content
    where content.source_table = 'peer_groups__member'
)
