with succession as (
    select
        btrim(old_code) as org_code,
        btrim(new_code) as new_code,
        {{ date_from_digits('succeeded_on') }} as given_on,
        is_synthetic,
        _load_id,
        _row_number
    from {{ current_rows('organisations__successor') }} as successor
    where nullif(btrim(old_code), '') is not null and nullif(btrim(new_code), '') is not null
),

-- The file mixes the last day of the old organisation with the first of the new one: the latter is meant.
dated as (
    select
        org_code,
        new_code,
        given_on,
        case
            when given_on = (date_trunc('month', given_on) + interval '1 month - 1 day')::date then given_on + 1
            else given_on
        end as effective_on,
        is_synthetic,
        _load_id,
        _row_number
    from succession
    -- A code that points at itself says nothing.
    where org_code <> new_code and given_on is not null
)

select distinct on (org_code, new_code)
    org_code,
    new_code,
    given_on,
    effective_on,
    is_synthetic,
    _load_id,
    _row_number
from dated
order by org_code asc, new_code asc, effective_on desc, _load_id desc, _row_number desc
