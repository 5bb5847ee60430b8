"""Who may do what, read from the catalogue and compared with a table that a person can read: any new right breaks a test."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import psycopg
import pytest
from candidates import administrator, stage_candidate

from wres import publish, warehouse
from wres.settings import Settings

ROLES = ("wres_loader", "wres_gate", "wres_transformer", "wres_publisher", "analyst", "bi_reader")

# Rights as the login of each role has them, with all that it inherits: `use` and `create` on the schema, then
# on the tables and views in it: r select, a insert, w update, d delete, D truncate, x references, t trigger, m maintain.
SCHEMAS = """
             | wres_loader         | wres_gate           | wres_transformer    | wres_publisher      | analyst | bi_reader
gate         | -                   | use create rawdDxtm | -                   | -                   | -       | -
history      | -                   | -                   | use create          | use create          | -       | -
intermediate | -                   | use r               | use create rawdDxtm | use create rawdDxtm | -       | -
marts        | -                   | use                 | use create          | use create          | -       | -
ops          | use                 | use                 | use                 | use                 | -       | -
public       | -                   | -                   | -                   | -                   | -       | -
published    | -                   | -                   | use                 | use create rawdDxtm | use r   | use r
raw          | use create rawdDxtm | use r               | use r               | use r               | -       | -
release_0001 | -                   | use r               | -                   | use create rawdDxtm | -       | -
restricted   | -                   | -                   | -                   | use create rawdDxtm | use r   | -
staging      | -                   | use r               | use create rawdDxtm | use create rawdDxtm | -       | -
"""

# The bookkeeping, table by table.
OPERATIONS = """
                               | wres_loader | wres_gate | wres_transformer | wres_publisher | analyst | bi_reader
acceptance                     | r           | r         | r                | raw            | -       | -
audited_day                    | r           | ra        | r                | ra             | -       | -
blocked_measure                | rawd        | r         | r                | r              | -       | -
candidate                      | r           | rw        | rawd             | rawd           | -       | -
controlled_day                 | r           | r         | rawd             | rawd           | -       | -
counted_by                     | r           | r         | rawd             | rawd           | -       | -
current_content                | r           | r         | r                | r              | -       | -
disclosure_audit               | r           | ra        | r                | ra             | -       | -
disclosure_audit_audit_id_seq  | -           | -         | -                | -              | -       | -
file                           | rawd        | r         | r                | r              | -       | -
forgotten                      | ra          | r         | r                | r              | -       | -
gate_result                    | rad         | ra        | ra               | raw            | -       | -
gate_result_gate_result_id_seq | -           | -         | -                | -              | -       | -
hidden_count                   | r           | r         | rawd             | rawd           | -       | -
load                           | rawd        | r         | r                | r              | -       | -
load_content                   | rawd        | r         | r                | r              | -       | -
load_load_id_seq               | -           | -         | -                | -              | -       | -
marker                         | rawd        | r         | r                | r              | -       | -
migration                      | rawd        | r         | r                | r              | -       | -
outcome                        | ra          | ra        | ra               | ra             | -       | -
outcome_outcome_id_seq         | -           | -         | -                | -              | -       | -
rejected_row                   | rawd        | r         | r                | r              | -       | -
release                        | r           | r         | r                | raw            | -       | -
release_input                  | r           | r         | r                | raw            | -       | -
source                         | rawd        | r         | r                | r              | -       | -
"""

_CELLS = """
    select
        n.nspname,
        has_schema_privilege(login, n.oid, 'usage') as may_use,
        has_schema_privilege(login, n.oid, 'create') as may_create,
        c.relname,
        concat_ws(
            '',
            case when has_table_privilege(login, c.oid, 'select') then 'r' end,
            case when has_table_privilege(login, c.oid, 'insert') then 'a' end,
            case when has_table_privilege(login, c.oid, 'update') then 'w' end,
            case when has_table_privilege(login, c.oid, 'delete') then 'd' end,
            case when has_table_privilege(login, c.oid, 'truncate') then 'D' end,
            case when has_table_privilege(login, c.oid, 'references') then 'x' end,
            case when has_table_privilege(login, c.oid, 'trigger') then 't' end,
            case when has_table_privilege(login, c.oid, 'maintain') then 'm' end,
            case
                when has_any_column_privilege(login, c.oid, 'select, insert, update, references')
                    and not has_table_privilege(login, c.oid, 'select, insert, update, references')
                    then '+columns'
            end
        )
    from pg_namespace as n
    cross join (select %(login)s as login) as who
    left join pg_class as c on c.relnamespace = n.oid and c.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
    where n.nspname !~ '^(pg_|information_schema)'
    order by n.nspname, c.relname
"""


def matrix(of: Settings, *, by_table: str | None = None) -> str:
    """Rights as a table: a line a schema (or a table of one schema), a column a role."""
    cells: dict[str, dict[str, str]] = {}
    with administrator(of) as connection:
        for role in ROLES:
            rows = connection.execute(_CELLS, {"login": warehouse.login(role)}).fetchall()
            lines: dict[str, set[str]] = {}
            for schema, may_use, may_create, relation, rights in rows:
                if by_table is None:
                    on_schema = " ".join(word for word, may in (("use", may_use), ("create", may_create)) if may)
                    lines.setdefault(schema, set()).update({on_schema, rights} if schema != "ops" else {on_schema})
                elif schema == by_table:
                    lines.setdefault(relation, set()).add(rights)
            for line, found in lines.items():
                words = sorted(found - {""}, key=lambda word: (not word.startswith(("use", "create")), word))
                cells.setdefault(line, {})[role] = " ".join(words) or "-"
    return table(cells)


def table(cells: dict[str, dict[str, str]]) -> str:
    rows = [("", *ROLES), *((line, *(of[role] for role in ROLES)) for line, of in sorted(cells.items()))]
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    return "\n".join(
        " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def test_rights_on_schemas_and_tables_are_these_and_no_others(published_sample: Settings) -> None:
    found = matrix(published_sample)
    assert found == SCHEMAS.strip("\n"), f"\n{found}"


def test_rights_on_the_bookkeeping_are_these_and_no_others(published_sample: Settings) -> None:
    found = matrix(published_sample, by_table="ops")
    assert found == OPERATIONS.strip("\n"), f"\n{found}"


def test_a_new_release_and_a_new_candidate_bring_no_new_right(
    published_sample: Settings, copy_warehouse: Callable[[Settings], Settings]
) -> None:
    of = copy_warehouse(published_sample)
    # With a table that no release had before: default privileges decide who reads it.
    stage_candidate(of, "more", "create table unheard_of as select 1 as a", gate_passed=True)
    assert publish.publish(of) is not None
    with administrator(of) as connection:
        connection.execute("drop schema release_0001 cascade")
    # The gate's schema is as empty as it should be between runs, or holds what it has just judged.
    unsettled = re.compile(r"^gate .*$", re.MULTILINE)
    now = unsettled.sub("", matrix(of).replace("release_0002", "release_0001"))
    assert now.split() == unsettled.sub("", SCHEMAS).split()
    stage_candidate(of, "candidate", release=2)
    now = {line.split(" |")[0].strip(): line for line in matrix(of).splitlines()}["marts"]
    assert [cell.strip() for cell in now.split("|")[1:]] == ["-", "use r", *["use create rawdDxtm"] * 2, "-", "-"]


RIGHTS_BESIDE_TABLES = {
    "database": (
        "select distinct case acl.grantee when 0 then 'public' else acl.grantee::regrole::text end, privilege_type"
        " from pg_database, aclexplode(datacl) as acl where datname = current_database() and acl.grantee <> datdba",
        {
            *((role, "CONNECT") for role in ROLES),
            *((role, "TEMPORARY") for role in ("wres_loader", "wres_gate", "wres_transformer")),
            ("wres_publisher", "CREATE"),
        },
    ),
    "memberships": (
        "select member::regrole::text, roleid::regrole::text, admin_option from pg_auth_members"
        " where member::regrole::text !~ '^pg_'",
        {
            *((warehouse.login(role), role, False) for role in ROLES),
            ("wres_publisher", "wres_transformer", False),
            ("analyst", "bi_reader", False),
        },
    ),
    "functions that act with their owner's rights": (
        "select oid::regprocedure::text, proconfig, proacl::text from pg_proc where prosecdef",
        {
            (
                "ops.end_idle_readers()",
                "search_path=pg_catalog, pg_temp",
                "{postgres=X/postgres,wres_publisher=X/postgres}",
            )
        },
    ),
    "extensions": ("select extname from pg_extension", {("plpgsql",)}),
    "servers elsewhere": ("select srvname from pg_foreign_server", set()),
    "large objects": ("select oid from pg_largeobject_metadata", set()),
    "rights on columns alone": (
        "select attrelid::regclass::text, attname from pg_attribute where attacl is not null and attrelid >= 16384",
        set(),
    ),
    "settings that a role may change beyond its session": ("select parname from pg_parameter_acl", set()),
}


@pytest.mark.parametrize("kind", RIGHTS_BESIDE_TABLES)
def test_rights_beside_tables_are_these_and_no_others(published_sample: Settings, kind: str) -> None:
    query, expected = RIGHTS_BESIDE_TABLES[kind]
    with administrator(published_sample) as connection:
        found = connection.execute(query).fetchall()
    assert {tuple(cell[0] if isinstance(cell, list) else cell for cell in row) for row in found} == expected


def test_views_on_figures_show_whole_tables_and_views_that_hide_rows_are_barriers(published_sample: Settings) -> None:
    """Where no row is hidden, no function, operator or cast that a reader puts into a condition can meet a hidden one."""
    with administrator(published_sample) as connection:
        views = connection.execute(
            "select relname, pg_get_viewdef(oid), coalesce(reloptions::text, '') from pg_class"
            " where relnamespace in ('published'::regnamespace, 'restricted'::regnamespace) and relkind = 'v'"
        ).fetchall()
    assert len(views) > 40
    assert not [
        name
        for name, definition, options in views
        if "security_barrier=true" not in options
        and not re.fullmatch(r"\s*SELECT [\w\s,\"]+ FROM release_0001\.\w+;", re.sub(r"\s+", " ", definition))
    ]
    assert {name for name, _, options in views if options} == {"release", "release_input", "gate_result"}


@pytest.fixture
def bi_reader(published_sample: Settings) -> Iterator[psycopg.Connection]:
    with psycopg.connect(warehouse.dsn(published_sample, "bi_reader"), autocommit=True) as connection:
        yield connection


@pytest.mark.parametrize(
    "condition", ["message::integer = 1", "1 / length(message) = 1", "to_date(message, 'YYYY') is null"]
)
def test_a_readers_condition_meets_no_row_that_a_view_hides(bi_reader: psycopg.Connection, condition: str) -> None:
    """Its error message would quote the row: the barrier's own condition comes first, whatever the planner thinks of costs."""
    plan = [
        line.strip()
        for (line,) in bi_reader.execute(f"explain (costs off) select * from published.gate_result where {condition}")
    ]
    assert plan[0] == "Subquery Scan on gate_result"
    assert plan[1].startswith("Filter: ")
    [hides] = [line for line in plan if "release_id IS NOT NULL" in line]
    assert plan.index(hides) > 1
    assert not any("message" in line for line in plan[2:])


def test_statistics_and_activity_betray_no_value(
    published_sample: Settings, bi_reader: psycopg.Connection, as_loader: psycopg.Connection
) -> None:
    assert bi_reader.execute("select count(*) from pg_stats where schemaname !~ '^(pg_|information_)'").fetchone() == (
        0,
    )
    assert bi_reader.execute("select count(*) from pg_stats_ext").fetchone() == (0,)
    for catalogue in ("pg_statistic", "pg_statistic_ext_data", "pg_authid", "pg_largeobject", "pg_subscription"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            bi_reader.execute(f"select * from {catalogue}")
    as_loader.execute("select 'what a step asks'")
    others = bi_reader.execute(
        "select distinct query from pg_stat_activity where pid <> pg_backend_pid() and usename = 'wres_loader_login'"
    ).fetchall()
    assert others == [("<insufficient privilege>",)]
    # An estimate of the planner is made from statistics too; without the right to a table there is none to be had.
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        bi_reader.execute("explain select * from release_0001.restricted_indicator_result where white_pct > 50")


@pytest.fixture
def as_loader(published_sample: Settings) -> Iterator[psycopg.Connection]:
    with warehouse.connect(published_sample, "wres_loader", autocommit=True) as connection:
        yield connection
