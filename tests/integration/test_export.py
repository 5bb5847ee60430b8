"""A published table as a file: what a reader may see and nothing else, with its meaning beside it, whatever its size."""

from __future__ import annotations

import csv
import json
import math
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path

import duckdb
import openpyxl
import psycopg
import pytest
from candidates import administrator, stage_candidate
from commands import environment, wres

from wres import export, publish, reference, warehouse
from wres.settings import Settings

TABLE = "indicator_result"
NASTY = '=HYPERLINK("http://x")'


@pytest.fixture(scope="module")
def of(published_sample: Settings, copy_warehouse: Callable[[Settings], Settings]) -> Settings:
    """Release 2 is current, with text that begins formulas and a table that no sheet holds; release 1 is the sample."""
    of = copy_warehouse(published_sample)
    long = export.EXCEL_ROWS + 1
    stage_candidate(
        of,
        "mark-2",
        f"update organisation set org_name = '{NASTY}' where org_code = (select min(org_code) from organisation)",
        "update organisation set parent_code = ''",
        f"create table long as select n as number, '-x' || n as name from generate_series(1, {long}) as n",
        "create table short as select n as number, '-x' || n as name from generate_series(1, 1000) as n",
        gate_passed=True,
    )
    assert publish.publish(of) is not None
    return of


def read(of: Settings, query: str) -> list[tuple]:
    with psycopg.connect(warehouse.dsn(of, "bi_reader")) as connection:
        return connection.execute(query).fetchall()


def lines(path: Path) -> list[list[str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


def test_csv_holds_every_row_and_its_definitions_stand_beside_it(of: Settings, tmp_path: Path) -> None:
    said = wres(of, "export", f"published.{TABLE}", tmp_path / "figures.csv")
    assert said.exit_code == 0, said.output
    header, *found = lines(tmp_path / "figures.csv")
    expected = read(of, f"select * from published.{TABLE}")
    assert f"{len(expected):,} rows of release 2, SYNTHETIC figures" in said.output
    assert len(found) == len(expected) > 500
    with psycopg.connect(warehouse.dsn(of, "bi_reader")) as connection:
        described = connection.execute(f"select * from published.{TABLE} limit 0").description or []
    assert header == [column.name for column in described]
    for row, wanted in zip(sorted(found), sorted([plain(cell) for cell in row] for row in expected), strict=True):
        assert row == wanted
    definitions = lines(tmp_path / "figures.csv.definitions.csv")
    assert definitions[0] == ["item", "name", "type", "meaning"]
    assert definitions[1][:2] == ["table", f"published.{TABLE}"]
    assert definitions[2][:2] == ["release", "2"]
    assert "SYNTHETIC" in definitions[2][3]
    meanings = {line[1]: line[3] for line in definitions if line[0] == "column"}
    assert list(meanings) == header
    # The meanings are those of the data dictionary.
    dictionary = reference.pages(of)["data_dictionary.md"]
    assert all(f"`{name}`" in dictionary for name in header)
    assert meanings["ratio"]
    files = read(of, "select distinct file_name from published.release_input where release_id = 2")
    assert {line[1] for line in definitions if line[0] == "source file"} == {name for (name,) in files}


def plain(cell: object) -> str:
    if isinstance(cell, bool):
        return str(cell).lower()
    return "" if cell is None else str(cell)


def test_excel_has_the_rows_on_one_sheet_and_their_meaning_on_another(of: Settings, tmp_path: Path) -> None:
    assert wres(of, "export", "organisation", tmp_path / "Organisations.XLSX").exit_code == 0
    book = openpyxl.load_workbook(tmp_path / "Organisations.XLSX")
    assert book.sheetnames == ["organisation", "Definitions"]
    header, *found = book["organisation"].iter_rows(values_only=True)
    expected = read(of, "select * from published.organisation")
    assert len(found) == len(expected)
    place = header.index("org_name")
    assert f"'{NASTY}" in {row[place] for row in found}
    assert all(cell.data_type != "f" for row in book["organisation"].iter_rows() for cell in row)
    dates = [cell for row in expected for cell in row if isinstance(cell, date)]
    shown = [cell for row in found for cell in row if hasattr(cell, "date")]
    assert sorted(cell.date() for cell in shown) == sorted(dates)
    definitions = list(book["Definitions"].iter_rows(values_only=True))
    assert [line[1] for line in definitions if line[0] == "column"] == list(header)
    assert [line[1] for line in definitions if line[0] == "release"] == ["2"]
    assert any(line[0] == "source file" for line in definitions)


def test_parquet_keeps_types_nulls_and_definitions(of: Settings, tmp_path: Path) -> None:
    path = tmp_path / "figures.parquet"
    assert wres(of, "export", TABLE, path).exit_code == 0
    assert [each.name for each in tmp_path.iterdir()] == ["figures.parquet"]
    with duckdb.connect() as engine:
        found = engine.execute(f"select * from '{path}'").fetchall()
        kinds = {name: kind for name, kind, *_ in engine.execute(f"describe from '{path}'").fetchall()}
        [(held,)] = engine.execute(
            f"select decode(value) from parquet_kv_metadata('{path}') where decode(key) = 'wres_definitions'"
        ).fetchall()
    expected = read(of, f"select * from published.{TABLE}")
    assert len(found) == len(expected)
    for row, wanted in zip(found, expected, strict=True):
        for cell, value in zip(row, wanted, strict=True):
            assert cell == value or math.isclose(float(cell), float(value), rel_tol=1e-12)
    assert {kinds["as_at"], kinds["wres_year"], kinds["is_headline"], kinds["org_code"], kinds["ratio"]} == {
        "DATE", "INTEGER", "BOOLEAN", "VARCHAR", "DOUBLE",
    }  # fmt: skip
    assert [line["name"] for line in json.loads(held) if line["item"] == "column"] == list(kinds)
    assert wres(of, "export", "organisation", tmp_path / "o.parquet").exit_code == 0
    with duckdb.connect() as engine:
        names = engine.execute(f"select org_name, parent_code from '{tmp_path / 'o.parquet'}'").fetchall()
    # No spreadsheet opens it, so text stays as it is; and what is empty is not what is missing.
    assert NASTY in {name for name, _ in names}
    assert {code for _, code in names} == {""}


def test_an_earlier_release_is_written_as_it_was_published(of: Settings, tmp_path: Path) -> None:
    assert wres(of, "export", "organisation", tmp_path / "now.csv").exit_code == 0
    said = wres(of, "export", "organisation", tmp_path / "then.csv", "--release", 1)
    assert "of release 1" in said.output
    now, then = (
        "".join(path.read_text() for path in (tmp_path / name, tmp_path / f"{name}.definitions.csv"))
        for name in ("now.csv", "then.csv")
    )
    assert NASTY.replace('"', '""') in now
    assert NASTY.replace('"', '""') not in then
    assert "release,1," in then
    for table in ("restricted_indicator_result", "long", "release"):
        said = wres(of, "export", table, tmp_path / "no.csv", "--release", 1)
        assert said.exit_code == 2
        assert f"There is no published table '{table}'. Tables: " in said.output
    assert wres(of, "export", "organisation", tmp_path / "no.csv", "--release", 9).exit_code == 2
    assert not (tmp_path / "no.csv").exists()


@pytest.mark.parametrize(
    ("table", "name", "says"),
    [
        ("organisations", "x.csv", "There is no published table 'organisations'. Tables: "),
        ("restricted.indicator_result", "x.csv", "There is no published table 'restricted.indicator_result'"),
        ("ops.load", "x.parquet", "There is no published table 'ops.load'"),
        ('organisation"; drop', "x.csv", "There is no published table"),
        ("organisation", "x.ods", "x.ods: the suffix says the format, and may be .csv, .parquet, .xlsx."),
        ("organisation", "x", "x: the suffix says the format"),
        ("organisation", "nowhere/x.csv", "nowhere is no folder."),
        ("long", "x.xlsx", "1,048,576 rows, and a sheet of Excel holds 1,048,575. Write .csv or .parquet"),
    ],
)
def test_what_cannot_be_written_is_refused_and_leaves_nothing(
    of: Settings, tmp_path: Path, table: str, name: str, says: str
) -> None:
    said = wres(of, "export", table, tmp_path / name)
    assert said.exit_code == 2
    assert says in said.output
    assert list(tmp_path.iterdir()) == []
    if "Tables: " in said.output:
        assert "indicator_result, indicator_result_vintage" in said.output
        assert "restricted" not in said.output.partition("Tables: ")[2]


@pytest.mark.parametrize("suffix", ["csv", "parquet", "xlsx"])
def test_nothing_is_overwritten_unless_it_is_asked_for(of: Settings, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"mine.{suffix}"
    path.write_text("mine")
    said = wres(of, "export", "short", path)
    assert said.exit_code == 2
    assert f"{path} exists; --force overwrites it." in said.output
    assert path.read_text() == "mine"
    assert wres(of, "export", "short", path, "--force").exit_code == 0
    assert path.stat().st_size > 1000


def test_definitions_of_before_are_not_overwritten_either(of: Settings, tmp_path: Path) -> None:
    (tmp_path / "mine.csv.definitions.csv").write_text("mine")
    assert wres(of, "export", "short", tmp_path / "mine.csv").exit_code == 2
    assert not (tmp_path / "mine.csv").exists()


def test_what_fails_halfway_leaves_what_was_there(
    of: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "mine.csv"
    path.write_text("mine")

    def full(*_: object) -> object:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(export, "_rows", full)
    said = wres(of, "export", "short", path, "--force")
    assert said.exit_code == 2
    assert f"{path} cannot be written: No space left on device." in said.output
    assert path.read_text() == "mine"
    assert [each.name for each in tmp_path.iterdir()] == ["mine.csv"]


def test_the_publisher_of_nothing_says_so(warehouse_home: Settings, tmp_path: Path) -> None:
    said = wres(warehouse_home, "export", "organisation", tmp_path / "x.csv")
    assert said.exit_code == 4
    assert "Nothing is published yet" in said.output


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_long_table_takes_no_more_memory_than_a_short_one(of: Settings, tmp_path: Path, suffix: str) -> None:
    peaks = {}
    code = (
        "import resource, sys; from wres.cli import main\n"
        "try: main(sys.argv[1:])\n"
        "except SystemExit as end: assert not end.code\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)"
    )
    for table in ("short", "long"):
        path = tmp_path / f"{table}.{suffix}"
        ended = subprocess.run(
            [sys.executable, "-c", code, "export", table, str(path)],
            env={**os.environ, **environment(of)},
            capture_output=True,
            text=True,
            check=True,
        )
        peaks[table] = int(ended.stdout.split()[-1])
    assert peaks["long"] < peaks["short"] + (15 if suffix == "csv" else 250), peaks
    if suffix == "csv":
        found = lines(tmp_path / "long.csv")
        assert len(found) == export.EXCEL_ROWS + 2
        assert found[-1][1].startswith("'-x")


def test_export_reads_as_the_reader_of_dashboards(of: Settings, tmp_path: Path) -> None:
    """Take the reader's right away, and there is nothing to export: no other role stands behind it."""
    with administrator(of) as connection:
        connection.execute("revoke select on published.short from bi_reader")
    try:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            export.export(of, "short", tmp_path / "x.csv")
    finally:
        with administrator(of) as connection:
            connection.execute("grant select on published.short to bi_reader")
