{#-
    For incremental models that count raw rows: a content (_load_id, _period, org_code) is counted once, when it comes into force,
    and its rows go when it no longer is. A new quarter then costs what it holds, however many are there already.

    contents  derived table of the contents in force: _load_id, _period, org_code
-#}

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
{% macro delete_content_out_of_force(contents) -%}
    {%- set out_of_force -%}
        not exists (
            select 1
            from {{ contents }} as content
            where
                content._load_id = counted._load_id
                and content._period = counted._period
                and content.org_code = counted.org_code
        )
    {%- endset -%}
    {%- if execute and is_incremental() -%}
    {%- set loads = run_query(
        "with recursive counted as ("
        ~ " (select _load_id, _period, org_code from " ~ this ~ " order by _load_id, _period, org_code limit 1)"
        ~ " union all"
        ~ " select following.* from counted cross join lateral ("
        ~ " select _load_id, _period, org_code from " ~ this ~ " as candidate"
        ~ " where (candidate._load_id, candidate._period, candidate.org_code) > (counted._load_id, counted._period, counted.org_code)"
        ~ " order by _load_id, _period, org_code limit 1"
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
{% macro content_to_count(contents) -%}
    select
        content._load_id,
        content._period,
        content.org_code
    from {{ contents }} as content
    {%- if is_incremental() %}
    -- One look into the index for each content: a plain anti-join would read all that was ever counted.
    left join lateral (
        select true as is_counted
        from {{ this }} as counted
        where
            counted._load_id = content._load_id
            and counted._period = content._period
            and counted.org_code = content.org_code
        limit 1
    ) as earlier on true
    where earlier.is_counted is null
    {%- endif %}
{%- endmacro %}

{#-
    Predicate: the row belongs to a load with something to count. The loads are looked up beforehand and written out, since the
    planner takes the index on _load_id only for loads that it can see the number of.

    load_id  SQL expression of the row's load
-#}
{% macro in_load_to_count(load_id, contents) -%}
    {%- if execute and is_incremental() -%}
    {%- set loads = run_query("select distinct _load_id from (" ~ content_to_count(contents) ~ ") as content order by _load_id") -%}
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
