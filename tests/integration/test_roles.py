"""What each role can do, and above all what it cannot: no step reaches beyond its part, no reader behind what is published."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import psycopg
import pytest
import workbooks

from wres import credentials, load, postgres, warehouse
from wres.settings import Settings

READERS = ("analyst", "bi_reader")
STEPS = ("wres_loader", "wres_gate", "wres_transformer", "wres_publisher")


@pytest.fixture(scope="module")
def furnished(new_warehouse: Callable[..., Settings], tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A warehouse with something in every schema, made by the role whose schema it is."""
    of = new_warehouse()
    path = workbooks.benchmark().write(tmp_path_factory.mktemp("feed") / "Benchmark.xlsx")
    load.load_file(of, "staff_survey", path)
    making = {
        "wres_transformer": [
            f"create table {schema}.thing as select 1 as a" for schema in ("staging", "intermediate", "marts")
        ],
        "wres_publisher": [
            "create schema release_1",
            "create table release_1.thing as select 1 as a",
            "create view published.thing as select * from release_1.thing",
            "create view restricted.thing as select * from release_1.thing",
            "insert into ops.release (release_id, schema_name, fingerprint, code_revision, is_synthetic)"
            " values (1, 'release_1', 'f', 'r', true)",
        ],
    }
    for role, statements in making.items():
        with warehouse.connect(of, role, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)
    return of


@pytest.fixture
def as_role(furnished: Settings) -> Iterator[Callable[[str], psycopg.Connection]]:
    opened = []

    def connect(role: str) -> psycopg.Connection:
        opened.append(warehouse.connect(furnished, role, autocommit=True))
        return opened[-1]

    yield connect
    for connection in opened:
        connection.close()


READ_RAW = "select * from raw.staff_survey__benchmark limit 1"
ASK_FOR_A_GOAL = "select published.leadership_recruits_needed(1630, 0.055, 0.165, 0.12, 10)"
MAY = {
    "bi_reader": [
        "select * from published.thing",
        ASK_FOR_A_GOAL,
        "select * from published.leadership_trajectory(9, 0.1, 0.2, 0.1, 5)",
    ],
    "analyst": ["select * from published.thing", "select * from restricted.thing"],
    "wres_loader": [READ_RAW, "select * from ops.release", "create table raw.other (a text)", "drop table raw.other"],
    "wres_gate": [
        READ_RAW,
        "select * from marts.thing",
        "create view gate.look as select * from raw.staff_survey__benchmark",
        "drop view gate.look",
    ],
    "wres_transformer": [READ_RAW, ASK_FOR_A_GOAL, "create table marts.other as select 1", "drop table marts.other"],
    "wres_publisher": [
        "select * from marts.thing",
        "alter schema marts rename to release_2",
        "alter schema release_2 rename to marts",
        "create or replace view published.thing as select * from release_1.thing",
        "update ops.release set is_pinned = true",
    ],
}


@pytest.mark.parametrize(("role", "statement"), [(role, each) for role, of in MAY.items() for each in of])
def test_role_may(as_role: Callable[[str], psycopg.Connection], role: str, statement: str) -> None:
    as_role(role).execute(statement)


READERS_MAY_NOT = [
    READ_RAW,
    "select * from staging.thing",
    "select * from intermediate.thing",
    "select * from marts.thing",
    "select * from release_1.thing",
    "select * from ops.load",
    "select * from ops.rejected_row",
    "select * from ops.current_content",
    "delete from published.thing",
    "drop view published.thing",
    "create table published.mine (a int)",
    "create table public.mine (a int)",
    "create temporary table mine (a int)",
    "create schema mine",
    "select * from staging.thing, published.thing",
    "do 'begin lock table published.thing in access exclusive mode; end'",
    "comment on view published.thing is 'mine'",
    "create function published.mine() returns int language sql return 1",
    "create function pg_temp.mine(text) returns boolean language plpgsql cost 0.0001 as 'begin return true; end'",
    "create domain published.mine as text",
    "create extension vector schema published",
    "create foreign data wrapper mine",
    "create publication mine for all tables",
    "create event trigger mine on ddl_command_start execute function pg_catalog.lower()",
    "select pg_read_file('/etc/passwd')",
    "select pg_read_binary_file('/etc/passwd')",
    "select pg_ls_dir('.')",
    "select pg_stat_file('postgresql.conf')",
    "select pg_current_logfile()",
    "copy (select 1) to program 'id'",
    "copy (select 1) to '/tmp/mine'",
    "copy published.thing from '/etc/passwd'",
    "copy published.thing from program 'id'",
    "select lo_import('/etc/passwd')",
    "select lo_export(1, '/tmp/mine')",
    "select lo_create(0)",
    "select lo_from_bytea(0, 'mine')",
    "select pg_advisory_lock(1464160083)",
    "select pg_try_advisory_xact_lock(1, 1)",
    "select pg_reload_conf()",
    "select pg_switch_wal()",
    "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'postgres'",
    "select ops.end_idle_readers()",
    "select ops.label_key('a')",
    "select nextval('ops.load_load_id_seq')",
    "select * from pg_authid",
    "select * from pg_statistic",
    "alter system set work_mem = '1GB'",
    "set log_statement = 'none'",
    "set session_replication_role = replica",
    "set role wres_publisher",
    "set role wres_transformer",
    "set role postgres",
    "select set_config('role', 'wres_loader', false)",
    "set session authorization wres_publisher_login",
    "grant wres_publisher to current_user",
    "alter role current_user superuser",
    "alter role wres_publisher_login password 'mine'",
    "create role mine superuser",
    "create database mine",
    "drop owned by wres_publisher",
]
MAY_NOT = {
    "bi_reader": [*READERS_MAY_NOT, "select * from restricted.thing", "set role analyst"],
    "analyst": [*READERS_MAY_NOT, "delete from restricted.thing"],
    "wres_loader": [
        "select * from marts.thing",
        "select * from restricted.thing",
        "create table marts.mine (a int)",
        "drop view published.thing",
        "update ops.release set is_current = true",
        "insert into ops.candidate (fingerprint, code_revision, is_synthetic) values ('f', 'r', false)",
        "insert into ops.acceptance (rule_id, fingerprint, comment) values ('V17', 'f', 'fine')",
        "update ops.gate_result set success = true",
        "create schema mine",
        "create table public.mine (a int)",
        "select pg_read_file('/etc/passwd')",
        "copy raw.staff_survey__benchmark to '/tmp/mine'",
        "set role wres_transformer",
    ],
    "wres_gate": [
        "insert into raw.staff_survey__benchmark (_load_id, _row_number) values (1, 1)",
        "update raw.staff_survey__benchmark set value = '0'",
        "delete from raw.staff_survey__benchmark",
        "drop table raw.staff_survey__benchmark",
        "update ops.load set state = 'accepted'",
        "delete from marts.thing",
        "create table marts.mine (a int)",
        "select * from restricted.thing",
        "drop view published.thing",
        "insert into ops.acceptance (rule_id, fingerprint, comment) values ('V17', 'f', 'fine')",
        "update ops.release set is_current = true",
    ],
    "wres_transformer": [
        "insert into raw.staff_survey__benchmark (_load_id, _row_number) values (1, 1)",
        "delete from raw.staff_survey__benchmark",
        "update ops.load set state = 'accepted'",
        "update ops.gate_result set success = true",
        "update ops.release set is_current = true",
        "create view published.mine as select 1",
        "drop view published.thing",
        "drop schema release_1 cascade",
        "create schema mine",
    ],
    "wres_publisher": [
        "insert into raw.staff_survey__benchmark (_load_id, _row_number) values (1, 1)",
        "delete from raw.staff_survey__benchmark",
        "update ops.load set state = 'accepted'",
        "delete from ops.file",
        "update ops.source set disclosure_policy = 'already_public'",
    ],
}


@pytest.mark.parametrize(("role", "statement"), [(role, each) for role, of in MAY_NOT.items() for each in of])
def test_role_may_not(as_role: Callable[[str], psycopg.Connection], role: str, statement: str) -> None:
    refusals = (psycopg.errors.InsufficientPrivilege, psycopg.errors.ReadOnlySqlTransaction)
    connection = as_role(role)
    if role in READERS:
        # Reading only is a habit that a session may drop; what it may touch is a right that it may not.
        connection.execute("set default_transaction_read_only = off")
    with pytest.raises(refusals):
        connection.execute(statement)


@pytest.mark.parametrize("role", [*STEPS, *READERS])
def test_nobody_is_more_than_a_login(as_role: Callable[[str], psycopg.Connection], role: str) -> None:
    connection = as_role(role)
    [name] = connection.execute("select session_user").fetchone() or ()
    assert name == f"{role}_login"
    rights = connection.execute(
        "select rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls from pg_roles where rolname in (%s, %s)",
        [role, name],
    ).fetchall()
    assert set(rights) == {(False,) * 5}
    assert connection.execute("select rolcanlogin from pg_roles where rolname = %s", [role]).fetchone() == (False,)


@pytest.mark.parametrize("role", READERS)
def test_reader_cannot_hold_up_or_tire_the_server(as_role: Callable[[str], psycopg.Connection], role: str) -> None:
    connection = as_role(role)
    for setting, value in (
        ("statement_timeout", "5min"),
        ("idle_in_transaction_session_timeout", "1min"),
        ("default_transaction_read_only", "on"),
    ):
        assert connection.execute(f"show {setting}").fetchone() == (value,)
    assert connection.execute("select rolconnlimit from pg_roles where rolname = session_user").fetchone() == (40,)


@pytest.mark.parametrize("role", [*STEPS, *READERS])
def test_airflow_database_is_airflows_alone(server_home: Settings, role: str) -> None:
    own = warehouse.dsn(server_home, role).rsplit("/", 1)[0]
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        psycopg.connect(f"{own}/airflow")


def test_airflow_has_no_business_in_the_warehouse(server_home: Settings) -> None:
    address = warehouse.dsn(server_home, warehouse.AIRFLOW, database="airflow")
    with psycopg.connect(address) as connection:
        assert connection.execute("select current_user").fetchone() == ("airflow",)
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        psycopg.connect(address.rsplit("/", 1)[0] + "/warehouse")


def test_unknown_role_is_refused_by_name(furnished: Settings) -> None:
    with pytest.raises(warehouse.UnknownRoleError, match=r"There is no role 'postgres'\. Roles: wres_loader, "):
        warehouse.dsn(furnished, "postgres")


def test_passwords_stay_out_of_the_servers_log(server_home: Settings, furnished: Settings) -> None:
    """Also where a statement with a password fails, which a server likes to write down."""
    roles = [*warehouse.GROUPS, warehouse.AIRFLOW]
    secrets = {credentials.password(server_home, warehouse.login(role)) for role in roles}
    secrets.add(credentials.password(server_home, postgres.ADMINISTRATOR))
    assert len(secrets) == len(roles) + 1, "each has its own"
    with psycopg.connect(postgres.administrator_dsn(server_home, "warehouse"), autocommit=True) as connection:
        secret = min(secrets)
        with pytest.raises(psycopg.errors.UndefinedObject):
            connection.execute(f"alter role nobody_of_that_name password '{secret}'")
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(warehouse.dsn(server_home, "analyst").replace("analyst_login:", "analyst_login:wrong"))
    log = (server_home.pgdata / "server.log").read_text(errors="replace")
    assert log
    assert not [secret for secret in secrets if secret in log]


def test_passwords_are_kept_hashed_and_private(server_home: Settings) -> None:
    assert server_home.credentials.stat().st_mode & 0o777 == 0o600
    with psycopg.connect(postgres.administrator_dsn(server_home, "warehouse")) as connection:
        hashes = connection.execute(
            "select rolpassword from pg_authid where rolname = any(%s)",
            [[f"{group}_login" for group in warehouse.GROUPS]],
        ).fetchall()
    assert len(hashes) == 6
    assert all(value.startswith("SCRAM-SHA-256$") for (value,) in hashes)


def test_each_step_of_the_work_owns_its_schema(furnished: Settings) -> None:
    with warehouse.connect(furnished, "wres_loader") as connection:
        owners = dict(
            connection.execute(
                "select nspname, nspowner::regrole::text from pg_namespace where nspname !~ '^(pg_|information_schema)'"
            ).fetchall()
        )
        tables = connection.execute("select distinct tableowner from pg_tables where schemaname = 'raw'").fetchall()
    assert owners == {
        **owners,
        "raw": "wres_loader",
        "gate": "wres_gate",
        "staging": "wres_transformer",
        "intermediate": "wres_transformer",
        "marts": "wres_transformer",
        "published": "wres_publisher",
        "restricted": "wres_publisher",
        "release_1": "wres_publisher",
    }
    assert tables == [("wres_loader",)], "objects belong to the group, so that every login of it can replace them"


def test_migrating_again_changes_nothing(furnished: Settings) -> None:
    with psycopg.connect(furnished.warehouse_url or "", autocommit=True) as connection:
        before = connection.execute("select relname, relacl::text from pg_class order by relname").fetchall()
        connection.execute(warehouse.MIGRATION.read_text())  # type: ignore[arg-type]
        assert connection.execute("select relname, relacl::text from pg_class order by relname").fetchall() == before
