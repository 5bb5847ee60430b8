{#-
    Whether a cell of the table is zero, so that 0.5 is added to all four before an odds ratio is formed (Haldane-Anscombe).
    Null when a cell is no count.
    Source: Haldane, Annals of Human Genetics 20 (1956) 309-311; Anscombe, Biometrika 43 (1956) 461-464.
-#}
{% macro has_zero_cell(a, b, c, d) -%}
    case
        when {{ is_count(a) }} and {{ is_count(b) }} and {{ is_count(c) }} and {{ is_count(d) }}
            then 0 in ({{ a }}, {{ b }}, {{ c }}, {{ d }})
    end
{%- endmacro %}


{#- A cell as the odds ratio uses it, on cells that are counts. -#}
{% macro adjusted_cell(cell, a, b, c, d) -%}
    (({{ cell }})::double precision + case when 0 in ({{ a }}, {{ b }}, {{ c }}, {{ d }}) then 0.5 else 0 end)
{%- endmacro %}
