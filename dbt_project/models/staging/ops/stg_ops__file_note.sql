-- What a reader or the raw gate has noted about an accepted file: warnings, and measures that are blocked.
with content as (
    select
        load_id,
        max(period) as last_period,
        case when min(org_code) = max(org_code) then min(org_code) else '*' end as org_code
    from {{ ref('stg_ops__current_content') }}
    group by load_id
),

-- The value that a problem names stays where it is: it may be about a person.
noted as (
    select
        load.load_id,
        problem.rule as rule_id,
        problem.message as reason,
        sum(problem.count) as place_count
    from {{ source('ops', 'load') }} as load
    cross join
        lateral jsonb_to_recordset(load.problems) as problem (rule text, scope text, message text, count integer, severity text)
    where
        load.load_id in (select content.load_id from content)
        and problem.scope = 'file'
    group by load.load_id, problem.rule, problem.message
),

-- A file of many returns: each organisation is told of its own lines, where the gate has kept the places of all of them.
place as (
    select
        result.load_id,
        result.rule_id,
        result.message as reason,
        btrim(item.org_code) as org_code,
        item._period as period,
        count(*) as place_count
    from {{ source('ops', 'gate_result') }} as result
    cross join lateral jsonb_to_recordset(result.places) as place (_row_number integer)
    inner join {{ source('raw', 'wres_return__item') }} as item
        on result.load_id = item._load_id and place._row_number = item._row_number
    where
        result.table_name = 'wres_return__item'
        and not result.success
        and result.severity = 'warning'
        and result.scope = 'file'
        and result.unexpected_count = jsonb_array_length(result.places)
    group by result.load_id, result.rule_id, result.message, item.org_code, item._period
),

located as (
    select
        noted.load_id,
        noted.rule_id,
        noted.reason,
        coalesce(place.org_code, content.org_code) as org_code,
        coalesce(place.period, content.last_period) as period,
        coalesce(place.place_count, noted.place_count) as place_count
    from noted
    inner join content on noted.load_id = content.load_id
    left join place
        on
            noted.load_id = place.load_id
            and noted.rule_id = place.rule_id
            and noted.reason = place.reason
)

select
    located.load_id,
    load.source,
    located.period,
    located.org_code,
    located.rule_id,
    'warning' as severity,
    located.reason,
    located.place_count,
    load.is_synthetic
from located
inner join {{ source('ops', 'load') }} as load on located.load_id = load.load_id
where
    located.org_code = '*'
    or exists (
        select
        from {{ ref('stg_ops__current_content') }} as current_content
        where
            current_content.load_id = located.load_id
            and current_content.period = located.period
            and current_content.org_code = located.org_code
    )
union all
select
    blocked.load_id,
    load.source,
    content.last_period as period,
    '*' as org_code,
    blocked.rule_id,
    'error' as severity,
    'measure ''' || blocked.measure || ''': ' || blocked.reason as reason,
    1 as place_count,
    load.is_synthetic
from {{ source('ops', 'blocked_measure') }} as blocked
inner join content on blocked.load_id = content.load_id
inner join {{ source('ops', 'load') }} as load on blocked.load_id = load.load_id
