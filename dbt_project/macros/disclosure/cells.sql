{#-
    The amounts of a table of counts as cells, one select for each, joined by `union all`.

    counted             how the query calls the counts
    cells               amount → (population, slice, member), as from count_cells
    organisation_basis  SQL expression
-#}
{% macro cells_of(counted, cells, organisation_basis) -%}
    {%- for amount, (population, slice, member) in cells.items() %}
    select
        {{ population }} as population,
        {{ counted }}.level,
        {{ counted }}.org_code,
        {{ counted }}.scope,
        {{ organisation_basis }} as organisation_basis,
        {{ counted }}.as_at,
        {{ slice }} as slice,
        {{ member }} as member,
        {{ counted }}.basis,
        {{ counted }}.disclosure_policy,
        coalesce({{ counted }}.is_restricted, false) as is_restricted,
        {{ counted }}.{{ amount }} as people
    from {{ counted }}
    where {{ counted }}.{{ amount }} is not null
    {{- '\n    union all' if not loop.last }}
    {%- endfor %}
{%- endmacro %}


{#-
    An amount of a table of counts as it may be published, after the joins of treatments. The registry names who may see a source; what BI
    may not see is hidden whatever its size.
-#}
{% macro controlled_amount(counted, amount) -%}
    case when not coalesce({{ counted }}.is_restricted, false)
        then {{ controlled_count(
            counted ~ '.' ~ amount, counted ~ '.disclosure_policy', counted ~ '.level', amount ~ '_treatment.treatment'
        ) }}
    end
{%- endmacro %}


{#- Joins that say what becomes of each amount, as `<amount>_treatment.treatment`; arguments as in cells_of. -#}
{% macro treatments(counted, cells, organisation_basis) -%}
    {%- for amount, (population, slice, member) in cells.items() %}
    left join {{ source('ops', 'hidden_count') }} as {{ amount }}_treatment
        on
            {{ counted }}.level = {{ amount }}_treatment.level
            and {{ counted }}.org_code = {{ amount }}_treatment.org_code
            and {{ counted }}.scope = {{ amount }}_treatment.scope
            and {{ organisation_basis }} = {{ amount }}_treatment.organisation_basis
            and {{ counted }}.as_at = {{ amount }}_treatment.as_at
            and {{ population }} = {{ amount }}_treatment.population
            and {{ slice }} = {{ amount }}_treatment.slice
            and {{ member }} = {{ amount }}_treatment.member
    {%- endfor %}
{%- endmacro %}
