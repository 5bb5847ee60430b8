{#- A select of the aggregate counts of staff in the rows of the standard: block, row of pay and ethnic category. -#}
{% macro headcount_in_rows() -%}
select
    headcount.org_code,
    headcount.as_at,
    staff_group.staff_block,
    case
        when staff_group.staff_block <> 'medical_dental' then pay_band.pay_row
        -- Medical staff without a grade are still medical staff.
        when staff_group.staff_block = 'medical_dental' and headcount.pay_band is null then 'other'
        when staff_group.staff_block = 'medical_dental' then medical_grade.pay_row
    end as pay_row,
    headcount.ethnic_key,
    ethnic_category.wres_group as ethnicity_group,
    headcount.headcount,
    headcount.is_synthetic
from {{ ref('stg_workforce_counts__headcount') }} as headcount
left join {{ ref('staff_group') }} as staff_group on headcount.staff_block = staff_group.label_key
left join {{ ref('pay_band') }} as pay_band on headcount.pay_band = pay_band.label_key
left join {{ ref('medical_grade') }} as medical_grade on headcount.pay_band = medical_grade.label_key
left join {{ ref('ethnic_category') }} as ethnic_category on headcount.ethnic_key = ethnic_category.ethnic_key
{%- endmacro %}
