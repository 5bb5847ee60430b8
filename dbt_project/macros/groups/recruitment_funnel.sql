{#-
    Rows of recruitment_funnel: applied → shortlisted → appointed, a select of one row per area, window, slice and ethnic group.

    Conversion of a stage = people after it ÷ people before it; ratio of a stage = reference group's conversion ÷ group's, Katz interval.
    overall is applied → appointed, and so the product of the stages: (s/a)·(p/s) = p/a in both groups.

    counts     relation with the columns of int_groups__funnel_count
    published  true: disclosure control on the counts, before any arithmetic; percentages to 1 decimal, ratios to 2; no row that is there
               because somebody is who is hidden
-#}
{% macro recruitment_funnel(counts, published) -%}
    {%- set figure = 'level, org_code, scope, as_at, slice, employers, group_scheme' -%}
    {%- set people = ['applied', 'shortlisted', 'appointed'] -%}
    {%- set stages = {
        'shortlisting': ('applied', 'shortlisted'), 'appointment': ('shortlisted', 'appointed'), 'overall': ('applied', 'appointed')
    } -%}
    with counted as (
        select
            counts.*,
            member.reference_group,
            counts.ethnic_group = member.reference_group as is_reference,
            {%- for who in people %}
            {{ controlled_amount('counts', who ~ '_count') if published else 'counts.' ~ who ~ '_count' }} as group_{{ who }},
            {%- endfor %}
            counts.ethnicity_group = 'unknown' or counts.ethnic_group = member.reference_group as is_apart
        from {{ counts }} as counts
        {{ treatments('counts', funnel_cells('counts'), "'as_reported'") if published }}
        inner join (
            select distinct group_scheme, reference_group from {{ ref('int_groups__member') }}
        ) as member on counts.group_scheme = member.group_scheme
    ),

    paired as materialized (
        select
            *,
            {%- for who in people %}
            max(group_{{ who }}) filter (where is_reference) over figure as reference_{{ who }},
            {{ who }}_count is not null and group_{{ who }} is null as is_{{ who }}_hidden,
            coalesce(bool_or({{ who }}_count is not null and group_{{ who }} is null) filter (where is_reference) over figure, false)
                as is_reference_{{ who }}_hidden,
            {%- endfor %}
            coalesce(bool_or(is_reference) over figure, false) as has_reference,
            -- There are rows of a group, of any slice, where anybody of it has applied for a post: that may be seen where the number
            -- is shown, or a part of it.
            coalesce(
                bool_or(case when applied_count is null then group_shortlisted is null else group_applied is null end)
                    filter (where slice = 'all') over person, false
            ) as is_untold
        from counted
        window
            figure as (partition by {{ figure }}),
            person as (partition by level, org_code, scope, as_at, employers, group_scheme, ethnic_group)
    ),

    rated as materialized (
        select
            *,
            {%- for stage, (before, after) in stages.items() %}
            group_{{ after }}::double precision / nullif(group_{{ before }}, 0) as {{ stage }}_rate,
            reference_{{ after }}::double precision / nullif(reference_{{ before }}, 0) as reference_{{ stage }}_rate
            {{- ',' if not loop.last }}
            {%- endfor %}
        from paired
    ),

    judged as materialized (
        select
            *,
            {%- for stage, (before, after) in stages.items() %}
            case
                when is_apart then 'not_applicable'
                {%- if before == 'applied' %}
                when applied_count is null then 'not_submitted'
                {%- endif %}
                when is_{{ before }}_hidden or is_{{ after }}_hidden or is_reference_{{ before }}_hidden or is_reference_{{ after }}_hidden
                    then 'suppressed'
                when not has_reference or group_{{ before }} = 0 or reference_{{ before }} = 0 then 'zero_denominator'
                when group_{{ after }} = 0 then 'not_calculable'
                when reference_{{ after }} = 0 then 'zero_numerator'
                when greatest({{ stage }}_rate, reference_{{ stage }}_rate) > 1 then 'unreliable'
                when {{ risk_ratio_limit(
                    'reference_' ~ stage ~ '_rate', 'reference_' ~ before, stage ~ '_rate', 'group_' ~ before, 'low'
                ) }} is null then 'unreliable'
                else 'ok'
            end as {{ stage }}_status{{ ',' if not loop.last }}
            {%- endfor %}
        from rated
    ),

    calculated as materialized (
        select
            *,
            {%- for stage, (before, after) in stages.items() %}
            case when {{ stage }}_status in ('ok', 'unreliable') then reference_{{ stage }}_rate / {{ stage }}_rate end as {{ stage }}_ratio,
            {%- for side in ['low', 'high'] %}
            case when {{ stage }}_status = 'ok'
                then {{ risk_ratio_limit(
                    'reference_' ~ stage ~ '_rate', 'reference_' ~ before, stage ~ '_rate', 'group_' ~ before, side
                ) }}
            end as {{ stage }}_ratio_{{ side }},
            {%- endfor %}
            {{ funnel_reason(stage, before, after) }} as {{ stage }}_reason{{ ',' if not loop.last }}
            {%- endfor %}
        from judged
    )

    select
        level::text as level,
        org_code::text as org_code,
        wres_year::integer as wres_year,
        as_at::date as as_at,
        scope::text as scope,
        slice::text as slice,
        employers::text as employers,
        employer_count::integer as employer_count,
        recording_employer_count::integer as recording_employer_count,
        {{ shown('applications_recorded_pct', 1, published) }} as applications_recorded_pct,
        group_scheme::text as group_scheme,
        ethnic_group::text as ethnic_group,
        reference_group::text as reference_group,
        is_reference::boolean as is_reference,
        {%- for who in people %}
        group_{{ who }}::numeric as {{ who }}_count,
        reference_{{ who }}::numeric as reference_{{ who }}_count,
        {%- endfor %}
        {%- for stage in stages %}
        {{ shown('case when ' ~ stage ~ '_rate <= 1 then 100 * ' ~ stage ~ '_rate end', 1, published) }} as {{ stage }}_pct,
        {{ shown('case when reference_' ~ stage ~ '_rate <= 1 then 100 * reference_' ~ stage ~ '_rate end', 1, published) }}
            as reference_{{ stage }}_pct,
        {{ shown(stage ~ '_ratio', 2, published) }} as {{ stage }}_ratio,
        {{ shown('least(' ~ stage ~ '_ratio_low, ' ~ stage ~ '_ratio)', 2, published) }} as {{ stage }}_ratio_low,
        {{ shown('greatest(' ~ stage ~ '_ratio_high, ' ~ stage ~ '_ratio)', 2, published) }} as {{ stage }}_ratio_high,
        (
            case
                when not is_apart
                    then {{ evidence_status(
                        stage ~ '_ratio_low', stage ~ '_ratio_high', stage ~ '_status', white_count='reference_' ~ stages[stage][1],
                        bme_count='group_' ~ stages[stage][1]
                    ) }}
            end
        )::text as {{ stage }}_evidence,
        {%- endfor %}
        shortlisting_status::text as shortlisting_status,
        appointment_status::text as appointment_status,
        overall_status::text as status,
        coalesce(shortlisting_reason, appointment_reason, overall_reason)::text as status_reason,
        is_synthetic::boolean as is_synthetic
    from calculated
    {%- if published %}
    where not is_untold or greatest(group_applied, group_shortlisted, group_appointed) > 0
    {%- endif %}
{%- endmacro %}


{#- Why a stage has no ratio, or an unreliable one, as a sentence. Columns as in recruitment_funnel. -#}
{% macro funnel_reason(stage, before, after) -%}
    case {{ stage }}_status
        when 'not_applicable' then case
            when is_reference then 'This is the group that the others are compared with.'
            else 'People of unknown ethnicity are compared with nobody.'
        end
        when 'not_submitted' then case
            when employer_count = 1 then 'The employer does not record who applied for every vacancy.'
            else (employer_count - recording_employer_count) || ' of ' || employer_count
                || ' employers do not record who applied for every vacancy.'
        end
        when 'suppressed' then case
            when is_restricted then 'Hidden: the source is for analysts only.'
            else 'Hidden by disclosure control: the figure rests on few people.'
        end
        when 'zero_denominator' then case
            when not has_reference then 'Nobody is recorded as ' || reference_group || ', the group to compare with.'
            when group_{{ before }} = 0 then 'Nobody of the group {{ {"applied": "applied", "shortlisted": "was shortlisted"}[before] }}.'
            else 'Nobody of the group to compare with {{ {"applied": "applied", "shortlisted": "was shortlisted"}[before] }}.'
        end
        when 'not_calculable' then 'Nobody of the group was {{ after }}, so that no ratio exists.'
        when 'zero_numerator' then 'Nobody of the group to compare with was {{ after }}.'
        when 'unreliable' then case
            when greatest({{ stage }}_rate, reference_{{ stage }}_rate) > 1
                then 'More people were {{ after }} than {{ {"applied": "applied", "shortlisted": "were shortlisted"}[before] }}: an error.'
            else 'Everybody of both groups was {{ after }}, which allows no interval.'
        end
    end
{%- endmacro %}
