with item as (
    select * from {{ ref('stg_wres_return__item') }}
),

term (indicator_code, value_item, base_item, value_words, base_words) as (
    values
    ('2', 'appointed', 'shortlisted', 'people appointed', 'people shortlisted'),
    ('3', 'entered_disciplinary', 'workforce', 'people who entered the disciplinary process', 'staff'),
    ('4', 'accessed_training', 'workforce', 'people who accessed training', 'staff')
),

given as (
    select
        item.org_code,
        item.as_at,
        item.indicator_code,
        item.slice,
        item.ethnicity_group,
        term.base_item,
        term.value_words,
        term.base_words,
        bool_or(item.data_item = 'nil_return') as is_nil_return,
        max(item.value) filter (where item.data_item = term.value_item) as value_count,
        max(item.value) filter (where item.data_item = term.base_item) as base_count,
        bool_or(item.is_synthetic) as is_synthetic
    from item
    inner join term on item.indicator_code = term.indicator_code
    group by
        item.org_code,
        item.as_at,
        item.indicator_code,
        item.slice,
        item.ethnicity_group,
        term.base_item,
        term.value_words,
        term.base_words
),

-- The return states its staff with each indicator; where it does not, the headcounts of indicator 1 are its staff.
based as (
    select
        given.*,
        case when given.is_nil_return then coalesce(given.value_count, 0) else given.value_count end as numerator,
        case
            when given.base_item = 'workforce' then coalesce(given.base_count, staff.headcount)
            when given.is_nil_return then coalesce(given.base_count, 0)
            else given.base_count
        end as denominator
    from given
    left join {{ ref('int_workforce__workforce') }} as staff
        on
            staff.basis = 'return'
            and given.org_code = staff.org_code
            and given.as_at = staff.as_at
            and given.ethnicity_group = staff.ethnicity_group
)

select
    org_code,
    as_at,
    indicator_code,
    slice,
    ethnicity_group,
    case when denominator is not null then numerator end as value_count,
    case when numerator is not null then denominator end as base_count,
    case when numerator is not null and denominator is not null then 'ok' else 'not_submitted' end as value_status,
    case
        when numerator is null then 'The return gives no number of ' || value_words || '.'
        when denominator is null then 'The return gives no number of ' || base_words || '.'
    end as status_reason,
    is_synthetic
from based
