{#-
    One of the indicators that are computed from counts (1 to 4, 9 and DR) in its own terms: every area, period, basis and
    slice of it, with the area's name, the slice taken apart and in words, and the counts under the indicator's own names.
    Nothing is computed here: every figure is that of results.

    indicator_code  '1', '2', '3', '4', '9' or 'DR'
    results         indicator_result, as published or restricted
-#}
{% macro record_indicator(indicator_code, results) -%}
    {%- set block = "split_part(result.slice, '.', 1)" -%}
    {%- set row = "coalesce(nullif(split_part(result.slice, '.', 2), ''), 'all')" -%}
    {%- set posts = "case result.slice when 'excluding_international' then 'all' else " ~ block ~ " end" -%}
    {%- set without_international = "(result.slice = 'excluding_international')" -%}
    {%- set lower = "split_part(split_part(result.slice, '.', 2), '_to_', 1)" -%}
    {%- set higher = "split_part(split_part(result.slice, '.', 2), '_to_', 2)" -%}
    {%- set without_overseas = "(split_part(result.slice, '.', 3) = 'excluding_recent_overseas')" -%}
    {#- Parts of the slice: {column: SQL}. -#}
    {%- set parts = {
        '1': {'staff_block': block, 'pay_row': row},
        '2': {'staff_block': posts, 'pay_row': row, 'excludes_international': without_international},
        '9': {'board_view': "split_part(result.slice, '.', 2)"},
        'DR': {
            'staff_block': block, 'lower_row': lower, 'higher_row': higher, 'excludes_recent_overseas': without_overseas
        },
    } -%}
    {#- What base and count are called: of each group; the base of 1 and 9 is one number, of all groups together. -#}
    {%- set terms = {
        '1': ['band_headcount', 'headcount'],
        '2': ['shortlisted', 'appointed'],
        '3': ['headcount', 'entered'],
        '4': ['headcount', 'trained'],
        '9': ['board_members', 'members'],
        'DR': ['lower', 'higher'],
    }[indicator_code] -%}
    {%- set is_share = indicator_code in ['1', '9'] -%}
    {%- set groups = ['white', 'bme'] if indicator_code == 'DR' else ['white', 'bme', 'unknown'] -%}
    select
        result.level,
        result.org_code,
        {{ area_columns('result') }},
        result.wres_year,
        result.as_at,
        result.period_kind,
        result.slice,
        {%- for name, expression in parts.get(indicator_code, {}).items() %}
        {{ expression }} as {{ name }},
        {%- endfor %}
        {{ slice_label('result.indicator_code', 'result.slice') }}::text as slice_label,
        result.basis,
        result.denominator,
        result.scope,
        result.organisation_basis,
        result.is_headline,
        {%- for group in groups %}
        {%- if not is_share %}
        result.{{ group }}_base as {{ group }}_{{ terms[0] }},
        {%- endif %}
        result.{{ group }}_count as {{ group }}_{{ terms[1] }},
        {%- endfor %}
        {%- if is_share %}
        result.bme_base as {{ terms[0] }},
        {%- for group in groups %}
        result.workforce_{{ group }}_count as workforce_{{ group }}_headcount,
        {%- endfor %}
        {%- endif %}
        {%- if indicator_code != 'DR' %}
        {%- for group in groups %}
        result.{{ group }}_pct,
        {%- endfor %}
        {%- endif %}
        result.ratio,
        result.ratio_low,
        result.ratio_high,
        {%- if is_share %}
        result.gap_points,
        result.gap_low,
        result.gap_high,
        {%- elif indicator_code == 'DR' %}
        result.is_adjusted,
        {%- else %}
        result.four_fifths,
        {%- endif %}
        result.p_value,
        {%- if indicator_code != '9' %}
        result.evidence,
        {%- endif %}
        result.status,
        result.status_reason,
        result.definition_version,
        result.is_synthetic
    from {{ results }} as result
    {{ area_joins('result') }}
    where result.indicator_code = '{{ indicator_code }}'
{%- endmacro %}
