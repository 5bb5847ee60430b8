{#-
    Pre-hook, for the transaction of the model alone: join by hashing. On keys of many columns that go together (area, day, slice, group) the
    planner expects one row where there are thousands, and would go through them again for each.
-#}
{% macro hash_joins() -%}
    set local enable_nestloop = off
{%- endmacro %}
