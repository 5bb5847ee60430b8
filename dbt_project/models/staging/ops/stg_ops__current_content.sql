{{ config(materialized='table', post_hook='analyze {{ this }}') }}

-- Copied once a build: every staging model then reads the same loads, whatever is accepted meanwhile, and the planner knows
-- how many there are.
select
    source_table,
    period,
    org_code,
    load_id,
    is_synthetic
from {{ source('ops', 'current_content') }}
