{#-
    A count as it may be published under a disclosure policy; null when it is hidden.
    already_public    unchanged: the publisher's own suppression holds
    nhs_round5        0 shown, 1 to 7 hidden, others to the nearest 5 (NHS Digital, 2018); counts for England stay as they are
    anything else     hidden: a scheme that is not built here must not let a number through

    count, policy, level   SQL expressions
-#}
{% macro controlled_count(count, policy, level) -%}
    case
        when {{ policy }} = 'already_public' then {{ count }}
        when {{ policy }} = 'nhs_round5' then case
            when {{ level }} = 'england' or {{ count }} = 0 then {{ count }}
            when {{ count }} <= 7 then null
            else 5 * round(({{ count }})::numeric / 5)
        end
    end
{%- endmacro %}
