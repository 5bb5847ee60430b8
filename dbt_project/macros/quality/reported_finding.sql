{#-
    What is implausible in what organisations report, a row per finding: a sentence for the organisation, what was observed and
    what was to be expected. Thresholds are rows of the seed quality_threshold. Each family of rules is a macro of its own, which
    renders common table expressions that read `pair`; the last has the family's name.

    A count that disclosure control hides is null and leads to no finding. DR rests on the headcounts of indicator 1, so that D01
    speaks of those alone.

    pairs       relation with the columns of int_quality__year_pair
    published   true where its counts are controlled ones
-#}
{% macro reported_finding(pairs, published) -%}
    with pair as (
        select
            *,
            'Indicator ' || indicator_code || ', ' || {{ slice_label('indicator_code', 'slice') }} as what,
            case ethnicity_group when 'white' then 'White' when 'bme' then 'BME' else 'unknown ethnicity' end as who,
            to_char(as_at - interval '1 year', 'FMDD FMMonth YYYY') as earlier_day
        from {{ pairs }}
    ),

    {{ two_bases_finding(published) }},

    {{ swapped_finding() }},

    {{ completeness_finding() }},

    {{ jump_finding() }}

    select * from two_bases_finding
    union all
    select * from swapped_finding
    union all
    select * from completeness_finding
    union all
    select * from jump_finding
{%- endmacro %}
