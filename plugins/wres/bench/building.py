"""Part ``build``: what a quarter, a correction and a whole rebuild cost, beside one ``GROUP BY``; then gate, publish, queries."""

from __future__ import annotations

import json
from collections.abc import Iterable
from itertools import islice
from pathlib import Path

from psycopg import sql

from wres import build, gate, growth, load, publish, warehouse
from wres.bench import alternatives, serving
from wres.bench.report import Figure, Say, Size, figures, table
from wres.sample import write_sample
from wres.settings import Settings

# The models that read records, and all they read: staging and counts.
_COUNTING = "+config.materialized:incremental"
_COUNTS = "int_workforce__staff_count"
# Minutes lie between two quarters, and other work on the machine: each is compared with this, run before and after it.
_YARDSTICK = "select sum(hashtext(i::text)) from generate_series(1, 2000000) as i"
_LISTED = 15


def measure(settings: Settings, size: Size, folder: Path, say: Say) -> str:
    """Load quarter after quarter, and count after the first, the second, the last but one and the last of them."""
    sample = folder / "sample"
    say(f"build: writing feeds of {size.trusts} trusts, {size.first_year} to {size.last_year}")
    write_sample(sample, trusts=size.trusts, first_year=size.first_year, last_year=size.last_year, staff=size.staff)
    files = load.feed_files(settings, [sample])
    quarters = [path.stem[-7:] for path in sorted((sample / "workforce").glob("*.csv"))]
    rest = [(source, path) for source, path in files if path.stem[-7:] not in quarters]
    loading = judging = 0.0
    counted: dict[int, float] = {}
    beside: dict[int, float] = {}
    for number, quarter in enumerate(quarters, start=1):
        say(f"build: quarter {number} of {len(quarters)}")
        feeds = [(source, path) for source, path in files if path.stem[-7:] == quarter]
        loading_now, judging_now = _take_in(settings, feeds if number > 1 else feeds + rest)
        loading, judging = loading + loading_now, judging + judging_now
        if number in (1, 2, len(quarters) - 1, len(quarters)):
            say(f"build: counting after quarter {number}")
            before = alternatives.psql(settings, _YARDSTICK)
            counted[number] = _count(settings)
            beside[number] = (before + alternatives.psql(settings, _YARDSTICK)) / 2
            say(f"build: {counted[number]:.1f} s; a query that is always the same, beside it: {beside[number]:.2f} s")
    first = _snapshot(settings)
    say("build: everything afresh")
    rebuilding = alternatives.seconds(lambda: build.build(settings))
    afresh = _models(settings)
    differing = _differing(settings, first)
    by_hand, people = _by_hand(settings)
    say(
        f"build: {rebuilding:.1f} s, {_COUNTS} {afresh[_COUNTS]:.1f} s, by hand {by_hand:.1f} s; {differing} rows differ"
    )
    say("build: growth, gate of the candidate, publish")
    fitting = alternatives.seconds(lambda: growth.fit(settings))
    _judged(settings)
    judged = alternatives.seconds(lambda: _judged(settings))
    publish.publish(settings)
    say(f"build: growth {fitting:.1f} s, gate {judged:.1f} s")
    say("build: a late correction of one trust")
    _take_in(settings, [("workforce", _correction(sample / "workforce", quarters[2], folder))])
    again = alternatives.seconds(lambda: build.build(settings))
    corrected = _models(settings)
    growth.fit(settings)
    _judged(settings)
    say("serve: a release among readers, queries")
    say(f"build: {again:.1f} s")
    served = serving.measure(settings, say)
    counting = {name for name in afresh if name in _counting_models(settings)}
    whole = sum(afresh[name] for name in counting)
    part = sum(corrected[name] for name in counting if name in corrected)
    last = len(quarters)
    slowest = sorted(afresh.items(), key=lambda item: -item[1])
    return "\n\n".join(
        [
            f"{people:,} lines about people in {last} quarters, {size.trusts} trusts, and all the other feeds.",
            figures(
                [
                    Figure(
                        f"staging and counts of quarter {last} against quarter 2",
                        counted[last] / beside[last] / (counted[2] / beside[2]),
                        "×",
                        most=1.25,
                        note="pairs of quarters of which people are followed: the later one has more to be compared with",
                    ),
                    Figure(
                        "staging and counts after the correction of one trust, against all afresh", part / whole, "×"
                    ),
                    Figure(
                        f"counts of all people afresh (`{_COUNTS}`), against one `GROUP BY` in psql",
                        afresh[_COUNTS] / by_hand,
                        "×",
                        most=3,
                        note="the model reads text: it casts, maps and counts what the query finds typed",
                    ),
                    Figure(
                        "rows that differ between the incremental history and all afresh", differing, "rows", most=0
                    ),
                    Figure("gate of the candidate, imports warm, of its build's time", judged / again, "×", most=0.15),
                ]
            ),
            served,
            table(
                ("Where the time goes", "Seconds"),
                [
                    (f"loads of {last} quarters", loading),
                    (f"raw gate of {last} quarters, imports included", judging),
                    *((f"staging and counts after quarter {number}", taken) for number, taken in counted.items()),
                    ("whole build afresh, dbt's start and tests included", rebuilding),
                    ("the same `GROUP BY` by hand", by_hand),
                    ("whole build after the correction", again),
                    ("growth", fitting),
                    ("gate of the candidate, imports warm", judged),
                ],
            ),
            table(
                ("The slowest of the build afresh", "Seconds", "Share"),
                [(f"`{name}`", taken, f"{taken / sum(afresh.values()):.0%}") for name, taken in slowest[:_LISTED]],
            ),
        ]
    )


def _take_in(settings: Settings, feeds: Iterable[tuple[str, Path]]) -> tuple[float, float]:
    """Load and judge; seconds of each."""
    loads: list[int] = []

    def loaded() -> None:
        for source, path in feeds:
            one = load.load_file(settings, source, path)
            if one.load_id is None or one.state != "loaded":
                raise RuntimeError(f"{path.name} was not loaded: {one}")
            loads.append(one.load_id)

    loading = alternatives.seconds(loaded)
    judging = alternatives.seconds(lambda: gate.judge_loads(settings, loads))
    return loading, judging


def _count(settings: Settings) -> float:
    """Seconds of the models that read records, without dbt's start and the seeds."""
    result = build.dbt(settings, "build", "--select", _COUNTING, *_without("unit_test"), *_without("test"))
    if not result.success:
        raise build.BuildError(f"dbt could not count: {result.exception or [node.message for node in result.result]}")
    return float(sum(node.execution_time for node in result.result if node.node.resource_type == "model"))


def _without(kind: str) -> tuple[str, str]:
    return "--exclude-resource-type", kind


def _models(settings: Settings) -> dict[str, float]:
    """Seconds of each model of the last run of dbt."""
    results = json.loads((settings.home / "dbt" / "run_results.json").read_text())["results"]
    return {
        result["unique_id"].rpartition(".")[2]: result["execution_time"]
        for result in results
        if result["unique_id"].startswith("model.")
    }


def _counting_models(settings: Settings) -> set[str]:
    """Names of the incremental models."""
    nodes = json.loads((settings.home / "dbt" / "manifest.json").read_text())["nodes"]
    return {
        node["name"]
        for node in nodes.values()
        if node["resource_type"] == "model" and node["config"]["materialized"] == "incremental"
    }


def _judged(settings: Settings) -> None:
    verdict = gate.judge_candidate(settings)
    if not verdict.passed:
        raise gate.GateError(f"The candidate was not let through: {verdict.failures}")


def _snapshot(settings: Settings) -> sql.Identifier:
    """A copy of the counts as the incremental history has left them."""
    copied = sql.Identifier("intermediate", "bench_counts")
    with warehouse.connect(settings, "wres_transformer", autocommit=True) as connection:
        connection.execute(
            sql.SQL("create table {} as table {}").format(copied, sql.Identifier("intermediate", _COUNTS))
        )
    return copied


def _differing(settings: Settings, before: sql.Identifier) -> int:
    """Rows of the counts that are in one of two tables alone; the copy is dropped."""
    with warehouse.connect(settings, "wres_transformer", autocommit=True) as connection:
        row = connection.execute(
            sql.SQL(
                "select count(*) from ((table {0} except all table {1}) union all (table {1} except all table {0})) as one"
            ).format(before, sql.Identifier("intermediate", _COUNTS))
        ).fetchone()
        connection.execute(sql.SQL("drop table {}").format(before))
    return int(row[0]) if row else 0


def _by_hand(settings: Settings) -> tuple[float, int]:
    """Seconds of one ``GROUP BY`` in psql that makes the counts from a typed row for each person, and how many rows these are."""
    with warehouse.connect(settings, "wres_transformer", autocommit=True) as connection:
        columns = [
            str(row[0])
            for row in connection.execute(
                "select column_name from information_schema.columns where table_schema = 'intermediate'"
                " and table_name = %s and column_name <> 'headcount' order by ordinal_position",
                [_COUNTS],
            ).fetchall()
        ]
    names = ", ".join(columns)
    alternatives.psql(
        settings,
        f"create table bench_people as select {names} from intermediate.{_COUNTS}, generate_series(1, headcount)",  # noqa: S608
        "analyze bench_people",
    )
    taken = alternatives.psql(
        settings,
        f"set work_mem = '256MB'; create table bench_grouped as select {names}, count(*) from bench_people group by {names}",  # noqa: S608
    )
    with warehouse.connect(settings, "wres_transformer", autocommit=True) as connection:
        row = connection.execute(
            sql.SQL("select sum(headcount)::bigint from {}").format(sql.Identifier("intermediate", _COUNTS))
        ).fetchone()
    alternatives.psql(settings, "drop table bench_people, bench_grouped")
    return taken, int(row[0]) if row else 0


def _correction(folder: Path, quarter: str, target: Path) -> Path:
    """The lines of one trust of an old quarter, without the last: somebody was in it by mistake."""
    (original,) = folder.glob(f"*{quarter}.csv")
    corrected = target / f"workforce_{quarter}_corrected.csv"
    with original.open(encoding="utf-8") as file:
        header, line = next(file), next(file)
        begins = ",".join(line.split(",")[:2])
        own = [line, *(other for other in islice(file, 200_000) if other.startswith(begins))]
    corrected.write_text("".join([header, *own[:-1]]), encoding="utf-8")
    return corrected
