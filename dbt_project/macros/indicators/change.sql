{#-
    Why a figure has a change over some years, or none. The columns of indicator_result's `typed` are expected: of the same
    figure so many years earlier, on the same definition and vintage, `ratio_<n>y` and `status_<n>y`; `vintages_<n>y`, the
    vintages that have a ratio then on whatever definition; `survey_mode` and `survey_mode_<n>y`, how the survey asked.

    years   1 or 3
-#}
{% macro change_status(years) -%}
    case
        when status = 'suppressed' or status_{{ years }}y = 'suppressed' then 'suppressed'
        when ratio is null then 'no_figure'
        when ratio_{{ years }}y is not null and survey_mode <> survey_mode_{{ years }}y then 'survey_mode_break'
        when ratio_{{ years }}y is not null and 'unreliable' in (status, status_{{ years }}y) then 'unreliable'
        when ratio_{{ years }}y is not null then 'ok'
        when source_vintage = any(vintages_{{ years }}y) then 'definition_break'
        when vintages_{{ years }}y is not null then 'vintage_break'
        else 'no_earlier_figure'
    end
{%- endmacro %}


{#- The same as a sentence; null where there is a change, and where the figure's own status says why there is none. -#}
{% macro change_reason(years) -%}
    {%- set day -%} to_char(as_at - interval '{{ years }} years', 'FMDD FMMonth YYYY') {%- endset -%}
    case
        when ratio is null and status <> 'suppressed' then null
        else case {{ 'change_status' if years == 1 else 'change_' ~ years ~ 'y_status' }}
            when 'suppressed'
                then case when status <> 'suppressed' then 'Disclosure control hides the figure of ' || {{ day }} || '.' end
            when 'survey_mode_break'
                then 'The survey asked a ' || survey_mode_{{ years }}y || ' for ' || {{ day }} || ' and a ' || survey_mode
                || ' now: the two are not compared.'
            when 'unreliable' then 'Unreliable now or on ' || {{ day }} || ': the change says little.'
            when 'definition_break' then 'The definition has changed since ' || {{ day }} || ': the two are not compared.'
            when 'vintage_break'
                then 'For ' || {{ day }} || ' another vintage speaks, which weighs answers otherwise: the two are not compared.'
            when 'no_earlier_figure'
                then case
                    when status_{{ years }}y is null then 'There is no figure of ' || {{ day }} || '.'
                    else 'The figure of ' || {{ day }} || ' has no ratio (' || replace(status_{{ years }}y, '_', ' ') || ').'
                end
        end
    end
{%- endmacro %}
