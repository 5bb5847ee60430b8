-- What is in force and is not the first that was accepted of its contents: the publisher or organisation has revised it.
select
    newest.source_table,
    newest.period,
    newest.org_code,
    newest.load_id,
    load.source,
    newest.is_synthetic,
    count(distinct earlier.load_id) as earlier_loads
from {{ ref('stg_ops__current_content') }} as newest
inner join {{ source('ops', 'load') }} as load on newest.load_id = load.load_id
inner join {{ source('ops', 'load_content') }} as content
    on
        newest.source_table = content.source_table
        and newest.period = content.period
        and newest.org_code = content.org_code
        and newest.load_id > content.load_id
inner join {{ source('ops', 'load') }} as earlier
    on
        content.load_id = earlier.load_id
        and earlier.state = 'accepted'
        and newest.is_synthetic = earlier.is_synthetic
group by newest.source_table, newest.period, newest.org_code, newest.load_id, load.source, newest.is_synthetic
