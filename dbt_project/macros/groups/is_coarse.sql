{#-
    Window expression: a source that names no White or no BME group of a scheme, only White or BME. It is then left out of that scheme:
    its people are in groups that nobody can tell, and events of a finer source would be counted against nobody.

    people  SQL expression of the people counted in a row, which has the columns of int_groups__member
    figure  name of the window of all rows of a source's figure in the scheme
-#}
{% macro is_coarse(people, figure) -%}
    (
        {%- for group in ['white', 'bme'] %}
        (
            coalesce(bool_or(is_bare) filter (where ethnicity_group = '{{ group }}' and {{ people }} > 0) over {{ figure }}, false)
            and not coalesce(
                bool_or(not is_bare) filter (where ethnicity_group = '{{ group }}' and {{ people }} > 0) over {{ figure }}, false
            )
        )
        {{- ' or' if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}
