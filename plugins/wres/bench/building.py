"""Part ``build``: what a quarter, a correction and a whole rebuild cost, beside one ``GROUP BY``; then gate, publish, queries.

All sources are taken as public already: disclosure control and its audit are part ``disclosure``, and would hide what the build
and its gate cost without them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from psycopg import sql

from wres import build, gate, growth, load, publish, warehouse
from wres.bench import alternatives, serving
from wres.bench.disclosing import under
from wres.bench.report import Figure, Say, Size, figures, table
from wres.registry import PUBLIC
from wres.sample import write_sample
from wres.settings import Settings

# The models that read records, and all they read: staging and counts.
_COUNTING = "+config.materialized:incremental"
_COUNTS = "int_workforce__staff_count"
_AFRESH = f"int_workforce__staff_content {_COUNTS}"
# Minutes lie between two quarters, and other work on the machine: each is compared with this, run before and after it.
_YARDSTICK = "select sum(hashtext(i::text)) from generate_series(1, 2000000) as i"
_LISTED = 15


@dataclass
class _History:
    """Quarters that were loaded one after the other: seconds of loads and gates, and by model of counting after some of them.

    ``beside`` is what the yardstick took around each counting, ``people`` how many lines about people the quarter has, ``idle``
    which models found nothing to count.
    """

    quarters: list[str]
    loading: float = 0.0
    judging: float = 0.0
    counted: dict[int, dict[str, float]] = field(default_factory=dict)
    idle: dict[int, set[str]] = field(default_factory=dict)
    beside: dict[int, float] = field(default_factory=dict)
    people: dict[int, int] = field(default_factory=dict)


def measure(settings: Settings, size: Size, folder: Path, say: Say) -> str:
    """Load quarter after quarter and count after some of them; then all that follows, on what has grown."""
    sample, settings = folder / "sample", under(settings, PUBLIC, folder)
    say(f"build: writing feeds of {size.trusts} trusts, {size.first_year} to {size.last_year}")
    write_sample(sample, trusts=size.trusts, first_year=size.first_year, last_year=size.last_year, staff=size.staff)
    return follow(settings, size, folder, _grow(settings, sample, say), say)


def _grow(settings: Settings, sample: Path, say: Say) -> _History:
    """Count after the first two quarters and the last three: of these, the last closes a year, and the one before it does not."""
    files = load.feed_files(settings, [sample])
    history = _History([path.stem[-7:] for path in sorted((sample / "workforce").glob("*.csv"))])
    last = len(history.quarters)
    for number, quarter in enumerate(history.quarters, start=1):
        say(f"build: quarter {number} of {last}")
        others = history.quarters if number == 1 else ()
        feeds = [
            (of, path) for of, path in files if path.stem[-7:] == quarter or (others and path.stem[-7:] not in others)
        ]
        loading, judging = _take_in(settings, feeds)
        history.loading, history.judging = history.loading + loading, history.judging + judging
        history.people[number] = _lines(sample / "workforce", quarter)
        if number in (1, 2, last - 2, last - 1, last):
            say(f"build: counting after quarter {number}")
            before = alternatives.psql(settings, _YARDSTICK)
            history.counted[number], history.idle[number] = _count(settings)
            history.beside[number] = (before + alternatives.psql(settings, _YARDSTICK)) / 2
            taken = sum(history.counted[number].values())
            say(f"build: {taken:.1f} s, and {history.beside[number]:.2f} s for what is always the same")
    return history


def follow(settings: Settings, size: Size, folder: Path, history: _History, say: Say) -> str:
    """Count all people afresh and by hand; build, judge, publish, correct, publish among readers; the tables of all that."""
    say("build: counting all people afresh, and by hand")
    first = _snapshot(settings)
    afresh = sum(_count(settings, "--full-refresh", only=_AFRESH)[0].values())
    differing = _differing(settings, first)
    by_hand, people = _by_hand(settings)
    say(f"build: {afresh:.1f} s, by hand {by_hand:.1f} s; {differing} rows differ")
    # What has been counted so far was counted by the code at hand: the build goes on from there.
    revision = build.inputs(settings).code_revision
    with warehouse.connect(settings, "wres_transformer", autocommit=True) as connection:
        connection.execute("insert into ops.counted_by (code_revision) values (%s) on conflict do nothing", [revision])
    say("build: the candidate")
    building = alternatives.seconds(lambda: build.build(settings))
    models = _models(settings)
    say(f"build: {building:.1f} s; growth, gate")
    fitting = alternatives.seconds(lambda: growth.fit(settings))
    imports = alternatives.seconds(lambda: _judged(settings))
    judged = alternatives.seconds(lambda: _judged(settings))
    publish.publish(settings)
    say(f"build: growth {fitting:.1f} s, gate {imports:.1f} s, warm {judged:.1f} s; a late correction of one trust")
    _take_in(settings, [("workforce", _correction(folder / "sample" / "workforce", history.quarters[2], folder))])
    again = alternatives.seconds(lambda: build.build(settings))
    corrected = _models(settings)
    growth.fit(settings)
    _judged(settings)
    say(f"build: {again:.1f} s; a release among readers, questions")
    served = serving.measure(settings, say)
    counting = _counting_models(settings)
    part = sum(taken for name, taken in corrected.items() if name in counting)
    counted = {number: sum(taken.values()) for number, taken in history.counted.items()}
    last = len(history.quarters)
    # What goes by twelve months has nothing to count in a second quarter.
    alike = {
        number: sum(taken for name, taken in history.counted[number].items() if name not in history.idle[2])
        / history.beside[number]
        / history.people[number]
        for number in (2, last - 1, last)
    }
    slowest = sorted(models.items(), key=lambda item: -item[1])
    return "\n\n".join(
        [
            f"{people:,} lines about people in {last} quarters, {size.trusts} trusts, and all the other feeds, all taken as"
            " public already: disclosure control and its audit are measured below.",
            figures(
                [
                    Figure(
                        f"staging and counts of a person of quarter {last - 1}, against quarter 2, models that count in both",
                        alike[last - 1] / alike[2],
                        "×",
                        most=1.25,
                        note="at this size what a run of dbt costs whatever it counts weighs as much as the people",
                    ),
                    Figure(
                        f"the same of quarter {last}, which closes a year",
                        alike[last] / alike[2],
                        "×",
                    ),
                    Figure(
                        f"all of quarter {last}, with pay and everybody followed over twelve months, against quarter 2",
                        counted[last] / counted[2],
                        "×",
                    ),
                    Figure(
                        "counts after the correction of one trust's old quarter, against a whole quarter's",
                        part / counted[2],
                        "×",
                    ),
                    Figure(
                        f"all people of {last} quarters counted afresh, against one `GROUP BY` in psql",
                        afresh / by_hand,
                        "×",
                        most=3,
                        note="the models read text, cast and map it, the query finds it typed; counting while a file is loaded"
                        " would reach it",
                    ),
                    Figure("counts that differ between this history and all afresh", differing, "rows", most=0),
                    Figure(
                        "gate of the candidate, imports warm, of its build's time",
                        judged / building,
                        "×",
                        most=0.15,
                        note="its rules read the large marts whole; judging only what has changed since the last release would"
                        " reach it",
                    ),
                ]
            ),
            served,
            table(
                ("Where the time goes", "Seconds"),
                [
                    (f"loads of {last} quarters", history.loading),
                    (f"raw gate of {last} quarters, imports included", history.judging),
                    *(
                        (f"staging and counts after quarter {number}, models added up", taken)
                        for number, taken in counted.items()
                    ),
                    ("all people counted afresh", afresh),
                    ("the same by hand", by_hand),
                    ("build of the candidate, all counted before: dbt's start, seeds, models, tests", building),
                    ("growth", fitting),
                    ("gate of the candidate, imports included", imports),
                    ("gate of the candidate, imports warm", judged),
                    ("build after the correction", again),
                ],
            ),
            table(
                ("Counting", "After quarter 2, s", f"After quarter {last}, s"),
                [
                    (f"`{name}`", history.counted[2].get(name, 0.0), taken)
                    for name, taken in sorted(history.counted[last].items(), key=lambda item: -item[1])[:_LISTED]
                ],
            ),
            table(
                ("The slowest models of the candidate", "Seconds", "Share"),
                [(f"`{name}`", taken, f"{taken / sum(models.values()):.0%}") for name, taken in slowest[:_LISTED]],
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


def _count(settings: Settings, *options: str, only: str = _COUNTING) -> tuple[dict[str, float], set[str]]:
    """Seconds by model of staging and of all that is incremental, and which of them added no row.

    The tables in between are made too, and not timed.
    """
    kinds = ("--exclude-resource-type", "unit_test", "--exclude-resource-type", "test")
    result = build.dbt(settings, "build", *options, "--select", only, *kinds)
    if not result.success:
        raise build.BuildError(f"dbt could not count: {result.exception or [node.message for node in result.result]}")
    counting = [
        node
        for node in result.result
        if node.node.resource_type == "model"
        and (node.node.config.materialized == "incremental" or node.node.path.startswith("staging"))
    ]
    idle = {node.node.name for node in counting if node.adapter_response.get("rows_affected") == 0}
    return {node.node.name: float(node.execution_time) for node in counting}, idle


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


def _lines(folder: Path, quarter: str) -> int:
    """Lines of a quarter's extract, without its header."""
    (path,) = folder.glob(f"*{quarter}.csv")
    with path.open("rb") as file:
        return sum(1 for _ in file) - 1


def _correction(folder: Path, quarter: str, target: Path) -> Path:
    """The lines of one organisation of an old quarter, sent again in another order: counted anew, and no figure changes."""
    (original,) = folder.glob(f"*{quarter}.csv")
    corrected = target / f"workforce_{quarter}_corrected.csv"
    with original.open(encoding="utf-8") as file:
        header, line = next(file), next(file)
        begins = ",".join(line.split(",")[:2])
        own = [line, *(other for other in islice(file, 200_000) if other.startswith(begins))]
    corrected.write_text("".join([header, *reversed(own)]), encoding="utf-8")
    return corrected
