{#-
    A slice in words: "Clinical, non-medical: band 8a", "Non-executive members"; the slice itself where it has none.

    indicator_code, slice   SQL expressions
-#}
{% macro slice_label(indicator_code, slice) -%}
    {%- set block = "split_part(" ~ slice ~ ", '.', 1)" -%}
    {%- set row = "split_part(" ~ slice ~ ", '.', 2)" -%}
    {%- set lower = "split_part(" ~ row ~ ", '_to_', 1)" -%}
    {%- set higher = "split_part(" ~ row ~ ", '_to_', 2)" -%}
    (
        case
            when {{ slice }} = 'all' then case {{ indicator_code }} when '2' then 'All posts' else 'All staff' end
            when {{ slice }} = 'excluding_international' then 'All posts, without international recruitment'
            when {{ slice }} = 'one_year' then 'All staff, cases of one year'
            when {{ slice }} = 'two_year_average' then 'All staff, average of two years'
            when {{ slice }} = 'managers' then 'By managers'
            when {{ slice }} = 'colleagues' then 'By colleagues'
            when {{ slice }} = 'board.total' then 'All board members'
            when {{ slice }} = 'board.voting' then 'Voting members'
            when {{ slice }} = 'board.non_voting' then 'Non-voting members'
            when {{ slice }} = 'board.executive' then 'Executive members'
            when {{ slice }} = 'board.non_executive' then 'Non-executive members'
            when {{ indicator_code }} = 'DR'
                then {{ staff_block_label(block) }} || ': ' || {{ pay_row_label(lower) }} || ' to '
                    || {{ pay_row_label(higher) }}
                    || case when split_part({{ slice }}, '.', 3) <> '' then ', without recent overseas recruits' else '' end
            else {{ staff_block_label(block) }}
                || case when {{ row }} = '' then '' else ': ' || {{ pay_row_label(row) }} end
        end
    )
{%- endmacro %}


{#- A block of staff in words; the block as it is where it has none. -#}
{% macro staff_block_label(block) -%}
    case {{ block }}
        when 'all' then 'All staff'
        when 'clinical' then 'Clinical, with medical and dental'
        when 'clinical_non_medical' then 'Clinical, non-medical'
        when 'medical_dental' then 'Medical and dental'
        when 'non_clinical' then 'Non-clinical'
        else {{ block }}
    end
{%- endmacro %}


{#- A row of pay, or a tier of the disparity ratios, in words: `band_8a` is "band 8a". -#}
{% macro pay_row_label(row) -%}
    case {{ row }}
        when 'lower' then 'lower tier (band 5 and below)'
        when 'middle' then 'middle tier (bands 6 and 7)'
        when 'upper' then 'upper tier (band 8a and above)'
        when 'under_1' then 'below band 1'
        when 'vsm' then 'very senior managers'
        when 'band_8a_to_vsm' then 'band 8a to very senior managers'
        when 'senior_medical_manager' then 'senior medical managers (among the consultants)'
        when 'non_consultant_career_grade' then 'non-consultant career grades'
        else replace({{ row }}, '_', ' ')
    end
{%- endmacro %}
