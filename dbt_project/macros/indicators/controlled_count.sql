{#-
    A count as it may be published under a disclosure policy; null when it is hidden.
    already_public      unchanged: the publisher's own suppression holds
    nhs_round5          0 shown, 1 to 7 hidden, others to the nearest 5 (NHS Digital, 2018); counts for England stay as they are
    suppress_below_k    0 shown, 1 to k - 1 hidden, others as they are, England's too; k as a number, as in suppress_below_11
    anything else       hidden: a scheme that is not built here must not let a number through

    Counts that the audit does not read rest on rounding alone: England's are rounded like all others, and what does not round shows none.

    count, level           SQL expressions
    policy                 SQL expression; of counts that the audit does not read, the source's unaudited_policy
    treatment              SQL expression, or none: what complementary suppression found: 'hidden', or 'rounded' for a count of England
                           that gives another one away; null for most
    audited                false: no cell of disclosure control (models/intermediate/disclosure)
-#}
{% macro controlled_count(count, policy, level, treatment=none, audited=true) -%}
    case
        when {{ policy }} = 'already_public' then {{ count }}
        {%- if treatment %}
        when {{ treatment }} = 'hidden' then null
        {%- endif %}
        when {{ policy }} = 'nhs_round5' then case
            when {{ count }} = 0 then {{ count }}
            {%- if audited %}
            when {{ level }} = 'england'{% if treatment %} and {{ treatment }} is null{% endif %} then {{ count }}
            {%- endif %}
            when {{ count }} <= 7 then null
            else 5 * round(({{ count }})::numeric / 5)
        end
        {%- if audited %}
        when {{ policy }} ~ '^suppress_below_[0-9]+$' then case
            when {{ count }} = 0 or {{ count }} >= substring({{ policy }} from '^suppress_below_([0-9]+)$')::integer then {{ count }}
        end
        {%- endif %}
    end
{%- endmacro %}


{#-
    Why a figure of counts that the audit does not read is hidden, as a sentence.

    policy   SQL expression
    because  what is said of a scheme that rounds
-#}
{% macro unaudited_hidden_reason(policy, because) -%}
    case
        when {{ policy }} = 'hidden' then 'Hidden by disclosure control: the audit does not read what this figure rests on. Analysts find it in restricted.'
        else 'Hidden by disclosure control: {{ because }}.'
    end
{%- endmacro %}
