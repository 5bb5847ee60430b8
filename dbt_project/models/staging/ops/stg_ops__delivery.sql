{{ config(materialized='table', post_hook='analyze {{ this }}') }}

-- What organisations have delivered: the contents in force with their file, and when the first of the same contents came.
with accepted as (
    select
        content.source_table,
        content.period,
        content.org_code,
        load.load_id,
        load.source,
        load.is_synthetic,
        (load.started_at at time zone 'UTC')::date as received_on
    from {{ source('ops', 'load_content') }} as content
    inner join {{ source('ops', 'load') }} as load on content.load_id = load.load_id
    where load.state = 'accepted'
),

first_received as (
    select
        source_table,
        period,
        org_code,
        is_synthetic,
        min(received_on) as first_received_on
    from accepted
    group by source_table, period, org_code, is_synthetic
)

select
    current_content.source_table,
    load.source,
    current_content.period,
    current_content.org_code,
    current_content.load_id,
    load.file_name,
    load.revision,
    load.rows_loaded as file_row_count,
    first_received.first_received_on,
    (load.started_at at time zone 'UTC')::date as latest_received_on,
    min(first_received.first_received_on) over (partition by load.source) as collected_since,
    current_content.is_synthetic
from {{ ref('stg_ops__current_content') }} as current_content
inner join {{ source('ops', 'load') }} as load on current_content.load_id = load.load_id
inner join first_received
    on
        current_content.source_table = first_received.source_table
        and current_content.period = first_received.period
        and current_content.org_code = first_received.org_code
        and current_content.is_synthetic = first_received.is_synthetic
where current_content.org_code <> '*'
