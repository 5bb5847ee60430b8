"""Part ``load``: people as text and a survey's workbook, from the file to raw, beside what else would bring them there."""

from __future__ import annotations

import multiprocessing
import resource
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from psycopg import sql

from wres import gate, load, warehouse
from wres.bench import alternatives
from wres.bench.report import Figure, Say, Size, figures, table
from wres.sample import write_sample
from wres.settings import Settings

# Of the columns that an extract may have, those that the target speaks of.
_COLUMNS = range(13)
_ROUNDS = 3


@dataclass(frozen=True)
class _Loaded:
    """Seconds of a process that loads one file and judges it, step by step, its peak memory in MB and rows."""

    start: float
    load: float
    imports: float
    gate: float
    peak: float
    rows: int


def measure(settings: Settings, size: Size, folder: Path, say: Say) -> str:
    """Load a quarter of people and a workbook, each turn about with the alternatives, best of three."""
    sample = folder / "sample"
    say(f"load: writing feeds of {size.trusts} trusts")
    write_sample(sample, trusts=size.trusts, first_year=size.last_year, last_year=size.last_year, staff=size.staff)
    warehouse.migrate(settings)
    with warehouse.connect(settings, "wres_loader", autocommit=True) as connection:
        load.sync_registry(settings, connection)
    people = _people(settings, size, sample, folder, say)
    return f"{people}\n\n{_workbook(settings, sample, folder, say)}"


def _people(settings: Settings, size: Size, sample: Path, folder: Path, say: Say) -> str:
    quarters = sorted((sample / "workforce").glob("*.csv"))[:_ROUNDS]
    loads, copies, parses = [], [], []
    for number, quarter in enumerate(quarters, start=1):
        say(f"load: people, round {number} of {len(quarters)}")
        file = alternatives.first(quarter, size.people, folder / quarter.name, _COLUMNS)
        copies.append(alternatives.copy(settings, file))
        loads.append(_in_a_process(settings, "workforce", file))
        parses.append(alternatives.parse(file))
    say(f"load: pandas and dlt, {size.other_rows:,} rows each")
    inserted = size.other_rows / alternatives.to_sql(settings, file, size.other_rows)
    dlt = alternatives.dlt(settings, file, size.other_rows, folder)
    best = min(loads, key=lambda one: one.load)
    rows, megabytes = best.rows, file.stat().st_size / 1e6
    rate = rows / best.load
    others = [
        ("bare `\\copy` in psql into a plain table", rows, min(copies)),
        ("DuckDB's CSV reader, parsing alone", rows, min(parses)),
        (f"pandas `to_sql`, {size.other_rows:,} rows", size.other_rows, size.other_rows / inserted),
    ]
    if dlt is not None:
        others.append((f"dlt to Postgres, {size.other_rows:,} rows", size.other_rows, dlt))
    targets = [
        Figure(
            "load against bare `\\copy`, rows a second",
            rate / (rows / min(copies)),
            "×",
            least=0.6,
            note="what a file costs whatever its size weighs when it is small, and on less than two cores the ends take turns;"
            " a file of the size of England reaches it on two",
        ),
        Figure(
            "load against pandas `to_sql`, rows a second",
            rate / inserted,
            "×",
            least=50,
            note=f"bare `\\copy` is {rows / min(copies) / inserted:.0f} times as fast itself; storing less than a line for each"
            " person would reach it",
        ),
        Figure("peak memory of the process, with its gate", max(one.peak for one in loads), "MB", most=400),
    ]
    if dlt is not None:
        targets.insert(1, Figure("load against dlt, rows a second", rate / (size.other_rows / dlt), "×", least=5))
    return "\n\n".join(
        [
            f"{rows:,} people of {len(_COLUMNS)} columns ({megabytes:,.0f} MB), best of {_ROUNDS}, turn about.",
            figures(targets),
            table(
                ("Way", "Seconds", "Rows a second", "The load's rate is"),
                [
                    ("the load: archive, hash, read, `COPY`, provenance", best.load, f"{rate:,.0f}", "1 ×"),
                    *(
                        (what, taken, f"{of / taken:,.0f}", f"{rate / (of / taken):.3g} ×")
                        for what, of, taken in others
                    ),
                    ("apart: start of a process", best.start, "", ""),
                    ("apart: Great Expectations imported", best.imports, "", ""),
                    ("apart: statistics for the planner, and the gate", best.gate, f"{rows / best.gate:,.0f}", ""),
                ],
            ),
            "pandas and dlt were timed without their imports." + ("" if dlt else " dlt is not set up here."),
        ]
    )


def _workbook(settings: Settings, sample: Path, folder: Path, say: Say) -> str:
    """The largest workbook, its bytes made new for each round by a comment at the end of the archive."""
    largest = max((sample / "staff_survey").glob("*.xlsx"), key=lambda path: path.stat().st_size)
    loads, reads, copies = [], [], []
    for number in range(_ROUNDS):
        say(f"load: workbook, round {number + 1} of {_ROUNDS}")
        file = folder / largest.name
        file.write_bytes(_with_comment(largest.read_bytes(), f"round {number}".encode()))
        reads.append(alternatives.seconds(lambda: _read(largest)))
        loads.append(_in_a_process(settings, "staff_survey", file))
        copies.append(alternatives.copy(settings, _rows_as_text(settings, folder), header=False))
    best = min(loads, key=lambda one: one.load)
    read, copy = min(reads), min(copies)
    return "\n\n".join(
        [
            f"`{largest.name}`: {best.rows:,} cells with their headers, a row each.",
            figures(
                [
                    Figure(
                        "load against calamine's reading speed",
                        read / best.load,
                        "×",
                        least=0.7,
                        note=f"`COPY` of its rows alone takes {copy / read:.1f} × the reading; a row for each line"
                        " of a sheet, in place of each cell, would reach it (decision 2)",
                    ),
                    Figure("load against reading and bare `\\copy` of its rows", (read + copy) / best.load, "×"),
                ]
            ),
            table(
                ("Way", "Seconds", "Rows a second"),
                [
                    (
                        "the load: archive, hash, read, check, `COPY`, provenance",
                        best.load,
                        f"{best.rows / best.load:,.0f}",
                    ),
                    ("calamine reading the workbook, nothing else", read, f"{best.rows / read:,.0f}"),
                    ("bare `\\copy` of the same rows", copy, f"{best.rows / copy:,.0f}"),
                ],
            ),
        ]
    )


def _read(path: Path) -> None:
    import python_calamine

    book = python_calamine.load_workbook(str(path))
    for name in book.sheet_names:
        book.get_sheet_by_name(name).to_python(skip_empty_area=False)


def _with_comment(workbook: bytes, comment: bytes) -> bytes:
    """The same ZIP archive with another comment: its length is in the last two bytes where it had none."""
    return workbook[:-2] + len(comment).to_bytes(2, "little") + comment


def _rows_as_text(settings: Settings, folder: Path) -> Path:
    """The rows of the newest load, as they are in raw, in a CSV file."""
    path = folder / "rows.csv"
    with warehouse.connect(settings, "wres_loader", autocommit=True) as connection, path.open("wb") as file:
        table_name, load_id = connection.execute(
            "select source_table, load_id from ops.load order by load_id desc limit 1"
        ).fetchone()  # type: ignore[misc]
        statement = sql.SQL("copy (select * from raw.{} where _load_id = {}) to stdout (format csv)").format(
            sql.Identifier(table_name), sql.Literal(load_id)
        )
        with connection.cursor().copy(statement) as copied:
            file.writelines(copied)
    return path


def _in_a_process(settings: Settings, source: str, path: Path) -> _Loaded:
    """Load and judge a file as a command does, in a fresh process, so that start and memory are its own."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        return pool.submit(_load, settings, source, path, time.time()).result()


def _load(settings: Settings, source: str, path: Path, asked: float) -> _Loaded:
    start = time.time() - asked
    begun = time.monotonic()
    loaded = load.load_file(settings, source, path)
    loading = time.monotonic() - begun
    if loaded.load_id is None or loaded.state != "loaded":
        raise RuntimeError(f"{path.name} was not loaded: {loaded}")
    imports = alternatives.seconds(_import_judge)
    judged = alternatives.seconds(lambda: gate.judge_loads(settings, [loaded.load_id or 0]))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return _Loaded(start, loading, imports, judged, peak, loaded.rows)


def _import_judge() -> None:
    import great_expectations  # noqa: F401
