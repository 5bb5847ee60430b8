{% macro benjamini_hochberg(relation, p_value, family, adjusted) -%}
    select
        *,
        case
            when {{ p_value }} is not null then least(min(
                {{ p_value }} * ({{ adjusted }}_tests::double precision / {{ adjusted }}_rank)
            ) over (
                partition by {{ family | join(', ') }}
                order by {{ p_value }} desc nulls last
            ), 1)
        end as {{ adjusted }}
    from (
        select
            *,
            count({{ p_value }}) over (partition by {{ family | join(', ') }}) as {{ adjusted }}_tests,
            -- Equal p-values share the largest rank among them. Without a p-value there is none.
            nullif(count({{ p_value }}) over (partition by {{ family | join(', ') }} order by {{ p_value }}), 0)
                as {{ adjusted }}_rank
        from {{ relation }}
    ) as counted
{%- endmacro %}
