{#- Of a measure: what it is counted in, and the methodology's tolerance within one vintage and scope. -#}
with reference as (
    select
        *,
        case
            when measure like '%\_pct' or measure = 'gap_points' then 'points'
            when measure like '%\_count' or measure like '%\_base' then 'people'
            when measure = 'significant_change' then 'yes or no'
            else 'ratio'
        end as unit,
        -- A figure printed as 28 may be anything up to 28.5.
        (0.5 * power(10::numeric, -scale(value)))::double precision as printed_to
    from {{ ref('int_reconciliation__reference') }}
),

matched as (
    select
        reference.*,
        computed.value as computed_value,
        computed.scope as computed_scope,
        computed.denominator as computed_denominator,
        computed.source_vintage as computed_vintage,
        computed.basis as computed_basis,
        computed.wres_year as computed_year,
        computed.first_year as computed_first_year,
        computed.organisations,
        computed.organisations_expected,
        case
            when reference.unit in ('people', 'yes or no') then 0
            else greatest(case reference.unit when 'points' then 0.1 else 0.01 end, reference.printed_to)
                * case when reference.is_approximate then 10 else 1 end
        end as tolerance,
        -- A report of year Y shows the survey of Y-1; the survey's own tables bear its year.
        computed.source_vintage in (reference.vintage, (nullif(regexp_replace(reference.vintage, '\D', '', 'g'), '')::numeric - 1)::text)
        or computed.source_vintage = 'latest' as is_same_vintage
    from reference
    left join lateral (
        select *
        from {{ ref('int_reconciliation__computed') }} as computed
        where
            computed.indicator_code = reference.indicator_code
            and computed.slice = reference.slice
            and computed.measure = reference.measure
            and computed.method = reference.method
            and (computed.wres_year = reference.wres_year or reference.method = 'growth')
        -- The nearest to the published one; on the official basis, and of the newest vintage where none is its own.
        order by
            computed.scope = reference.scope desc,
            (computed.denominator = reference.denominator) is not false desc,
            computed.wres_year = reference.wres_year desc,
            computed.source_vintage = reference.vintage desc,
            computed.is_default_vintage desc,
            computed.denominator = 'yes_no' asc,
            computed.basis_rank asc
        limit 1
    ) as computed on true
),

judged as (
    select
        *,
        computed_value - value::double precision as difference,
        abs(computed_value - value::double precision) <= tolerance + 1e-9 as is_within,
        case
            when value is null then 'The publisher gives no figure.'
            when computed_value is null then 'The files loaded give no such figure of the year.'
            when scope <> computed_scope
                then 'Published for ' || replace(scope, '_', ' ') || ', computed for ' || replace(computed_scope, '_', ' ') || '.'
            when denominator <> computed_denominator
                then 'Published on the denominator ' || denominator || ', computed on ' || computed_denominator || '.'
            when method = 'growth' and (first_year, wres_year) <> (computed_first_year, computed_year)
                then 'Published over ' || first_year || ' to ' || wres_year || ', computed over ' || computed_first_year || ' to '
                || computed_year || '.'
            when not is_same_vintage
                then 'Published in ' || vintage || ', computed from vintage ' || computed_vintage || ', which restates the year.'
        end as incomparable,
        case
            when organisations < 0.98 * organisations_expected
                then 'Computed from ' || organisations || ' of ' || organisations_expected || ' organisations.'
        end as coverage
    from matched
),

concluded as (
    select
        *,
        case
            when value is null then 'not_comparable'
            when computed_value is null then 'not_computed'
            when incomparable is not null then 'not_comparable'
            when is_within then 'agrees'
            when coverage is not null then 'not_comparable'
            -- Reports count over bases of their own: percentages are reconciled, and counts shown.
            when unit = 'people' and method = 'pooled' then 'not_comparable'
            else 'differs'
        end as status
    from judged
)

select
    publisher::text as publisher,
    vintage::text as vintage,
    is_default_vintage::boolean as is_default_vintage,
    scope::text as scope,
    wres_year::integer as wres_year,
    first_year::integer as first_year,
    indicator_code::text as indicator_code,
    slice::text as slice,
    measure::text as measure,
    method::text as method,
    value::numeric as published_value,
    is_approximate::boolean as is_approximate,
    round(computed_value::numeric, case when unit = 'people' then 0 else 2 end)::double precision as computed_value,
    round(difference::numeric, case when unit = 'people' then 0 else 2 end)::double precision as difference,
    case when computed_value is not null then tolerance end::double precision as tolerance,
    status::text as status,
    case
        when incomparable is not null then incomparable
        when status = 'not_comparable' and coverage is null
            then 'Reports count over bases of their own: reconcile on percentages.'
        when coverage is not null then coverage
        when status = 'differs'
            then 'Beyond the tolerance of ' || trim_scale(tolerance::numeric) || case unit
                when 'points' then ' points.' when 'ratio' then '.' else ' ' || unit || '.' end
    end::text as status_reason,
    computed_scope::text as computed_scope,
    computed_vintage::text as computed_vintage,
    computed_basis::text as computed_basis,
    organisations::integer as organisations,
    organisations_expected::integer as organisations_expected,
    source::text as source,
    note::text as note,
    is_synthetic::boolean as is_synthetic
from concluded
