{#- Whom int_movement__area_count counts, and what of them: its columns are <group>_<measure>_count. -#}
{% macro movement_groups() -%}
    {{ return(['white', 'bme', 'unknown', 'all']) }}
{%- endmacro %}

{% macro movement_measures() -%}
    {{ return(['opening', 'closing', 'stayed', 'leavers', 'joiners', 'transferred', 'moved_in', 'moved_out', 'opening_band', 'promoted']) }}
{%- endmacro %}
