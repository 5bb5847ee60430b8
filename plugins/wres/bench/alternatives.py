"""What a user would otherwise load a file with, each at its own work: psql, DuckDB, pandas and dlt."""

from __future__ import annotations

import csv
import os
import subprocess
import time
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path

import psycopg

from wres import postgres, warehouse
from wres.bench import with_dlt
from wres.settings import Settings


def seconds(do: Callable[[], object]) -> float:
    """How long something takes."""
    begun = time.monotonic()
    do()
    return time.monotonic() - begun


def psql(settings: Settings, *statements: str) -> float:
    """Seconds of psql over some statements, its start included; it comes with the embedded server.

    Raises:
        subprocess.CalledProcessError: a statement failed.
    """
    info = psycopg.conninfo.conninfo_to_dict(warehouse.administrator_dsn(settings))
    names = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD", "dbname": "PGDATABASE"}
    environment = {**os.environ, **{variable: str(info[key]) for key, variable in names.items() if info.get(key)}}
    commands = [word for statement in statements for word in ("-c", statement)]
    return seconds(
        lambda: subprocess.run(
            [str(postgres.program("psql")), "-X", "-q", "-v", "ON_ERROR_STOP=1", *commands],
            env=environment,
            check=True,
            capture_output=True,
        )
    )


def copy(settings: Settings, path: Path, *, header: bool = True) -> float:
    """Seconds of psql copying a CSV file into a plain table of text, without index or constraint."""
    with path.open(encoding="utf-8", newline="") as file:
        width = len(next(csv.reader(file)))
    columns = ", ".join(f"c{number} text" for number in range(width))
    psql(settings, "drop table if exists bench_copy", f"create table bench_copy ({columns})")
    option = ", header" if header else ""
    taken = psql(settings, f"\\copy bench_copy from '{path}' (format csv{option})")
    psql(settings, "drop table bench_copy")
    return taken


def parse(path: Path) -> float:
    """Seconds of DuckDB's CSV reader over every cell of a file, as text and into nothing."""
    import duckdb

    with duckdb.connect() as connection:
        return seconds(
            lambda: connection.execute(
                "select count(columns(*)) from read_csv(?, all_varchar = true, header = true)", [str(path)]
            ).fetchall()
        )


def to_sql(settings: Settings, path: Path, rows: int) -> float:
    """Seconds of pandas for the first ``rows`` of a file: ``read_csv``, then ``to_sql`` as it comes."""
    import pandas as pd
    from sqlalchemy import create_engine

    engine = create_engine(warehouse.administrator_dsn(settings).replace("postgresql://", "postgresql+psycopg://", 1))
    try:
        return seconds(
            lambda: pd.read_csv(path, dtype=str, nrows=rows).to_sql(
                "bench_to_sql", engine, index=False, if_exists="replace"
            )
        )
    finally:
        with engine.begin() as connection:
            connection.exec_driver_sql("drop table if exists bench_to_sql")
        engine.dispose()


def dlt(settings: Settings, path: Path, rows: int, folder: Path) -> float | None:
    """Seconds of dlt from a file's first ``rows`` to its Postgres destination, imports left out; None without dlt."""
    environment = settings.project / ".venv-bench"
    if not (environment / ".ready").exists():
        return None
    few = first(path, rows, folder / "for_dlt.csv")
    done = subprocess.run(
        [str(environment / "bin" / "python"), with_dlt.__file__, str(few), str(folder / "dlt")],
        env={**os.environ, "BENCH_DSN": warehouse.administrator_dsn(settings)},
        check=True,
        capture_output=True,
        text=True,
    )
    psql(settings, "drop schema if exists bench_dlt cascade", "drop schema if exists bench_dlt_staging cascade")
    return float(done.stdout.splitlines()[-1])


def first(path: Path, rows: int, target: Path, columns: Sequence[int] | None = None) -> Path:
    """The first rows of a CSV file without quoted cells, and of these some columns."""
    with path.open(encoding="utf-8") as file, target.open("w", encoding="utf-8") as cut:
        for line in islice(file, rows + 1):
            if columns is None:
                cut.write(line)
            else:
                fields = line.rstrip("\n").split(",")
                cut.write(",".join(fields[column] for column in columns) + "\n")
    return target
