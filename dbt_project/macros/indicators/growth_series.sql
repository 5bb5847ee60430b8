{#-
    What growth over the years is measured on, a select of one row per indicator, slice, definition, basis, scale, organisation and
    year: figures of trusts as they are today (predecessors' counts rolled into them), on one definition and of one vintage,
    scored so that higher is less favourable to BME staff. Ratios as they are and as logarithms; indicator 1 as % White at band 8a and
    above; indicator 9 as % BME of the board, in which higher is more BME members. Unreliable figures are left out.
    Source: design of the University of Sheffield's evaluation of the WRES (2019).

    figures   relation with the columns of int_indicators__figure
-#}
{% macro growth_series(figures) -%}
    with figure as (
        select *
        from {{ figures }}
        where
            level = 'organisation'
            and period_kind = 'annual'
            and organisation_basis = 'current'
            and is_default_vintage
            and denominator <> 'known_only'
    ),

    -- Trusts alone, as in the evaluation; an organisation counts as one if what makes it up did.
    trust as (
        select distinct own.unit_code as org_code
        from {{ ref('int_indicators__unit') }} as own
        inner join {{ ref('int_indicators__unit') }} as area
            on
                own.org_code = area.org_code
                and own.as_at = area.as_at
                and own.organisation_basis = area.organisation_basis
        where
            own.level = 'organisation'
            and own.organisation_basis = 'current'
            and area.level = 'england'
            and area.scope = 'trusts'
    ),

    measured as (
        select
            figure.indicator_code,
            figure.slice,
            figure.definition_version,
            figure.basis,
            figure.source_vintage,
            figure.org_code,
            figure.wres_year,
            scale.scale,
            scale.value,
            figure.disclosure_policy,
            figure.is_synthetic
        from figure
        inner join trust on figure.org_code = trust.org_code
        cross join lateral (
            values
            ('percentage', case indicator_code when '1' then white_pct when '9' then bme_pct end),
            ('ratio', case when indicator_code not in ('1', '9') then ratio end),
            ('log_ratio', case when indicator_code not in ('1', '9') and ratio > 0 then ln(ratio) end)
        ) as scale (scale, value)
        where
            (
                (figure.indicator_code, figure.slice) in (('1', 'all.band_8a_to_vsm'), ('9', 'board.total'))
                or (figure.indicator_code not in ('1', '9') and {{ is_whole_slice('figure.slice') }})
            )
            -- A board without BME members has a percentage, and no ratio: zero is no gap in the series.
            and figure.status in ('ok', 'zero_numerator', 'not_calculable')
            and scale.value is not null
    ),

    newest as (
        select
            *,
            max(source_vintage) over (
                partition by indicator_code, slice, definition_version, basis, org_code
            ) as newest_vintage
        from measured
    ),

    -- How many of the workforce are BME, over the years: the return's figure before that of the records.
    workforce_year as (
        select distinct on (org_code, wres_year)
            org_code,
            bme_pct
        from figure
        where indicator_code = '1' and slice = 'all' and bme_pct is not null
        order by org_code asc, wres_year asc, basis desc
    ),

    workforce as (
        select
            org_code,
            avg(bme_pct) as bme_share_pct
        from workforce_year
        group by org_code
    )

    select
        newest.indicator_code,
        newest.slice,
        newest.definition_version,
        newest.basis,
        newest.scale,
        newest.org_code,
        organisation.org_type,
        organisation.region_name,
        workforce.bme_share_pct,
        newest.wres_year,
        newest.value,
        newest.disclosure_policy,
        newest.is_synthetic
    from newest
    left join {{ ref('dim_organisation') }} as organisation
        on newest.org_code = organisation.org_code and organisation.valid_to is null
    left join workforce on newest.org_code = workforce.org_code
    where newest.source_vintage = newest.newest_vintage
{%- endmacro %}
