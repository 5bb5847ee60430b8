-- Who is paid in which figure: the extracts of 31 March of an organisation, or of all in England.
with content as (
    select
        _load_id,
        _period,
        org_code,
        {{ quarter_end("(_period || '-01')::date") }} as as_at
    from {{ ref('int_workforce__staff_content') }}
    where employed_count > 0 and _period like '%-03'
)

select
    unit.level,
    unit.unit_code,
    unit.scope,
    unit.as_at,
    count(*) as organisations,
    array_agg(content.org_code order by content.org_code) as members,
    md5(string_agg(concat_ws('/', content._load_id, content._period, content.org_code), ' ' order by content.org_code, content._load_id))
        as fingerprint
from {{ ref('int_indicators__unit') }} as unit
inner join content on unit.org_code = content.org_code and unit.as_at = content.as_at
where unit.organisation_basis = 'as_reported' and unit.level in ('organisation', 'england')
group by unit.level, unit.unit_code, unit.scope, unit.as_at
having bool_or(unit.is_widest)
