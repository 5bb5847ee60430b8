{#-
    For incremental models that count raw rows: a content (_load_id, _period, org_code) is counted once, when it comes into force,
    and its rows go when it no longer is. A new quarter then costs what it holds, however many are there already.

    A model that compares two contents counts each pair of them once (int_movement__count): a late correction of either is another pair.

    contents  derived table of the contents in force, with the columns of the key
    key       columns that name a content; the load, by which what is out of force is found, comes first
-#}

{#- What names a content; and what names two that are compared, the later one first. -#}
{% macro content_key() -%}
    {{ return(['_load_id', '_period', 'org_code']) }}
{%- endmacro %}

{% macro content_pair_key() -%}
    {{ return(content_key() + ['opening_load_id', 'opening_period', 'opening_org_code']) }}
{%- endmacro %}

{#- Predicate: two relations name the same content. -#}
{% macro same_content(one, other, key) -%}
    {%- for column in key -%}
    {{ one }}.{{ column }} = {{ other }}.{{ column }}{{ ' and ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}

{#- The contents of a raw table that are in force: a derived table for the macros below. -#}
{% macro content_in_force(source_table) -%}
    (
        select
            load_id as _load_id,
            period as _period,
            org_code
        from {{ ref('stg_ops__current_content') }}
        where source_table = '{{ source_table }}'
    )
{%- endmacro %}

{#-
    Pre-hook: removes what was counted from contents that were superseded or withdrawn, in the transaction of the insert. The contents
    that were counted are stepped through in the index, one look for each, and loads with something to remove are written out: reading
    all that was ever counted would take longer with every quarter.
-#}
{% macro delete_content_out_of_force(contents, key=none) -%}
    {%- set key = key or content_key() -%}
    {%- set columns = key | join(', ') -%}
    {%- set out_of_force -%}
        not exists (
            select 1
            from {{ contents }} as content
            where {{ same_content('content', 'counted', key) }}
        )
    {%- endset -%}
    {%- if execute and is_incremental() -%}
    {%- set loads = run_query(
        "with recursive counted as ("
        ~ " (select " ~ columns ~ " from " ~ this ~ " order by " ~ columns ~ " limit 1)"
        ~ " union all"
        ~ " select following.* from counted cross join lateral ("
        ~ " select " ~ columns ~ " from " ~ this ~ " as candidate"
        ~ " where (candidate." ~ key | join(', candidate.') ~ ") > (counted." ~ key | join(', counted.') ~ ")"
        ~ " order by " ~ columns ~ " limit 1"
        ~ ") as following)"
        ~ " select distinct _load_id from counted where " ~ out_of_force ~ " order by _load_id"
    ).columns[0].values() -%}
    {%- if loads -%}
    delete from {{ this }} as counted
    where counted._load_id = any('{{ "{" ~ loads | join(",") ~ "}" }}'::bigint[]) and {{ out_of_force }}
    {%- endif -%}
    {%- endif -%}
{%- endmacro %}

{#- The contents in force that are not counted yet; all of them when the model is built in full. -#}
{% macro content_to_count(contents, key=none) -%}
    {%- set key = key or content_key() -%}
    select
        {%- for column in key %}
        content.{{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ contents }} as content
    {%- if is_incremental() %}
    -- One look into the index for each content: a plain anti-join would read all that was ever counted.
    left join lateral (
        select true as is_counted
        from {{ this }} as counted
        where {{ same_content('counted', 'content', key) }}
        limit 1
    ) as earlier on true
    where earlier.is_counted is null
    {%- endif %}
{%- endmacro %}

{#-
    Predicate: the row belongs to a load with something to count. The loads are looked up beforehand and written out, since the
    planner takes the index on _load_id only for loads that it can see the number of.

    load_id  SQL expression of the row's load
    load     column of the key that it is compared with
-#}
{% macro in_load_to_count(load_id, contents, key=none, load='_load_id') -%}
    {%- if execute and is_incremental() -%}
    {%- set loads = run_query("select distinct " ~ load ~ " from (" ~ content_to_count(contents, key) ~ ") as content order by 1") -%}
    {{ load_id }} = any('{{ "{" ~ loads.columns[0].values() | join(",") ~ "}" }}'::bigint[])
    {%- else -%}
    {{ load_id }} is not null
    {%- endif -%}
{%- endmacro %}

{#-
    Pre-hook, for the transaction of the model alone: read the rows of a load once and count them by hashing. The planner takes them
    for far fewer than they are (it multiplies what load, period and organisation each leave over), and would read the load again
    for every organisation in it, or sort all its text.
-#}
{% macro read_once_and_hash() -%}
    set local enable_nestloop = off;
    set local enable_sort = off
{%- endmacro %}
