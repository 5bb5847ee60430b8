-- The newest name the workforce file gives a code; the seed only for codes the file does not name.
with named as (
    select
        icb_code,
        icb_name,
        vintage_on
    from {{ ref('stg_organisations__workforce') }}
    where icb_code is not null and icb_name is not null
    union all
    select
        icb_code,
        icb_name,
        date '-infinity' as vintage_on
    from {{ ref('icb') }}
)

select distinct on (icb_code)
    icb_code,
    icb_name
from named
order by icb_code asc, vintage_on desc, icb_name asc
