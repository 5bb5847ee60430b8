"""Releases: the swap under readers, what becomes of views and rights, rollback and retention."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import psycopg
import pytest
from candidates import administrator, stage_candidate

from wres import publish, warehouse
from wres.settings import Settings

# Two views and the bookkeeping in one statement: their marks must be of one release.
MARKS = """
    select
        (select string_agg(distinct source_vintage, ',') from published.indicator_result),
        (select string_agg(distinct icb_code, ',') from published.organisation),
        (select fingerprint from published.release where is_current)
"""


@pytest.fixture
def of(published_sample: Settings, copy_warehouse: Callable[[Settings], Settings]) -> Settings:
    """A warehouse with release 1, for one test."""
    return copy_warehouse(published_sample)


def marked(mark: str) -> tuple[str, ...]:
    """Changes that write a mark into three tables of the candidate."""
    return (
        f"update indicator_result set source_vintage = '{mark}'",
        f"update restricted_indicator_result set source_vintage = '{mark}'",
        f"update organisation set icb_code = '{mark}'",
    )


def release(of: Settings, mark: str, *changes: str) -> publish.Release:
    """Publish release 1 once more with a mark and with changes."""
    stage_candidate(of, mark, *marked(mark), *changes, gate_passed=True)
    made = publish.publish(of)
    assert made is not None
    return made


def read(of: Settings, role: str, query: str) -> list[tuple]:
    with psycopg.connect(warehouse.dsn(of, role)) as connection:
        return connection.execute(query).fetchall()


def schemas(of: Settings) -> list[str]:
    with administrator(of) as connection:
        return [
            row[0]
            for row in connection.execute("select nspname from pg_namespace where nspname like 'release_%' order by 1")
        ]


def columns(of: Settings, schema: str, view: str) -> list[tuple[str, str]]:
    with administrator(of) as connection:
        return connection.execute(
            "select column_name, data_type from information_schema.columns where table_schema = %s and table_name = %s"
            " order by ordinal_position",
            [schema, view],
        ).fetchall()


@dataclass
class Readers:
    """Dashboards that never pause: what they saw, and what went wrong."""

    seen: set[tuple] = field(default_factory=set)
    errors: list[BaseException] = field(default_factory=list)
    reads: int = 0
    slowest: float = 0.0


@contextmanager
def reading(of: Settings, number: int = 4) -> Iterator[Readers]:
    found, done = Readers(), threading.Event()
    address = warehouse.dsn(of, "bi_reader")

    def loop(prepared: bool) -> None:
        try:
            with psycopg.connect(address, autocommit=True, prepare_threshold=1 if prepared else None) as connection:
                while not done.is_set():
                    begun = time.monotonic()
                    row = connection.execute(MARKS).fetchone()
                    found.slowest = max(found.slowest, time.monotonic() - begun)
                    found.reads += 1
                    found.seen.add(tuple(row or ()))
        except psycopg.Error as error:
            found.errors.append(error)

    threads = [threading.Thread(target=loop, args=(place % 2 == 0,)) for place in range(number)]
    for thread in threads:
        thread.start()
    try:
        yield found
    finally:
        done.set()
        for thread in threads:
            thread.join(30)


def test_readers_see_one_release_or_the_other_and_never_an_error(of: Settings) -> None:
    release(of, "mark-2")
    with reading(of) as readers:
        for number in range(3, 7):
            release(of, f"mark-{number}")
            # A view of another shape is dropped and made again, which readers must not notice either.
            release(of, f"mark-{number}-reshaped", "alter table organisation drop column parent_code")
        for number in (2, 5, 3):
            publish.rollback(of, number)
        time.sleep(0.2)
    assert not readers.errors
    mixed = [row for row in readers.seen if len(set(row)) != 1]
    assert not mixed
    assert len(readers.seen) >= 3, "the readers were not there while releases changed"
    assert readers.reads > 50
    assert read(of, "bi_reader", MARKS) == [("mark-3",) * 3]


def test_a_reader_who_leaves_a_transaction_open_holds_nobody_up(of: Settings) -> None:
    """Although it has read every view and turned off the limit that its login has."""
    [(limit,)] = read(of, "bi_reader", "show idle_in_transaction_session_timeout")
    [(analyst_limit,)] = read(of, "analyst", "show idle_in_transaction_session_timeout")
    assert (limit, analyst_limit) == ("1min", "1min")
    stage_candidate(of, "mark-2", *marked("mark-2"), gate_passed=True)
    with psycopg.connect(warehouse.dsn(of, "bi_reader")) as forgetful:
        forgetful.execute("set idle_in_transaction_session_timeout = 0")
        views = forgetful.execute("select viewname from pg_views where schemaname = 'published'").fetchall()
        assert len(views) > 20
        for (view,) in views:
            forgetful.execute(f'select * from published."{view}" limit 1')
        with reading(of, 2) as readers:
            begun = time.monotonic()
            assert publish.publish(of) is not None
            waited = time.monotonic() - begun
        assert waited > 3, "the open transaction should have held the views"
        assert waited < 45, "before the limit of their login, however busy the machine is"
        with pytest.raises(psycopg.Error):
            forgetful.execute("select 1")
        forgetful.close()
    assert not readers.errors
    # While it waits, a publish steps back again and again, so that other readers pass.
    assert readers.slowest < 2.5
    assert readers.reads > 10


def test_a_publish_that_never_gets_the_views_changes_nothing(of: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publish, "_PATIENCE_SECONDS", 1)
    before = (schemas(of), read(of, "bi_reader", MARKS))
    stage_candidate(of, "mark-2", *marked("mark-2"), gate_passed=True)
    with psycopg.connect(warehouse.dsn(of, "bi_reader")) as busy:
        busy.execute("select count(*) from published.indicator_result")
        with pytest.raises(publish.PublishError, match="nothing was changed"):
            publish.publish(of)
        assert (schemas(of), read(of, "bi_reader", MARKS)) == before
    made = publish.publish(of)
    assert made is not None and made.release_id == 2
    assert read(of, "bi_reader", MARKS) == [("mark-2",) * 3]


def test_a_view_follows_its_table_whatever_happens_to_its_columns(of: Settings) -> None:
    before = columns(of, "published", "indicator_result")
    release(
        of,
        "mark-2",
        "alter table indicator_result drop column white_count",
        "alter table indicator_result rename column bme_count to bme_heads",
        "alter table indicator_result alter column survey_year type text",
        "alter table restricted_indicator_result add column note text",
        "drop table indicator_result_vintage",
        "create table extra as select 1 as one",
        "create table restricted_extra as select 2 as two",
    )
    now = dict(columns(of, "published", "indicator_result"))
    assert set(dict(before)) - set(now) == {"white_count", "bme_count"}
    assert set(now) - set(dict(before)) == {"bme_heads"}
    assert now["survey_year"] == "text"
    assert columns(of, "restricted", "indicator_result")[-1] == ("note", "text")
    assert columns(of, "published", "indicator_result_vintage") == []
    assert read(of, "bi_reader", "select one from published.extra") == [(1,)]
    assert read(of, "analyst", "select two from restricted.extra") == [(2,)]

    publish.rollback(of, 1)
    assert columns(of, "published", "indicator_result") == before
    assert columns(of, "published", "extra") == columns(of, "restricted", "extra") == []
    assert read(of, "bi_reader", "select count(*) > 0 from published.indicator_result_vintage") is not None


def test_published_views_stand_on_releases_alone(of: Settings) -> None:
    release(of, "mark-2", "alter table organisation drop column parent_code")
    with administrator(of) as connection:
        stands_on = connection.execute(
            """
            select distinct v.relname, t.relnamespace::regnamespace::text
            from pg_class as v
            inner join pg_rewrite as r on r.ev_class = v.oid
            inner join pg_depend as d on d.objid = r.oid and d.classid = 'pg_rewrite'::regclass
            inner join pg_class as t on d.refobjid = t.oid and d.refclassid = 'pg_class'::regclass
            where v.relkind = 'v' and v.relnamespace in ('published'::regnamespace, 'restricted'::regnamespace)
                and t.oid <> v.oid
            """
        ).fetchall()
    assert {schema for _, schema in stands_on} == {"release_0002", "ops"}
    assert {view for view, schema in stands_on if schema == "ops"} == {"release", "release_input", "gate_result"}
    # dbt drops and makes its tables again: nobody who reads notices.
    with administrator(of) as connection:
        connection.execute("drop schema marts, intermediate, staging cascade")
    assert read(of, "bi_reader", MARKS) == [("mark-2",) * 3]


def test_views_explain_themselves(of: Settings) -> None:
    with administrator(of) as connection:
        silent = connection.execute(
            """
            select v.relnamespace::regnamespace || '.' || v.relname || '.' || a.attname
            from pg_class as v
            inner join pg_attribute as a on a.attrelid = v.oid and a.attnum > 0
            where v.relkind = 'v' and v.relnamespace in ('published'::regnamespace, 'restricted'::regnamespace)
                and v.relname not in ('release', 'release_input', 'gate_result')
                and (col_description(v.oid, a.attnum) is null or obj_description(v.oid) !~ 'One row per')
            """
        ).fetchall()
    assert silent == []


def test_rights_after_a_new_release(of: Settings) -> None:
    release(of, "mark-2", "alter table organisation drop column parent_code", "create table extra as select 1 as one")
    with administrator(of) as connection:
        relations = connection.execute(
            "select n.nspname, c.relname from pg_class as c inner join pg_namespace as n on c.relnamespace = n.oid"
            " where c.relkind in ('r', 'v', 'm') and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')"
        ).fetchall()

        def readable(role: str) -> set[tuple[str, str]]:
            return {
                relation
                for relation in relations
                for may, uses in [
                    connection.execute(
                        "select has_table_privilege(%s, %s, 'select'), has_schema_privilege(%s, %s, 'usage')",
                        [role, f'{relation[0]}."{relation[1]}"', role, relation[0]],
                    ).fetchone()
                    or (False, False)
                ]
                if may and uses
            }

        published = {relation for relation in relations if relation[0] == "published"}
        restricted = {relation for relation in relations if relation[0] == "restricted"}
        assert readable("bi_reader_login") == published
        assert readable("analyst_login") == published | restricted
    for query in ("update published.extra set one = 2", "select * from release_0002.organisation"):
        with pytest.raises(psycopg.Error):
            read(of, "bi_reader", query)


def test_rollback_serves_an_earlier_release_and_the_next_one_follows_it(of: Settings) -> None:
    release(of, "mark-2")
    publish.rollback(of, 1)
    assert [r.release_id for r in publish.releases(of) if r.is_current] == [1]
    assert read(of, "bi_reader", MARKS)[0][0] != "mark-2"
    publish.rollback(of, 1)  # again: nothing to do
    assert release(of, "mark-3").release_id == 3
    assert read(of, "bi_reader", MARKS) == [("mark-3",) * 3]
    with pytest.raises(publish.PublishError, match=r"There is no release 9; see `wres releases`\."):
        publish.rollback(of, 9)


def test_equal_inputs_make_no_second_release(of: Settings) -> None:
    newest = publish.releases(of)[0]
    stage_candidate(of, newest.fingerprint, gate_passed=True)
    assert publish.publish(of) is None
    assert schemas(of) == ["release_0001"]


@pytest.mark.parametrize("gate_passed", [None, False])
def test_only_a_candidate_that_passed_is_published(of: Settings, gate_passed: bool | None) -> None:
    stage_candidate(of, "mark-2", gate_passed=gate_passed)
    with pytest.raises(publish.PublishError, match="has not passed its gate"):
        publish.publish(of)
    assert schemas(of) == ["release_0001"]


def test_nothing_to_publish_in_an_empty_warehouse(warehouse_home: Settings) -> None:
    with pytest.raises(publish.PublishError, match="There is no candidate to publish"):
        publish.publish(warehouse_home)
    assert publish.releases(warehouse_home) == []


def test_retention_keeps_the_newest_the_current_and_the_pinned(of: Settings) -> None:
    three = replace(of, keep_releases=3)
    docs = of.home / "data_docs" / "of-release-3"
    for number in range(2, 8):
        made = release(of, f"mark-{number}")
        if number == 3:
            docs.mkdir(parents=True)
            with administrator(of) as connection:
                connection.execute(
                    "update ops.release set data_docs = 'data_docs/of-release-3' where release_id = %s",
                    [made.release_id],
                )
    publish.pin(of, 2, pinned=True)
    assert publish.prune(three) == [4, 3, 1]
    assert schemas(of) == [f"release_{number:04d}" for number in (2, 5, 6, 7)]
    assert not docs.exists()
    assert publish.prune(three) == []
    listed = {r.release_id: r for r in publish.releases(of)}
    assert [number for number, r in listed.items() if r.dropped_at] == [4, 3, 1]
    with pytest.raises(publish.PublishError, match=r"Release 3 is beyond retention; its tables were dropped on"):
        publish.rollback(of, 3)
    with pytest.raises(publish.PublishError, match="no release 3 with tables"):
        publish.pin(of, 3, pinned=True)

    publish.rollback(of, 2)
    publish.pin(of, 2, pinned=False)
    # The current release stays however old it is.
    assert publish.prune(replace(of, keep_releases=1)) == [7, 6, 5]
    assert read(of, "bi_reader", MARKS) == [("mark-2",) * 3]
    assert read(of, "bi_reader", "select release_id from published.release where is_queryable") == [(2,)]
