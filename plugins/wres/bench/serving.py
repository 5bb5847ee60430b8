"""What readers meet: a release that changes under fifty of them, and the questions of the pages and dashboards."""

from __future__ import annotations

import random
import re
import statistics
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import yaml

from wres import publish, warehouse
from wres.bench.report import Figure, Say, figures, table
from wres.settings import Settings

_READERS_OF_A_SWAP = 50
_READERS = 20
# Somebody who reads an answer before asking on; without it, twenty in a row wait for two cores and not for a query.
_THINKING_SECONDS = 1.0
_LISTED = 5
_PAGES = ("docs/cookbook.md",)


def measure(settings: Settings, say: Say) -> str:
    """Publish the candidate at hand among readers, then ask every question twenty at a time."""
    questions = dict(_questions(settings))
    swap, longest = _swap(settings, questions)
    say(f"serve: {len(questions)} questions, {_READERS} readers")
    asked = _ask(settings, questions, _THINKING_SECONDS)
    every = [taken for taken_ones in asked.values() for taken in taken_ones]
    slowest = sorted(asked.items(), key=lambda item: -_p95(item[1]))[:_LISTED]
    return "\n\n".join(
        [
            figures(
                [
                    Figure(
                        f"publish with {_READERS_OF_A_SWAP} readers, {_THINKING_SECONDS:g} s between their questions",
                        swap,
                        most=1,
                        note="it waits for answers that are being given; faster questions would reach it",
                    ),
                    Figure("longest answer meanwhile", longest),
                    Figure(
                        f"p95 of {len(questions)} questions of dashboards and cookbook, {_READERS} readers,"
                        f" {_THINKING_SECONDS:g} s between them",
                        _p95(every) * 1000,
                        "ms",
                        most=50,
                    ),
                    Figure("half of them are answered within", statistics.median(every) * 1000, "ms"),
                ]
            ),
            table(
                ("The slowest questions", "p95, ms", "median, ms"),
                [(name, _p95(taken) * 1000, statistics.median(taken) * 1000) for name, taken in slowest],
            ),
        ]
    )


def _p95(values: list[float]) -> float:
    return sorted(values)[max(0, round(0.95 * len(values)) - 1)]


def _swap(settings: Settings, questions: dict[str, str]) -> tuple[float, float]:
    """Seconds of a publish while readers ask these questions, and the longest answer."""
    done, longest = threading.Event(), [0.0] * _READERS_OF_A_SWAP
    started = threading.Barrier(_READERS_OF_A_SWAP + 1)

    def read(number: int) -> None:
        order = random.Random(number)  # noqa: S311
        # A login has forty connections at most.
        role = ("bi_reader", "analyst")[number % 2]
        asked = [query for query in questions.values() if _role(query) in (role, "bi_reader")]
        with psycopg.connect(warehouse.dsn(settings, role), autocommit=True) as connection:
            started.wait()
            while not done.is_set():
                begun = time.monotonic()
                connection.execute(order.choice(asked)).fetchall()
                longest[number] = max(longest[number], time.monotonic() - begun)
                time.sleep(order.expovariate(1 / _THINKING_SECONDS))

    with ThreadPoolExecutor(_READERS_OF_A_SWAP) as pool:
        readers = [pool.submit(read, number) for number in range(_READERS_OF_A_SWAP)]
        try:
            started.wait(60)
            begun = time.monotonic()
            with warehouse.writer(settings):
                release = publish.publish(settings)
            taken = time.monotonic() - begun
        finally:
            done.set()
        for reader in readers:
            reader.result()
    if release is None:
        raise publish.PublishError("There was no other candidate to publish.")
    return taken, max(longest)


def _questions(settings: Settings) -> Iterator[tuple[str, str]]:
    """Name and SQL of what the pages print, and of each dashboard's tables for its newest year and one organisation."""
    for page in _PAGES:
        text = (settings.project / page).read_text(encoding="utf-8")
        blocks = re.findall(r"^## ([^\n]+)\n(.*?)(?=^## |\Z)", text, re.DOTALL | re.MULTILINE)
        for title, block in blocks:
            for number, query in enumerate(re.findall(r"```sql\n(.*?)```", block, re.DOTALL), start=1):
                yield f"{title} ({number})", query
    for path in sorted((settings.dashboards / "datasets").rglob("*.yaml")):
        dataset: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
        yield f"dashboards: {dataset['table_name']}", _as_a_dashboard_asks(settings, dataset["sql"])


def _as_a_dashboard_asks(settings: Settings, select: str) -> str:
    """The table of a dashboard, filtered as its filters begin: the newest year, and the first organisation by name."""
    select = select.strip().rstrip(";")
    with psycopg.connect(warehouse.dsn(settings, "bi_reader"), autocommit=True) as connection:
        columns = [column.name for column in connection.execute(f"{select}\nlimit 0").description or ()]
        found = []
        for column, way in (("wres_year", "max"), ("organisation", "min")):
            if column in columns:
                value = connection.execute(f"select {way}({column}) from ({select}\n) as asked").fetchone()  # noqa: S608
                literal = psycopg.sql.Literal(value[0] if value else None).as_string(connection)
                found.append(f"{column} = {literal}")
    return f"select * from ({select}\n) as asked where {' and '.join(found) or 'true'} limit 1000"  # noqa: S608


def _ask(settings: Settings, questions: dict[str, str], thinking: float) -> dict[str, list[float]]:
    """Seconds of every answer by question: each reader asks all of them, in an order of its own."""
    taken: dict[str, list[float]] = {name: [] for name in questions}
    roles = {name: _role(query) for name, query in questions.items()}
    dsns = {role: warehouse.dsn(settings, role) for role in set(roles.values())}

    def ask(number: int) -> None:
        order = random.Random(number)  # noqa: S311
        connections = {role: psycopg.connect(dsn, autocommit=True) for role, dsn in dsns.items()}
        try:
            for name in order.sample(list(questions), len(questions)):
                time.sleep(order.expovariate(1 / thinking))
                begun = time.monotonic()
                connections[roles[name]].execute(questions[name]).fetchall()
                taken[name].append(time.monotonic() - begun)
        finally:
            for connection in connections.values():
                connection.close()

    with ThreadPoolExecutor(_READERS) as pool:
        for reader in [pool.submit(ask, number) for number in range(_READERS)]:
            reader.result()
    return taken


def _role(query: str) -> str:
    """Who may ask it, as the pages say."""
    if "ops." in query:
        return "wres_gate"
    return "analyst" if "restricted." in query else "bi_reader"
