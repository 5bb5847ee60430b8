{#-
    Common table expressions `row_of_block` and `member`: which rows of pay each slice of indicator 1 adds up. A subset row is in its own
    slice alone; pay outside the bands in its block and in all.
-#}
{% macro slice_members() -%}
row_of_block as (
    select
        block.staff_block,
        pay_row.pay_row,
        pay_row.parent_row,
        pay_row.is_senior,
        pay_row.tier is not null as is_band
    from {{ ref('pay_row') }} as pay_row
    inner join (
        values ('non_clinical', false), ('clinical_non_medical', false), ('medical_dental', true)
    ) as block (staff_block, is_medical)
        on pay_row.is_medical = block.is_medical
),

member as (
    select 'all' as slice, staff_block, pay_row from row_of_block where parent_row is null
    union all
    select staff_block as slice, staff_block, pay_row from row_of_block where parent_row is null
    union all
    select staff_block || '.' || pay_row as slice, staff_block, pay_row from row_of_block
    union all
    select 'all.' || pay_row as slice, staff_block, pay_row from row_of_block where is_band
    union all
    select 'all.band_8a_to_vsm' as slice, staff_block, pay_row from row_of_block where is_senior
    union all
    select staff_block || '.band_8a_to_vsm' as slice, staff_block, pay_row from row_of_block where is_senior
)
{%- endmacro %}
