"""The counts of a release as cells: what it shows of each, and what each truly is.

A cell is one count of people: of a population (staff, shortlisted, appointed, …), of an organisation or area, on a day, in a
slice, of an ethnic group. Whatever table or column shows it, it is one cell: the White staff of band 8a stand in indicator 1 and
in two disparity ratios.
"""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import psycopg
from psycopg import sql

PLACE = ["level", "org_code", "scope", "organisation_basis", "as_at"]
KEY = ["population", *PLACE, "slice", "member"]

# Groups as rows. The base of a share is everybody in the row (`all`, `known`), of a rate everybody of the group.
# A disparity ratio has a side in each place: `all.band_7_to_band_8a` has `all.band_8a` as count and `all.band_7` as base.
_INDICATORS = """
with figure as (
    select
        p.level, p.org_code, p.scope, p.organisation_basis, p.as_at, p.indicator_code, p.denominator, p.slice,
        p.indicator_code in ('1', '9') as is_share,
        split_part(p.slice, '.', 1) || '.' as block,
        split_part(p.slice, '.', 2) as step,
        case when split_part(p.slice, '.', 3) <> '' then '.' || split_part(p.slice, '.', 3) else '' end as suffix,
        g.*
    from {schema}.indicator_result as p
    inner join {schema}.restricted_indicator_result as r
        using (
            level, org_code, as_at, period_kind, indicator_code, slice, basis, denominator, scope, aggregation, organisation_basis
        )
    cross join lateral (
        values
        (
            'white', p.white_count, p.white_base, p.workforce_white_count,
            r.white_count, r.white_base, r.workforce_white_count
        ),
        ('bme', p.bme_count, p.bme_base, p.workforce_bme_count, r.bme_count, r.bme_base, r.workforce_bme_count),
        (
            'unknown', p.unknown_count, p.unknown_base, p.workforce_unknown_count,
            r.unknown_count, r.unknown_base, r.workforce_unknown_count
        )
    ) as g (member, shown_count, shown_base, shown_workforce, true_count, true_base, true_workforce)
    where
        p.basis = %(basis)s
        and p.as_at = %(as_at)s
        and (p.denominator <> 'known_only' or g.member <> 'unknown')
)

select c.population, f.level, f.org_code, f.scope, f.organisation_basis, f.as_at, c.slice, c.member, c.shown, c.truth
from figure as f
cross join lateral (
    values
    (
        case f.indicator_code
            when '1' then 'staff' when 'DR' then 'staff' when '2' then 'appointed' when '3' then 'entered'
            when '4' then 'trained' when '9' then 'board' else 'answered ' || f.indicator_code || ' ' || f.denominator
        end,
        case f.indicator_code when 'DR' then f.block || split_part(f.step, '_to_', 2) || f.suffix else f.slice end,
        f.member, f.shown_count, f.true_count
    ),
    (
        case f.indicator_code
            when '1' then 'staff' when '2' then 'shortlisted' when '9' then 'board' when 'DR' then 'staff'
            else 'base of ' || f.indicator_code || ' ' || f.denominator
        end,
        case f.indicator_code when 'DR' then f.block || split_part(f.step, '_to_', 1) || f.suffix else f.slice end,
        case when f.is_share then case f.denominator when 'known_only' then 'known' else 'all' end else f.member end,
        f.shown_base, f.true_base
    ),
    (
        'workforce of '
        || case when f.step in ('senior_medical_manager', 'other_pay') then f.slice else f.indicator_code end,
        'all', f.member, f.shown_workforce, f.true_workforce
    )
) as c (population, slice, member, shown, truth)
"""

# The same of groups finer than White and BME, which are people of a scheme; of the standard's own groups it is the same cell.
# What stands in no row that is published is hidden.
_GROUPS = """
with named as (
    select distinct
        group_scheme, ethnic_group,
        ethnicity_group || case group_scheme when 'wres' then '' else '/' || group_scheme || '/' || ethnic_group end as member,
        'all' || case group_scheme when 'wres' then '' else '/' || group_scheme end as everybody
    from intermediate.int_groups__member
)

select c.population, r.level, r.org_code, r.scope, 'as_reported', r.as_at, c.slice, c.member, c.shown, c.truth
from {schema}.restricted_indicator_group_result as r
left join {schema}.indicator_group_result as p
    using (level, org_code, as_at, indicator_code, slice, stratum, scope, group_scheme, ethnic_group)
inner join named using (group_scheme, ethnic_group)
cross join lateral (select case r.stratum when 'all' then '' else '|' || r.stratum end as stratum) as of
cross join lateral (
    values
    (
        case r.indicator_code when '1' then 'staff' when '2' then 'appointed' when '3' then 'entered' else 'trained' end,
        r.slice || of.stratum, named.member, p.group_count, r.group_count
    ),
    (
        case r.indicator_code
            when '1' then 'staff' when '2' then 'shortlisted' else 'base of ' || r.indicator_code || ' not_applicable'
        end,
        r.slice || of.stratum, case r.indicator_code when '1' then named.everybody else named.member end,
        p.group_base, r.group_base
    ),
    ('staff', 'all' || of.stratum, named.member, p.workforce_count, r.workforce_count),
    ('staff', 'all' || of.stratum, named.everybody, p.workforce_base, r.workforce_base)
) as c (population, slice, member, shown, truth)
where r.as_at = %(as_at)s
union all
select
    c.population || case r.employers when 'all' then '' else ' by recording employers' end,
    r.level, r.org_code, r.scope, 'as_reported', r.as_at, r.slice, named.member, c.shown, c.truth
from {schema}.restricted_recruitment_funnel as r
left join {schema}.recruitment_funnel as p
    using (level, org_code, as_at, slice, scope, employers, group_scheme, ethnic_group)
inner join named using (group_scheme, ethnic_group)
cross join lateral (
    values
    ('applied', p.applied_count, r.applied_count),
    ('shortlisted', p.shortlisted_count, r.shortlisted_count),
    ('appointed', p.appointed_count, r.appointed_count)
) as c (population, shown, truth)
where r.as_at = %(as_at)s
"""

# A cell is shown where any place shows it.
_CELLS = """
select
    population, level, org_code, scope, organisation_basis, as_at, slice, member,
    max(shown)::float8 as shown, max(truth)::float8 as truth
from ({}) as told (population, level, org_code, scope, organisation_basis, as_at, slice, member, shown, truth)
where truth is not null
group by population, level, org_code, scope, organisation_basis, as_at, slice, member
order by population, level, org_code, scope, organisation_basis, slice, member
"""


# What the cells of a day depend on.
_SHOWN = {
    "indicator_result": "select level, org_code, as_at, indicator_code, slice, basis, denominator, scope, organisation_basis,"
    " white_count, white_base, bme_count, bme_base, unknown_count, unknown_base, workforce_white_count, workforce_bme_count,"
    " workforce_unknown_count from {} where basis in ('records', 'return')",
    "indicator_group_result": "select level, org_code, as_at, indicator_code, slice, stratum, scope, group_scheme, ethnic_group,"
    " group_count, group_base, workforce_count, workforce_base from {}",
    "recruitment_funnel": "select level, org_code, as_at, slice, scope, employers, group_scheme, ethnic_group, applied_count,"
    " shortlisted_count, appointed_count from {}",
}
COUNTED = sql.SQL("select * from intermediate.int_disclosure__cell")
PUBLIC_COUNTS = sql.SQL("select * from intermediate.int_disclosure__cell where disclosure_policy = 'already_public'")


def tables_of(schema: str) -> list[sql.Composed]:
    """What the cells of a release or the candidate are read from, for a digest."""
    return [
        sql.SQL(select).format(sql.Identifier(schema, name))
        for table, select in _SHOWN.items()
        for name in (table, f"restricted_{table}")
    ]


def of_release(connection: psycopg.Connection, schema: str, basis: str, as_at: date) -> pd.DataFrame:
    """Cells that the tables of a release or of the candidate have of a day, on one basis.

    Returns:
        Columns of ``KEY``, ``shown`` (people; NaN where hidden) and ``truth`` (people). A cell is shown where any place shows it.
        What has no true count (a percentage without counts) is no cell.
    """
    tables = [_INDICATORS, _GROUPS] if basis == "records" else [_INDICATORS]
    told = [sql.SQL("({})").format(sql.SQL(table).format(schema=sql.Identifier(schema))) for table in tables]
    query = sql.SQL(_CELLS).format(sql.SQL(" union all ").join(told))
    return _read(connection, query, {"basis": basis, "as_at": as_at})


def of_counts(connection: psycopg.Connection, as_at: date) -> pd.DataFrame:
    """Cells of a day as the build has just counted them.

    Returns:
        Columns of ``KEY``, ``basis``, ``disclosure_policy``, ``withheld`` (true where analysts alone may see it) and ``truth``
        (people).
    """
    query = sql.SQL(
        "select {}, basis, disclosure_policy, is_restricted as withheld, people as truth from intermediate.int_disclosure__cell"
        " where as_at = %(as_at)s order by {}, basis, disclosure_policy"
    ).format(*[sql.SQL(", ").join(map(sql.Identifier, KEY))] * 2)
    # Of a day without any, a column has no type of its own.
    return _read(connection, query, {"as_at": as_at}).astype({"withheld": bool})


def also_in(cells: pd.DataFrame, others: pd.DataFrame) -> np.ndarray:
    """Boolean: which cells stand among the others with the same true count."""
    pairs = others[[*KEY, "truth"]].drop_duplicates()
    return (cells[[*KEY, "truth"]].merge(pairs, how="left", indicator=True)["_merge"] == "both").to_numpy()


def _read(connection: psycopg.Connection, query: sql.Composed, parameters: dict[str, object]) -> pd.DataFrame:
    with connection.transaction(), connection.cursor() as cursor:
        # Where two tables agree in all of a key the planner expects next to no row, and looks each up by part of the key.
        cursor.execute("set local enable_nestloop = off; set local enable_mergejoin = off")
        cursor.execute(query, parameters)
        columns = [column.name for column in cursor.description or ()]
        cells = pd.DataFrame(cursor.fetchall(), columns=columns)
    return cells.astype({name: float for name in ("shown", "truth") if name in cells})
