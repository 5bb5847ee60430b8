-- Which two extracts are compared: an organisation's own of a day and of the day a year before, and that of each organisation
-- which has become it in between. What is an organisation's at the end of the year is followed from whoever had it at the start.
with recursive content as (
    select
        _load_id,
        _period,
        org_code,
        employed_count,
        is_synthetic,
        {{ quarter_end("to_date(_period, 'YYYY-MM')") }} as as_at
    from {{ ref('int_workforce__staff_content') }}
    where employed_count > 0
),

-- A day past the month's end and back, so that a year after 28 February is 28 February.
opening as (
    select
        *,
        (as_at + 1 + interval '1 year' - interval '1 day')::date as closing_as_at
    from content
),

-- From a code that sends nothing a year later on to its successors, as far as they go within the year.
followed as (
    select
        opening.org_code,
        opening.as_at,
        opening.closing_as_at,
        opening.org_code as reached,
        array[opening.org_code] as path,
        true as is_whole
    from opening
    union all
    select
        followed.org_code,
        followed.as_at,
        followed.closing_as_at,
        step.new_code as reached,
        followed.path || step.new_code as path,
        followed.is_whole and not step.is_split as is_whole
    from followed
    inner join {{ ref('int_organisations__successor_step') }} as step
        on
            followed.reached = step.org_code
            and step.effective_on > followed.as_at
            and step.effective_on <= followed.closing_as_at
            and step.new_code <> all(followed.path)
    where
        not exists (
            select from content where content.org_code = followed.reached and content.as_at = followed.closing_as_at
        )
)

-- Where two ways lead to the same end, the shorter stands.
select distinct on (closing.org_code, closing.as_at, opening.org_code)
    closing._load_id,
    closing._period,
    closing.org_code,
    closing.as_at,
    opening._load_id as opening_load_id,
    opening._period as opening_period,
    opening.org_code as opening_org_code,
    opening.as_at as opening_as_at,
    followed.is_whole,
    opening.employed_count as opening_employed_count,
    closing.is_synthetic or opening.is_synthetic as is_synthetic
from followed
inner join content as opening on followed.org_code = opening.org_code and followed.as_at = opening.as_at
inner join content as closing on followed.reached = closing.org_code and followed.closing_as_at = closing.as_at
order by closing.org_code asc, closing.as_at asc, opening.org_code asc, cardinality(followed.path) asc
