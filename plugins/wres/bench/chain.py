"""``wres bench``: what each step of the chain costs on this machine, and beside it what plain alternatives cost.

Seconds differ between machines; the ratios to something run in the same minutes are what to compare. At the end, whether
the lists of those that differ from their peers can be believed.
"""

from __future__ import annotations

import csv
import io
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg
from psycopg import sql

from wres import board_pack, false_discovery, load, postgres, warehouse
from wres.settings import Settings

_TARGETS = {"workbook": 15.0, "chain": 90.0, "packs": 180.0}
_TO_SQL_ROWS = 20_000
_SIMULATIONS = 100
_BEGIN, _END = "<!-- wres bench -->", "<!-- end of wres bench -->"


@dataclass(frozen=True)
class _Timing:
    """Seconds of one step, and rows it handled where that means something."""

    step: str
    seconds: float
    rows: int | None = None


def bench(settings: Settings, data: Path | None, say: Callable[[str], None]) -> str:
    """Run the chain from an empty home on the embedded server and return the tables as Markdown.

    Args:
        settings: for the project's folder; the user's own warehouse is not touched.
        data: folder of feeds; None writes a synthetic sample of 215 trusts, a tenth of their staff, four quarters.
        say: told what is being done.
    """
    with tempfile.TemporaryDirectory(prefix="wres-bench-") as folder:
        home = Path(folder) / "home"
        of = replace(settings, home=home, warehouse_url=None)
        if data is None:
            from wres.sample import write_sample

            say("writing a synthetic sample of 215 trusts (a tenth of their staff, four quarters)")
            data = Path(folder) / "sample"
            write_sample(data, trusts=215, first_year=2024, last_year=2024, staff=700)
        try:
            say("running the chain from an empty home")
            total = _run(of, data)
            say("running it again, with nothing new")
            again = _run(of, data)
            steps = _steps(of)
            say("the board packs of everybody")
            packs = _packs(of, Path(folder) / "packs")
            say("plain alternatives beside it")
            largest = max((path for _, path in load.feed_files(of, [data])), key=lambda path: path.stat().st_size)
            alternatives = _alternatives(of, largest)
            say(f"the lists of those that differ, on {_SIMULATIONS} simulated systems")
            with warehouse.connect(of, "wres_transformer", autocommit=True) as connection:
                tallies = false_discovery.measure(connection, of.project, range(_SIMULATIONS))
        finally:
            postgres.stop(of)
    timings = _report(data, largest.name, total, again, packs, steps, alternatives)
    return f"{timings}\n\n{false_discovery.report(tallies, _SIMULATIONS)}"


def write_report(settings: Settings, report: str) -> Path:
    """Put the tables between the markers of ``docs/performance.md``; returns its path."""
    page = settings.project / "docs" / "performance.md"
    before, _, rest = page.read_text().partition(_BEGIN)
    _, _, after = rest.partition(_END)
    page.write_text(f"{before}{_BEGIN}\n\n{report}\n\n{_END}{after}")
    return page


def _run(of: Settings, data: Path) -> float:
    """Seconds of ``wres run`` as a user types it, imports included."""
    environment = {**os.environ, "WRES_HOME": str(of.home), "WRES_PROJECT": str(of.project)}
    environment.pop("WRES_WAREHOUSE_URL", None)
    begun = time.monotonic()
    subprocess.run(
        [sys.executable, "-m", "wres", "run", str(data)], env=environment, check=True, capture_output=True, text=True
    )
    return time.monotonic() - begun


def _steps(of: Settings) -> list[_Timing]:
    with warehouse.connect(of, "wres_gate", autocommit=True) as connection:
        rows = connection.execute(
            "select case when step = 'gate' and source is null then 'gate of the candidate'"
            " when step = 'gate' then 'gate of the files' else step end as what,"
            " sum(seconds), sum(coalesce(rows_out, rows_in))::bigint from ops.outcome group by what order by min(outcome_id)"
        ).fetchall()
        loads = connection.execute(
            "select l.file_name, l.rows_loaded, o.seconds from ops.load as l"
            " inner join ops.outcome as o on o.step = 'load' and starts_with(o.message, l.file_name || ':')"
            " order by o.seconds desc limit 2"
        ).fetchall()
    return [
        *(_Timing(f"load of {name}", seconds, count) for name, count, seconds in loads),
        *(_Timing(what, seconds, count) for what, seconds, count in rows),
    ]


def _packs(of: Settings, folder: Path) -> _Timing:
    """The board packs of the newest year, pages without PDFs."""
    with warehouse.connect(of, "bi_reader", autocommit=True) as connection:
        newest = connection.execute(
            "select max(wres_year) from published.indicator_result where level = 'organisation' and status = 'ok'"
        ).fetchone()
    assert newest is not None
    begun = time.monotonic()
    made = board_pack.write_packs(of, newest[0], folder)
    seconds = time.monotonic() - begun
    largest = max(page.stat().st_size for page in made.pages)
    return _Timing(f"board packs of {len(made.pages)} organisations (largest page {largest / 1e6:.2f} MB)", seconds)


def _alternatives(of: Settings, workbook: Path) -> list[_Timing]:
    """The same workbook read without loading, and its rows loaded by other means into plain tables."""
    import pandas as pd
    from sqlalchemy import create_engine

    begun = time.monotonic()
    pd.read_excel(workbook, sheet_name=None, header=None, dtype=object, na_filter=False, engine="calamine")
    reading = time.monotonic() - begun
    dsn = warehouse.dsn(of, "wres_loader")
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("set role wres_loader")
        largest = connection.execute(
            "select source_table, load_id from ops.load order by rows_loaded desc limit 1"
        ).fetchone()
        assert largest is not None
        table, load_id = largest
        rows = connection.execute(
            sql.SQL("select * from raw.{} where _load_id = %s").format(sql.Identifier(table)), [load_id]
        ).fetchall()
        text = io.StringIO()
        csv.writer(text).writerows(rows)
        columns = sql.SQL(", ").join(sql.SQL("c{} text").format(sql.SQL(str(i))) for i in range(len(rows[0])))
        connection.execute(sql.SQL("create table raw.bench_copy ({})").format(columns))
        begun = time.monotonic()
        with connection.cursor().copy("copy raw.bench_copy from stdin (format csv)") as copy:
            copy.write(text.getvalue())
        copying = time.monotonic() - begun
        connection.execute("drop table raw.bench_copy")
    frame = pd.DataFrame([[str(cell) for cell in row] for row in rows[:_TO_SQL_ROWS]]).add_prefix("c")
    engine = create_engine(dsn.replace("postgresql://", "postgresql+psycopg://", 1))
    begun = time.monotonic()
    frame.to_sql("bench_to_sql", engine, schema="raw", index=False, method=None)
    inserting = time.monotonic() - begun
    with engine.begin() as inserted:
        inserted.exec_driver_sql("drop table raw.bench_to_sql")
    engine.dispose()
    return [
        _Timing("calamine and pandas reading the workbook, nothing else", reading, len(rows)),
        _Timing("bare COPY of the same rows as CSV into a plain table", copying, len(rows)),
        _Timing(f"pandas to_sql of {len(frame):,} of these rows", inserting, len(frame)),
    ]


def _report(
    data: Path,
    largest: str,
    total: float,
    again: float,
    packs: _Timing,
    steps: list[_Timing],
    alternatives: list[_Timing],
) -> str:
    workbook = next(step for step in steps if step.step == f"load of {largest}")
    lines = [
        f"`wres bench` over `{data.name}` on {os.cpu_count()} cores, Python {platform.python_version()}.",
        "",
        "| What | Seconds | Target | Verdict |",
        "|---|---:|---:|---|",
        _target(f"`{largest}` into raw: archive, read, COPY", workbook.seconds, _TARGETS["workbook"]),
        _target("`wres run` from an empty home, everything included", total, _TARGETS["chain"]),
        f"| the same command again (nothing new) | {again:.1f} | | |",
        _target(packs.step, packs.seconds, _TARGETS["packs"]),
        "",
        "| Step of the chain | Seconds | Share | Rows |",
        "|---|---:|---:|---:|",
    ]
    for step in steps:
        share = "" if step.step.startswith("load of") else f"{step.seconds / total:.0%}"
        lines.append(
            f"| {step.step} | {step.seconds:.2f} | {share} | {'' if step.rows is None else f'{step.rows:,}'} |"
        )
    accounted = sum(step.seconds for step in steps if not step.step.startswith("load of"))
    lines += [
        f"| start of the server, imports, the rest | {total - accounted:.2f} | {(total - accounted) / total:.0%} | |",
        "",
        f"| Beside it, for the {workbook.rows or 0:,} rows of `{largest}` | Seconds | Rows a second | The load's rate is |",
        "|---|---:|---:|---:|",
        f"| the load (archive, hash, read, COPY, provenance, statistics) | {workbook.seconds:.2f}"
        f" | {(workbook.rows or 0) / workbook.seconds:,.0f} | 1 |",
    ]
    for other in alternatives:
        rate = (other.rows or 0) / other.seconds
        ratio = (workbook.rows or 0) / workbook.seconds / rate
        lines.append(f"| {other.step} | {other.seconds:.2f} | {rate:,.0f} | {ratio:.2g} × |")
    return "\n".join(lines)


def _target(what: str, seconds: float, target: float) -> str:
    return f"| {what} | {seconds:.1f} | < {target:.0f} | {'met' if seconds < target else 'missed'} |"
