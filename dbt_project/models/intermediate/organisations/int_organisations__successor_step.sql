with decision as (
    select
        btrim(org_code) as org_code,
        btrim(new_code) as new_code,
        effective_on
    from {{ ref('organisation_successor_decision') }}
),

-- A decision about a code replaces what the file says of it.
step as (
    select
        successor.org_code,
        successor.new_code,
        successor.effective_on,
        'ods' as source,
        successor.is_synthetic
    from {{ ref('stg_organisations__successor') }} as successor
    where not exists (select from decision where decision.org_code = successor.org_code)
    union all
    select
        org_code,
        new_code,
        effective_on,
        'manual' as source,
        false as is_synthetic
    from decision
    where new_code is not null and new_code <> org_code
)

select
    org_code,
    new_code,
    effective_on,
    source,
    count(*) over (partition by org_code) > 1 as is_split,
    is_synthetic
from step
