{#- Built from the models themselves: `meta.indicator` of each indicator's YAML, so that definition and code are reviewed together. -#}
{%- set columns = [
    'definition_version', 'denominator', 'valid_from_year', 'valid_to_year', 'numerator', 'denominator_rule', 'population',
    'question_codes', 'ratio_direction', 'scope', 'min_base', 'minimum_cases', 'approximate_base_from', 'window_months',
    'averaging_years', 'changed'
] -%}
{%- set integers = [
    'valid_from_year', 'valid_to_year', 'min_base', 'minimum_cases', 'approximate_base_from', 'window_months', 'averaging_years'
] -%}
{#- What a definition need not say, since nearly all of them would say the same. -#}
{%- set defaults = {'scope': 'trusts', 'averaging_years': 1} -%}
{%- set definitions = [] -%}
{%- if execute -%}
    {%- for node in graph.nodes.values() | selectattr('resource_type', 'equalto', 'model') | sort(attribute='name') -%}
        {%- set indicator = node.config.meta.get('indicator') -%}
        {%- for version in (indicator.versions if indicator else []) -%}
            {%- do definitions.append((node, indicator, version)) -%}
        {%- endfor -%}
    {%- endfor -%}
{%- endif -%}
{%- for node, indicator, version in definitions %}
select
    {{ typed_literal(indicator.code, 'text') }} as indicator_code,
    {{ typed_literal(indicator.title, 'text') }} as title,
    {{ typed_literal(indicator.unit, 'text') }} as unit,
    {{ typed_literal(indicator.worse_for_bme, 'text') }} as worse_for_bme,
    {%- for column in columns %}
    {{ typed_literal(version.get(column, defaults.get(column)), 'integer' if column in integers else 'text') }} as {{ column }},
    {%- endfor %}
    {{ typed_literal(node.name, 'text') }} as model
{{ 'union all' if not loop.last }}
{%- endfor %}
