{#-
    Common table expressions `placed` and `graded`: staff with the block and the row of pay in which the standard adds them up. Wherever
    people are counted, they are placed by these.

    staff  name of a common table expression with staff_group, occupation_code, pay_band, medical_grade and is_medical_manager
-#}
{% macro staff_in_rows(staff) -%}
placed as (
    select
        {{ staff }}.*,
        coalesce(staff_group.staff_block, occupation.staff_block) as staff_block
    from {{ staff }}
    left join {{ ref('staff_group') }} as staff_group on {{ staff }}.staff_group = staff_group.label_key
    -- The longest prefix says most; only where the staff group is blank.
    left join lateral (
        select code.staff_block
        from {{ ref('occupation_code') }} as code
        where starts_with({{ staff }}.occupation_code, code.prefix)
        order by length(code.prefix) desc
        limit 1
    ) as occupation on true
),

graded as (
    select
        placed.*,
        case
            when placed.staff_block <> 'medical_dental' then pay_band.pay_row
            -- Medical staff without a grade are still medical staff.
            when placed.staff_block = 'medical_dental' and placed.medical_grade is null then 'other'
            -- The rows' own names are grades too, and a senior medical manager is added up among the consultants.
            when placed.staff_block = 'medical_dental' then coalesce(medical_row.parent_row, medical_row.pay_row)
        end as pay_row,
        placed.staff_block = 'medical_dental'
        and (
            medical_row.pay_row = 'senior_medical_manager'
            or (medical_row.pay_row = 'consultants' and placed.is_medical_manager)
        ) as is_senior_medical_manager
    from placed
    left join {{ ref('pay_band') }} as pay_band on placed.pay_band = pay_band.label_key
    left join {{ ref('medical_grade') }} as medical_grade on placed.medical_grade = medical_grade.label_key
    left join {{ ref('pay_row') }} as medical_row on medical_grade.pay_row = medical_row.pay_row
)
{%- endmacro %}
