-- What others have published: figures of files before those kept by hand, which are about the real NHS and in no synthetic release.
with release as (
    select coalesce(bool_or(is_synthetic), false) as is_synthetic
    from {{ ref('int_indicators__figure_controlled') }}
),

file_figure as (
    select
        publisher,
        vintage,
        case scope when 'all_orgs' then 'all' else scope end as scope,
        wres_year,
        null::integer as first_year,
        indicator_code,
        slice,
        measure,
        case
            when indicator_code in ('5', '6', '7', '8') then 'publisher_weighted'
            when measure like 'trusts\_%\_pct' then 'org_share'
            when measure like 'trusts\_%\_count' then 'org_count'
            else 'pooled'
        end as method,
        null as denominator,
        value::numeric as value,
        false as is_approximate,
        'File of ' || publisher as source,
        null as note,
        is_synthetic
    from {{ ref('stg_reference_results__figure') }}
),

seeded as (
    select
        seed.*,
        false as is_synthetic
    from {{ ref('published_reference') }} as seed
    cross join release
    where
        not release.is_synthetic
        and not exists (
            select
            from file_figure
            where
                lower(file_figure.publisher) = lower(seed.publisher)
                and file_figure.vintage = seed.vintage
                and file_figure.scope = seed.scope
                and file_figure.wres_year = seed.wres_year
                and file_figure.indicator_code = seed.indicator_code
                and file_figure.slice = seed.slice
                and file_figure.measure = seed.measure
                and file_figure.method = seed.method
        )
),

collected as (
    select * from file_figure
    union all
    select
        publisher,
        vintage,
        scope,
        wres_year,
        first_year,
        indicator_code,
        slice,
        measure,
        method,
        denominator,
        value,
        is_approximate,
        source,
        note,
        is_synthetic
    from seeded
)

select
    *,
    -- Restated history stays, and the newest report speaks for the year.
    vintage = max(vintage) over (
        partition by publisher, scope, wres_year, indicator_code, slice, measure, method
    ) as is_default_vintage
from collected
