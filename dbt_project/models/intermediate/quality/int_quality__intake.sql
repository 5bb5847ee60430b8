-- What the files in force have cost or made somebody notice: rows set aside, notes, blocked measures, contents restated.
with noticed as (
    select
        source,
        period,
        org_code,
        rule_id,
        'error' as severity,
        'rows' as kind,
        reason,
        sum(row_count) as place_count,
        bool_or(is_synthetic) as is_synthetic
    from {{ ref('stg_ops__rejected_row') }}
    where period is not null
    group by source, period, org_code, rule_id, reason
    union all
    select
        source,
        period,
        org_code,
        rule_id,
        severity,
        case severity when 'error' then 'measure' else 'note' end as kind,
        reason,
        sum(place_count) as place_count,
        bool_or(is_synthetic) as is_synthetic
    from {{ ref('stg_ops__file_note') }}
    group by source, period, org_code, rule_id, severity, reason
    union all
    select
        source,
        period,
        org_code,
        'V44' as rule_id,
        'info' as severity,
        'restated' as kind,
        'the file in force restates what an earlier one said' as reason,
        sum(earlier_loads) as place_count,
        bool_or(is_synthetic) as is_synthetic
    from {{ ref('stg_ops__restated_content') }}
    group by source, period, org_code
)

select
    noticed.org_code,
    {{ wres_year(period_end('noticed.period', 'noticed.source')) }} as wres_year,
    {{ period_end('noticed.period', 'noticed.source') }} as as_at,
    noticed.source,
    noticed.period,
    case
        when noticed.source = 'staff_survey' then 'survey'
        when noticed.source = 'wres_return' then 'return'
        when noticed.source not in ('organisations', 'reference_results', 'peer_groups') then 'records'
    end as basis,
    noticed.rule_id,
    noticed.severity,
    noticed.kind,
    noticed.reason,
    noticed.place_count,
    policy.disclosure_policy,
    noticed.is_synthetic
from noticed
left join {{ ref('stg_ops__source') }} as policy on noticed.source = policy.source
