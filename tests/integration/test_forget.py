"""A person who is forgotten leaves every table, file, report and log, and comes back with no file and no backup."""

from __future__ import annotations

import gzip
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from candidates import administrator
from click.testing import CliRunner
from commands import environment, wres

from wres import archive, build, forget, load, warehouse
from wres.cli import main
from wres.gate import judge_loads
from wres.problems import Problem
from wres.settings import Settings

STAFF = "snapshot_date,org_code,person_id,ethnic_category,staff_group,pay_band\r\n"
NURSE = "Nursing and Midwifery Registered"
PERSON, OTHER = "SYNTHETIC-77", "SYNTHETIC-78"


def staff(*lines: tuple[str, str, str]) -> str:
    """A workforce file of these (day, organisation, person), among as many others as a file has."""
    everybody = [*lines, *(("2024-03-31", "RAA", f"SYNTHETIC-1{number:03d}") for number in range(150))]
    return STAFF + "".join(f'{day},{code},{person},A,"{NURSE}",Band 6\r\n' for day, code, person in everybody)


def feed(of: Settings, folder: Path, source: str, name: str, text: str) -> load.Loaded:
    path = folder / source / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, newline="")
    return load.load_file(of, source, path)


def rows(of: Settings, query: str, *parameters: object) -> list[tuple]:
    with administrator(of) as connection:
        return connection.execute(query, parameters).fetchall()


def everywhere(of: Settings, identifier: str) -> set[str]:
    """Every table of the database with a row that holds the identifier anywhere, and every file of the home that does."""
    found = set()
    with administrator(of) as connection:
        tables = connection.execute(
            "select c.oid::regclass::text from pg_class as c inner join pg_namespace as n on c.relnamespace = n.oid"
            " where c.relkind = 'r' and n.nspname !~ '^(pg_|information_schema)'"
        ).fetchall()
        for (table,) in tables:
            row = connection.execute(f"select 1 from {table} as t where t::text like %s limit 1", [f"%{identifier}%"])
            if row.fetchone():
                found.add(table)
        known = "select 1 from pg_stats where concat(most_common_vals, histogram_bounds) like %s limit 1"
        if connection.execute(known, [f"%{identifier}%"]).fetchone():
            found.add("the planner's statistics")
    for path in of.home.rglob("*"):
        if path.is_file() and identifier.encode() in path.read_bytes():
            found.add(str(path.relative_to(of.home)))
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("files")


@pytest.fixture(scope="module")
def untouched(new_warehouse: Callable[..., Settings], folder: Path) -> Settings:
    """A person in two quarters of staff, in a case and in training; the same identifier at another organisation; neighbours."""
    of = new_warehouse()
    first = staff(("2024-03-31", "RAA", PERSON), ("2024-03-31", "RAA", OTHER), ("2023-12-31", "RAA", PERSON))
    elsewhere = staff(("2024-03-31", "RBB", PERSON)).replace("2024-03-31,RAA", "2024-03-31,RBB")
    cases = (
        "org_code,case_id,person_id,process,entered_on,ethnic_category\n"
        f"RAA,C1,{PERSON},disciplinary,2024-02-14,K\nRAA,C2,{OTHER},disciplinary,2024-02-15,K\n"
    )
    training = (
        "org_code,person_id,completed_on,is_mandatory,ethnic_category\n"
        f'RAA,"{PERSON}",2024-02-01,n,A\nRAA, {PERSON} ,2024-02-02,n,A\nRAA,{OTHER},2024-02-03,n,A\n'
    )
    loaded = [
        feed(of, folder, "workforce", "workforce_2024-03.csv", first),
        feed(of, folder, "workforce", "workforce_2024-03_rbb.csv", elsewhere),
        feed(of, folder, "employee_relations", "employee_relations_2024-03.csv", cases),
        feed(of, folder, "training", "training_2024-03.csv", training),
    ]
    verdicts = judge_loads(of, [each.load_id or 0 for each in loaded])
    assert {verdict.state for verdict in verdicts} == {"accepted"}
    return of


@pytest.fixture
def filled(untouched: Settings, copy_warehouse: Callable[[Settings], Settings]) -> Settings:
    return copy_warehouse(untouched)


def test_every_row_goes_and_everybody_else_stays(filled: Settings) -> None:
    others = rows(
        filled, "select count(*) from raw.workforce__staff where not (org_code = 'RAA' and person_id = %s)", PERSON
    )
    said = wres(filled, "forget", PERSON, "--org", "RAA", "--comment", "case 7 of 2024")
    assert said.exit_code == 0, said.output
    for line in (
        "2 rows of raw.workforce__staff",
        "1 row of raw.employee_relations__case",
        "2 rows of raw.training__completion",
    ):
        assert line in said.output
    for name in ("workforce_2024-03.csv", "employee_relations_2024-03.csv", "training_2024-03.csv"):
        assert f"archive: {name} is kept without the person's lines" in said.output
    assert rows(filled, "select distinct org_code from raw.workforce__staff where person_id = %s", PERSON) == [("RBB",)]
    assert (
        rows(filled, "select count(*) from raw.workforce__staff where person_id <> %s or org_code = 'RBB'", PERSON)
        == others
    )
    assert rows(filled, "select count(*) from raw.training__completion") == [(1,)]
    # Loads know how many rows they have now.
    assert rows(
        filled,
        "select count(*) from ops.load as l where source = 'workforce'"
        " and rows_loaded <> (select count(*) from raw.workforce__staff where _load_id = l.load_id)",
    ) == [(0,)]
    [(comment, digest)] = rows(filled, "select comment, digest from ops.forgotten where comment <> ''")[:1]
    assert comment == "case 7 of 2024"
    assert re.fullmatch(r"[0-9a-f]{64}", digest)
    assert rows(filled, "select status, rows_out, message from ops.outcome where step = 'forget'") == [
        ("ok", 5, "case 7 of 2024")
    ]


def test_the_archive_keeps_every_other_line_under_its_number_and_says_both_hashes(filled: Settings) -> None:
    [(sha256, archived_as, bytes_before)] = rows(
        filled, "select sha256, archived_as, bytes from ops.file where name = 'workforce_2024-03.csv'"
    )
    before = (filled.home / archived_as).read_bytes().splitlines(keepends=True)
    assert not rows(filled, "select 1 from ops.file where kept_sha256 is not null")
    wres(filled, "forget", PERSON, "--org", "RAA")
    after = (filled.home / archived_as).read_bytes().splitlines(keepends=True)
    assert after == [b"\r\n" if PERSON.encode() in line else line for line in before]
    assert before != after
    [(kept, erased)] = rows(filled, "select kept_sha256, erased_at is not null from ops.file where sha256 = %s", sha256)
    assert (kept, erased) == (archive.sha256_of(filled.home / archived_as), True)
    manifest = (filled.home / archived_as).with_name("manifest.json").read_text()
    assert sha256 in manifest
    assert kept in manifest
    assert str(bytes_before) in manifest


@pytest.mark.parametrize("how", ["same bytes", "withdrawn", "another file", "archive lost"])
def test_no_file_brings_the_person_back(filled: Settings, folder: Path, tmp_path: Path, how: str) -> None:
    path = Path(shutil.copy(folder / "workforce" / "workforce_2024-03.csv", tmp_path))
    wres(filled, "forget", PERSON, "--org", "RAA")
    if how == "same bytes":
        assert load.load_file(filled, "workforce", path).state == "known"
    else:
        [(load_id,)] = rows(filled, "select load_id from ops.load where file_name = 'workforce_2024-03.csv'")
        load.withdraw(filled, load_id, "to load it again")
    if how == "archive lost":
        shutil.rmtree(filled.archive)
    if how == "another file":
        path.write_text(path.read_text().replace("Band 6", "Band 7"), newline="")
    if how != "same bytes":
        loaded = load.load_file(filled, "workforce", path)
        assert loaded.state == "loaded"
        # Judged by the rules in another test; here it matters that the note stays with the load.
        with warehouse.connect(filled, "wres_loader", autocommit=True) as connection:
            [(noted,)] = connection.execute("select problems from ops.load where load_id = %s", [loaded.load_id])
            load.accept(connection, loaded.load_id or 0, [Problem(**problem) for problem in noted])
        [(state, problems, loaded_rows)] = rows(
            filled, "select state, problems, rows_loaded from ops.load where load_id = %s", loaded.load_id
        )
        assert state == "accepted"
        # The archive's own copy has no line to leave out any more; bytes that are new have.
        assert [problem["rule"] for problem in problems if problem["rule"] == "F08"] == (
            [] if how == "withdrawn" else ["F08"]
        )
        assert loaded_rows == 151
    assert rows(filled, "select distinct org_code from raw.workforce__staff where person_id = %s", PERSON) == [("RBB",)]
    held = [path for path in filled.archive.rglob("*.csv") if PERSON.encode() in path.read_bytes()]
    assert [path.name for path in held] == (["workforce_2024-03_rbb.csv"] if how != "archive lost" else [])


def test_a_backup_of_the_database_does_not_bring_the_person_back(
    filled: Settings, copy_warehouse: Callable[[Settings], Settings]
) -> None:
    backup = copy_warehouse(filled)
    wres(filled, "forget", PERSON, "--org", "RAA")
    # The database of before, beside the home of today; and the other way round.
    restored = replace(filled, warehouse_url=backup.warehouse_url)
    assert rows(
        restored, "select count(*) from raw.workforce__staff where org_code = 'RAA' and person_id = %s", PERSON
    ) == [(2,)]
    with warehouse.connect(restored, "wres_transformer", autocommit=True) as connection:
        assert forget.digests(restored, connection), "the next build knows that its inputs are others"
    with warehouse.writer(restored):
        forget.renew(restored)
    assert rows(
        restored, "select count(*) from raw.workforce__staff where org_code = 'RAA' and person_id = %s", PERSON
    ) == [(0,)]
    assert rows(restored, "select count(*) from raw.training__completion where person_id ~ %s", PERSON) == [(0,)]
    lost = filled.home / "forgotten.txt"
    kept = lost.read_text()
    assert lost.stat().st_mode & 0o777 == 0o600
    lost.unlink()
    with warehouse.writer(filled):
        forget.renew(filled)
    assert sorted(lost.read_text().split()) == sorted(kept.split())


def test_forgetting_twice_says_so_and_changes_nothing(filled: Settings) -> None:
    wres(filled, "forget", PERSON, "--org", "RAA")
    before = (
        rows(filled, "select * from ops.file order by sha256"),
        rows(filled, "select digest from ops.forgotten order by 1"),
    )
    for arguments in (("--org", "RAA"), ()):
        if not arguments:
            wres(filled, "forget", PERSON, "--org", "RBB")
            before = (
                rows(filled, "select * from ops.file order by sha256"),
                rows(filled, "select digest from ops.forgotten order by 1"),
            )
        said = wres(filled, "forget", PERSON, *arguments)
        assert said.exit_code == 0, said.output
        assert "Forgotten before; no row is left." in said.output
        assert (
            rows(filled, "select * from ops.file order by sha256"),
            rows(filled, "select digest from ops.forgotten order by 1"),
        ) == before


def test_what_was_killed_half_way_is_finished_by_the_same_command(
    filled: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(forget, "_clean_archive", killed)
        with pytest.raises(KeyboardInterrupt):
            forget.forget(filled, PERSON, org_codes=["RAA"])
    done = forget.forget(filled, PERSON, org_codes=["RAA"])
    assert done.again
    assert sorted(done.rewritten) == ["employee_relations_2024-03.csv", "training_2024-03.csv", "workforce_2024-03.csv"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("SYNTHETIC-nobody",), "No row names 'SYNTHETIC-nobody'"),
        ((PERSON, "--org", "RZZ"), f"No row names '{PERSON}'"),
        (("nil_return",), "'nil_return' is nobody's identifier"),
        ((" ",), "'' is nobody's identifier"),
        ((PERSON,), f"'{PERSON}' may be more than one person"),
        ((PERSON, "--source", "recruitment"), "recruitment has no lines about single people"),
        ((PERSON, "--org", "RAA", "--comment", f"for {PERSON}"), "must not name the person"),
    ],
)
def test_what_is_unclear_is_refused_and_changes_nothing(
    filled: Settings, arguments: tuple[str, ...], says: str
) -> None:
    before = everywhere(filled, PERSON)
    said = wres(filled, "forget", *arguments)
    assert said.exit_code == 2
    assert says in said.output
    assert everywhere(filled, PERSON) == before
    assert rows(filled, "select count(*) from ops.forgotten") == [(0,)]


def test_who_else_has_the_identifier_is_said_by_organisation(untouched: Settings) -> None:
    said = wres(untouched, "forget", PERSON).output
    [line] = [line for line in said.splitlines() if line.startswith("  RAA, person_id: ")]
    assert set(line.partition(": ")[2].split(", ")) == {
        "2 in workforce__staff",
        "1 in employee_relations__case",
        "2 in training__completion",
    }
    assert "RBB, person_id: 1 in workforce__staff" in said
    assert "--org CODE" in said


def test_the_identifier_can_be_given_where_no_list_of_processes_shows_it(filled: Settings) -> None:
    said = CliRunner().invoke(main, ["forget", "-", "--org", "RAA"], input=f"{PERSON}\n", env=environment(filled))
    assert said.exit_code == 0
    assert "2 rows of raw.workforce__staff" in said.output


def test_rows_set_aside_reports_rejected_files_and_logs_quote_nobody(warehouse_home: Settings, tmp_path: Path) -> None:
    of = warehouse_home
    # One bad row among many is set aside; its value is the identifier itself in the other file, which is rejected whole.
    wrong = staff(("2024-03-31", "RAA", PERSON)).replace(f"{PERSON},A,", f"{PERSON},WHO,")
    first = feed(of, tmp_path, "workforce", "workforce_2024-03.csv", wrong)
    assert [verdict.rows_rejected for verdict in judge_loads(of, [first.load_id or 0])] == [1]
    assert rows(of, "select count(*) from ops.rejected_row where content ->> 'person_id' = %s", PERSON) == [(1,)]
    unread = staff(("2024-06-30", "RAA", PERSON)).replace("org_code", "the organisation")
    assert feed(of, tmp_path, "workforce", "workforce_2024-06.csv", unread).state == "rejected"
    utf16 = tmp_path / "workforce" / "workforce_2024-09.csv"
    utf16.write_text(staff(("2024-09-30", "RAA", PERSON)), encoding="utf-16")
    assert load.load_file(of, "workforce", utf16).state == "rejected"
    # Files whose report quotes the identifier, as rules about it do.
    loaded = feed(of, tmp_path, "workforce", "workforce_2024-12.csv", staff(("2024-12-31", "RAA", OTHER)))
    quoting = Problem(rule="V01", scope="file", message="twice", action="Mend it.", column="person_id", value=PERSON)
    with warehouse.connect(of, "wres_loader", autocommit=True) as connection:
        load.reject(of, connection, loaded.load_id or 0, [quoting])
    log = of.logs / "airflow" / "dag_id=ingest_workforce" / "attempt=1.log"
    log.parent.mkdir(parents=True)
    log.write_text(f"V01  row 2, column person_id, value '{PERSON}': twice\nrow 3, value '{OTHER}'\n")
    landing = of.landing / "workforce" / "workforce_2024-06.csv"
    landing.parent.mkdir(parents=True)
    landing.write_text(unread)

    said = wres(of, "forget", PERSON)
    assert said.exit_code == 0, said.output
    assert "1 row of ops.rejected_row" in said.output
    for name in ("workforce_2024-06.csv", "workforce_2024-09.csv"):
        assert f"archive: {name}, which was rejected, is deleted" in said.output
    assert f"still there, for you to delete: {landing}" in said.output
    assert "2 reports and logs quote them no longer" in said.output
    assert everywhere(of, PERSON) == {str(landing.relative_to(of.home))}
    report = next(of.rejected.glob("workforce/*/report.txt")).parent.parent
    texts = [path.read_text() for path in report.rglob("report.txt")]
    assert any("V01  column person_id, value '(forgotten)': twice" in text for text in texts)
    assert f"value '{OTHER}'" in log.read_text()
    # A file that was rejected and deleted may be sent again, and is judged anew.
    assert load.load_file(of, "workforce", tmp_path / "workforce" / "workforce_2024-06.csv").state == "rejected"


def test_who_stands_in_a_rejected_file_alone_is_found_there(warehouse_home: Settings, tmp_path: Path) -> None:
    unread = staff(("2024-06-30", "RAA", PERSON)).replace("org_code", "the organisation")
    assert feed(warehouse_home, tmp_path, "workforce", "workforce_2024-06.csv", unread).state == "rejected"
    said = wres(warehouse_home, "forget", PERSON)
    assert said.exit_code == 2
    assert "these rejected files do: workforce_2024-06.csv" in said.output
    said = wres(warehouse_home, "forget", PERSON, "--org", "RAA")
    assert said.exit_code == 0, said.output
    assert everywhere(warehouse_home, PERSON) == set()
    assert rows(warehouse_home, "select erased_at is not null, kept_sha256 from ops.file") == [(True, None)]


def test_packed_files_are_searched_and_stay_packed(warehouse_home: Settings, tmp_path: Path) -> None:
    sent = staff(("2024-03-31", "RAA", PERSON), ("2024-03-31", "RAA", OTHER))
    files = {"workforce_2024-03.csv.gz": sent, "workforce_2024-06.csv.gz": sent.replace("org_code", "the organisation")}
    loaded = []
    for name, text in files.items():
        path = tmp_path / "workforce" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(gzip.compress(text.encode()))
        loaded.append(load.load_file(warehouse_home, "workforce", path))
    assert [one.state for one in loaded] == ["loaded", "rejected"]
    assert [verdict.state for verdict in judge_loads(warehouse_home, [loaded[0].load_id or 0])] == ["accepted"]
    said = wres(warehouse_home, "forget", PERSON, "--org", "RAA")
    assert said.exit_code == 0, said.output
    [(archived_as,)] = rows(warehouse_home, "select archived_as from ops.file where kept_sha256 is not null")
    kept = gzip.decompress((warehouse_home.home / archived_as).read_bytes())
    assert kept == b"".join(
        b"\r\n" if PERSON.encode() in line else line for line in sent.encode().splitlines(keepends=True)
    )
    assert [path.name for path in warehouse_home.archive.rglob("*.gz")] == ["workforce_2024-03.csv.gz"]
    assert everywhere(warehouse_home, PERSON) == set()


# Derived tables and figures ------------------------------------------------------------------------------------------


def test_next_release_is_computed_without_the_person(
    whole_standard: Settings, copy_warehouse: Callable[[Settings], Settings]
) -> None:
    of = copy_warehouse(whole_standard)
    [(person, org_code, quarters)] = rows(
        of,
        "select s.person_id, s.org_code, array_agg(distinct s._period) from raw.workforce__staff as s"
        " inner join ops.current_content as now on now.source_table = 'workforce__staff'"
        " and (now.load_id, now.period, now.org_code) = (s._load_id, s._period, btrim(s.org_code))"
        " inner join raw.employee_relations__case as c on (s.org_code, s.person_id) = (c.org_code, c.person_id)"
        " where coalesce(ops.as_flag(s.is_bank_only), false) = false"
        " group by 1, 2 having count(distinct s._period) > 1 order by count(distinct s._period), 1 limit 1",
    )
    assert len(quarters) > 1
    assert not build.changed_inputs(of)
    held = everywhere(of, person)
    assert "raw.workforce__staff" in held
    said = wres(of, "forget", person)
    assert said.exit_code == 0, said.output
    assert build.changed_inputs(of), "the next run publishes a release without the person"

    with warehouse.writer(of):
        build.build(of)
    assert everywhere(of, person) == set()
    # Tables that follow people hold a number in place of the identifier: it has gone too.
    [(key,)] = rows(of, "select hashtextextended(%s, 0)", person)
    assert rows(of, "select 1 from intermediate.int_movement__person where person_key = %s", key) == []
    heads = (
        "select as_at, white_count + bme_count + unknown_count from {}.restricted_indicator_result where org_code = %s"
        " and level = 'organisation' and indicator_code = '1' and slice = 'all' and basis = 'records'"
        " and organisation_basis = 'as_reported' and period_kind = 'quarterly' and denominator = 'all_staff'"
    )
    before, after = (dict(rows(of, heads.format(schema), org_code)) for schema in ("release_0001", "marts"))
    fewer = {f"{day:%Y-%m}": before[day] - after[day] for day in before}
    assert set(fewer) & set(quarters)
    assert fewer == {period: int(period in quarters) for period in fewer}, "one head fewer where they were in post"
