"""The corpus of bad files through ``wres run``: each has its verdict and its words, and nothing else is touched.

All are dropped at once into the landing folder of a copy of a published warehouse, as people would.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from candidates import administrator
from click.testing import Result
from commands import wres
from corpus import CASES, Case

from wres import archive, registry
from wres.exit_codes import REJECTED
from wres.settings import Settings

MEGABYTES = 128
_BEGINS = re.compile(r"^(?=(?:REJECTED|ACCEPTED WITH WARNINGS)  )", re.MULTILINE)


@dataclass
class Dropped:
    """What was there before and after, and what was said."""

    of: Settings
    paths: dict[Case, Path]
    before: dict[str, str]
    after: dict[str, str]
    result: Result
    said: dict[str, str]

    def about(self, case: Case) -> str:
        """What was said of the case's file."""
        return self.said.get(f"{archive.kept_name(self.paths[case])} ({case.source})", "")

    def load(self, case: Case) -> tuple[int, str, int, int, str | None] | None:
        """Number, state, rows, rows set aside and report of the case's load."""
        with administrator(self.of) as connection:
            rows = connection.execute(
                "select load_id, state, rows_loaded, rows_rejected, report from ops.load"
                " where source = %s and file_name = %s",
                [case.source, archive.kept_name(self.paths[case])],
            ).fetchall()
        assert len(rows) <= 1, "a file is loaded once"
        return rows[0] if rows else None


@pytest.fixture(scope="module")
def dropped(copy_warehouse: Callable[[Settings], Settings], published_sample: Settings) -> Dropped:
    of = replace(copy_warehouse(published_sample), workbook_megabytes=MEGABYTES)
    paths = {case: of.landing / case.source / case.file for case in CASES}
    for case, path in paths.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        case.make(path)
    before = published(of)
    result = wres(of, "run")
    blocks = [block for block in _BEGINS.split(result.stderr) if _BEGINS.match(block)]
    said = {block.split("\n", 1)[0].partition("  ")[2]: block for block in blocks}
    return Dropped(of, paths, before, published(of), result, said)


def published(of: Settings) -> dict[str, str]:
    """A fingerprint of all rows of every table and view that releases show, by name."""
    with administrator(of) as connection:
        names = connection.execute(
            "select table_schema || '.' || table_name from information_schema.tables"
            " where table_schema in ('published', 'restricted') or table_schema like 'release\\_%'"
            # The results of raw gates are those of loads, and grow with them.
            " and table_name <> 'gate_result' union all select 'ops.release' union all select 'ops.release_input'"
        ).fetchall()
        prints = {}
        for (name,) in names:
            rows = connection.execute(f"select t::text from {name} as t order by 1").fetchall()
            prints[name] = hashlib.sha256(repr(rows).encode()).hexdigest()
        return prints


def test_the_corpus_has_every_source_and_every_verdict() -> None:
    assert {case.source for case in CASES} == set(registry.registry())
    assert {case.verdict for case in CASES} == {"rejected", "rows set aside", "accepted", "passed over"}
    assert len(CASES) >= 60
    assert len({(case.source, case.file) for case in CASES}) == len({case.what for case in CASES}) == len(CASES)


def test_nothing_crashes_and_nothing_is_built(dropped: Dropped) -> None:
    assert dropped.result.exit_code == REJECTED
    assert "Traceback" not in dropped.result.output
    assert "panicked" not in dropped.result.output
    assert "Not built, because a file was rejected" in dropped.result.output


def test_what_is_published_stays_as_it_was(dropped: Dropped) -> None:
    assert len(dropped.before) > 20
    assert dropped.after == dropped.before


@pytest.mark.parametrize("case", CASES, ids=str)
def test_verdict(dropped: Dropped, case: Case) -> None:
    load = dropped.load(case)
    if case.verdict == "passed over" or not case.archived:
        assert load is None
        return
    assert load is not None
    _, state, rows, rejected, report = load
    assert (state == "rejected") == (case.verdict == "rejected"), dropped.about(case)
    assert (state == "rejected") == (report is not None)
    if state == "accepted":
        assert (rows > 0, rejected > 0) == (True, case.verdict == "rows set aside")


@pytest.mark.parametrize("case", [case for case in CASES if case.says], ids=str)
def test_words(dropped: Dropped, case: Case) -> None:
    """Place, value, reason and what to do; in the report that goes back to the sender too."""
    said = dropped.about(case)
    assert said.startswith("REJECTED" if case.verdict == "rejected" else "ACCEPTED WITH WARNINGS")
    assert [words for words in case.says if words not in said] == [], said
    load = dropped.load(case)
    if load and load[4]:
        report = (dropped.of.home / load[4]).read_text()
        assert [words for words in case.says if words not in report] == []
    problems = [line for line in said.splitlines()[1:] if not line.startswith("  report: ")]
    assert all(line.startswith("      what to do: ") and line.endswith(".") for line in problems[1::2]), said
    assert max(map(len, said.splitlines())) < 1000


def test_no_message_can_forge_another_or_turn_the_terminal(dropped: Dropped) -> None:
    shown = dropped.result.output.replace("\n", "")
    assert [sign for sign in shown if not sign.isprintable()] == []


def test_no_load_is_half_done(dropped: Dropped) -> None:
    with administrator(dropped.of) as connection:
        assert (
            connection.execute("select load_id from ops.load where state not in ('accepted', 'rejected')").fetchall()
            == []
        )
        for (table,) in connection.execute("select tablename from pg_tables where schemaname = 'raw'").fetchall():
            orphans = connection.execute(
                f"select distinct _load_id from raw.{table} where _load_id not in"
                " (select load_id from ops.load where state = 'accepted')"
            ).fetchall()
            assert orphans == [], table
        contents = "select load_id from ops.load_content where load_id in (select load_id from ops.load where state = 'rejected')"
        assert connection.execute(contents).fetchall() == []
        counted = connection.execute(
            "select load_id from ops.load as l where rows_rejected <>"
            " (select count(*) from ops.rejected_row as r where r.load_id = l.load_id)"
        ).fetchall()
        assert counted == []


def test_no_file_is_lost(dropped: Dropped) -> None:
    """What was dropped stays where it is, and a copy of the same bytes lies in the archive; a refused file has its report."""
    kept = {
        hashlib.sha256(path.read_bytes()).hexdigest(): path
        for path in dropped.of.archive.rglob("*")
        if path.is_file() and path.name != "manifest.json"
    }
    for case, path in dropped.paths.items():
        assert path.exists() or path.is_symlink()
        if case.verdict == "passed over" or not case.archived:
            continue
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        assert sha256 in kept, case.what
        assert kept[sha256].is_relative_to(dropped.of.archive / case.source)
        if case.verdict == "rejected":
            folder = dropped.of.rejected / case.source / sha256[:12]
            assert {report.name for report in folder.iterdir()} == {"report.txt", "report.xlsx"}


def test_nothing_lies_outside_its_folder(dropped: Dropped) -> None:
    assert not list(dropped.of.home.parent.rglob("escaped*"))
    assert not [path for path in dropped.of.archive.rglob("*") if path.is_symlink()]


def test_the_same_again_looks_at_nothing_twice(dropped: Dropped) -> None:
    """Refused files wait for other rules or other bytes; what cannot be read is named each time, until somebody mends it."""
    again = wres(dropped.of, "run")
    assert again.exit_code == REJECTED
    unread = [case for case in CASES if not case.archived]
    assert again.stderr.count("REJECTED  ") == len(unread)
    assert "accepted: " not in again.stdout
    assert "already known: " not in again.stdout
    waiting = wres(dropped.of, "status").stdout
    names = [f"{case.source}/{archive.kept_name(dropped.paths[case])}" for case in unread]
    assert all(f"{name}: the file cannot be taken in" in waiting for name in names)
