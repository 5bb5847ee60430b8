"""``wres demo``: files in, Airflow at work, the England table out. What a newcomer sees first."""

from __future__ import annotations

import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from wres import airflow_service, archive, background, load, warehouse
from wres.build import changed_inputs, inputs
from wres.settings import Settings

# The landing folder is looked at this often while the demo waits; the ten minutes of daily life would be a long wait.
_WATCH_SECONDS = 10
_POLL_SECONDS = 1.0
# Files written to more recently than this are left alone by a look at the landing folder.
_SETTLING_SECONDS = 5.0
_LIMIT_SECONDS = 1800.0
# Without any sign of progress for this long, something is stuck that the demo cannot see.
_STUCK_SECONDS = 900.0
# A load that fails without a verdict on its file is tried again by the next run; after this many it will not succeed.
_FAILURES_ALLOWED = 4
# What of each indicator is shown: its slice, and the name for it.
_HEADLINES = {
    ("1", "all.band_8a_to_vsm"): "Staff in band 8a and above, against the whole workforce",
    ("2", "all"): "Appointment from shortlisting",
    ("3", "all"): "Entering the formal disciplinary process",
    ("4", "all"): "Accessing non-mandatory training",
    ("5", "all"): "Harassment, bullying or abuse from patients or the public",
    ("6", "all"): "Harassment, bullying or abuse from staff",
    ("7", "all"): "Believing in equal opportunities for career progression",
    ("8", "all"): "Discrimination from a manager, team leader or colleague",
    ("9", "board.total"): "Board members, against the whole workforce",
    ("DR", "all.lower_to_upper"): "Disparity between bands up to 5 and 8a and above",
}
# Enough of everything to look at, and small: the demo is to take minutes.
SAMPLE: dict[str, Any] = {"trusts": 12, "first_year": 2022, "last_year": 2024, "staff": 300}


class DemoError(RuntimeError):
    """The demo cannot go on; the message says why and where to look."""


@dataclass(frozen=True)
class _Position:
    """How far the warehouse is, as its own tables tell."""

    waiting: int
    loading: int
    accepted: int
    rejected: int
    unpublished: bool
    controlled: int

    @property
    def loaded(self) -> bool:
        return not (self.waiting or self.loading)

    @property
    def settled(self) -> bool:
        return self.loaded and not self.unpublished


@dataclass(frozen=True)
class _Step:
    """One row of ``ops.outcome``."""

    outcome_id: int
    source: str | None
    step: str
    status: str
    seconds: float | None
    message: str | None

    def line(self) -> str:
        subject = " ".join(filter(None, (self.step, self.source)))
        took = f" ({self.seconds:.1f} s)" if self.seconds is not None else ""
        return f"{subject}: {self.status}{took}{f'  {self.message}' if self.message else ''}"


def demo(settings: Settings, landing: Path | None = None) -> int:
    """Take files to a published release through a real Airflow scheduler; returns the exit code.

    Airflow is stopped at the end, the warehouse stays up.

    Args:
        settings: the warehouse to fill.
        landing: folder of the user's own files (``DIR/<source>/...``); None for synthetic ones.

    Returns:
        0 when a release is published and no file was rejected, 1 otherwise, 2 when there is nothing to load.
    """
    settings = replace(settings, watch_seconds=min(settings.watch_seconds, _WATCH_SECONDS))
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 120)
    begun = time.monotonic()
    try:
        with _progress(console) as tell:
            tell("starting the warehouse (Postgres)")
            warehouse.migrate(settings)
            if not _fill_landing(settings, landing, tell):
                console.print(
                    f"[red]There is no file of a known source in {landing}.[/red] Expected: DIR/<source>/file"
                )
                return 2
            before = _last_outcome(settings)
            stale = changed_inputs(settings)
            if stale or not _position(settings).settled:
                _through_airflow(settings, before, tell, stale=stale)
    except (DemoError, airflow_service.AirflowServiceError) as error:
        console.print("The demo stopped:", style="red", end=" ")
        console.print(str(error), markup=False, soft_wrap=True)
        return 1
    rejected = _print_rejected(settings, console)
    published = _print_england(settings, console)
    _print_next(settings, console, time.monotonic() - begun)
    return 0 if published and not rejected else 1


def _fill_landing(settings: Settings, landing: Path | None, tell: Callable[[str], None]) -> int:
    """Put the files into the landing folder; number of files there."""
    if landing is None:
        from wres.sample import write_sample

        tell("writing synthetic NHS files")
        return len(write_sample(settings.landing, **SAMPLE, progress=lambda name: tell(f"writing {name}")))
    feeds = load.feed_files(settings, [landing])
    for source, path in feeds:
        folder = settings.landing / source
        folder.mkdir(parents=True, exist_ok=True)
        if path.parent != folder:
            tell(f"copying {source}/{path.name}")
            # Complete before it gets its name: the folder is watched.
            partial = folder / f".{path.name}.part"
            shutil.copyfile(path, partial)
            partial.replace(folder / path.name)
    return len(feeds)


def _through_airflow(settings: Settings, before: int, tell: Callable[[str], None], *, stale: bool) -> None:
    """Let Airflow do the work; it is stopped afterwards unless it was running before (``make up``)."""
    was_running = airflow_service.running(settings)
    with _orderly_end():
        try:
            tell("starting Airflow" if not was_running else "Airflow is running already")
            service = airflow_service.start(settings, say=tell)
            tell(f"Airflow works at {service.url} (user {airflow_service.USER}, password in {settings.credentials})")
            if was_running:
                time.sleep(_SETTLING_SECONDS)
                airflow_service.call(settings, service, "/dags/watch_landing/dagRuns", body={"logical_date": None})
            _wait(settings, service, before, tell, stale=stale)
        finally:
            if not was_running:
                tell("stopping Airflow")
                airflow_service.stop(settings)


@contextmanager
def _orderly_end() -> Iterator[None]:
    """Let a polite end from outside (SIGTERM) unwind like Ctrl-C, so that Airflow is not left behind."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    earlier = signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, earlier)


def _wait(
    settings: Settings,
    service: airflow_service.Service,
    before: int,
    tell: Callable[[str], None],
    *,
    stale: bool,
) -> None:
    """Follow the steps that the DAGs record until every file is judged and what was accepted is published.

    ``stale`` says that the release is not what a build would make now. Where every file is accepted already (an earlier
    demo was interrupted, or models changed), no file announces itself and the build has to be asked for.
    """
    build = _Build(settings, service) if stale and _position(settings).loaded else None
    seen, last_change, limit = before, time.monotonic(), time.monotonic() + _LIMIT_SECONDS
    failures, shown = 0, ""
    while True:
        for step in _steps(settings, seen):
            seen, last_change = step.outcome_id, time.monotonic()
            tell(step.line())
            if step.status == "failed" and step.source is None:
                raise DemoError(f"{step.line()}\nThe current release stays. Logs: {settings.logs}")
            failures += step.status == "failed"
        position = _position(settings)
        if position.settled and (build is None or build.ended()):
            return
        if failures - position.rejected >= _FAILURES_ALLOWED:
            raise DemoError(f"Loading keeps failing. Logs: {settings.logs}\n{_log(settings)}")
        if _sentence(position) != shown:
            shown, last_change = _sentence(position), time.monotonic()
            tell(shown)
        if airflow_service.running(settings) is None:
            raise DemoError(f"Airflow ended unexpectedly. Logs: {settings.logs}\n{_log(settings)}")
        if time.monotonic() > min(limit, last_change + _STUCK_SECONDS):
            raise DemoError(
                f"Nothing happened for {_STUCK_SECONDS:.0f} seconds. {_sentence(position)}\n{_log(settings)}"
            )
        time.sleep(_POLL_SECONDS)


class _Build:
    """A run of the DAG ``transform`` that was asked for rather than announced by a file."""

    def __init__(self, settings: Settings, service: airflow_service.Service) -> None:
        self._settings, self._service = settings, service
        self._run: str | None = None

    def ended(self) -> bool:
        """Whether the run has ended; it is asked for as soon as Airflow has read the DAG's file."""
        try:
            if self._run is None:
                self._run = self._call("", body={"logical_date": None})["dag_run_id"]
            return self._call(f"/{self._run}")["state"] in ("success", "failed")
        except OSError:  # refused, because the DAG's file is not read yet, or late
            return False

    def _call(self, path: str, **body: Any) -> dict[str, Any]:
        return airflow_service.call(self._settings, self._service, f"/dags/transform/dagRuns{path}", **body)


def _sentence(position: _Position) -> str:
    if position.waiting or position.loading:
        return (
            f"files: {position.waiting} waiting, {position.accepted} accepted, {position.rejected} rejected; "
            f"the landing folder is looked at every {_WATCH_SECONDS} seconds"
        )
    done = f", disclosure control of {position.controlled} days is done" if position.controlled else ""
    return f"files: {position.accepted} accepted, {position.rejected} rejected; building the release{done}"


def _position(settings: Settings) -> _Position:
    waiting = len(load.discover(settings))
    with warehouse.connect(settings, "wres_publisher", autocommit=True) as connection:
        states: dict[str, int] = dict(
            connection.execute("select state, count(*) from ops.load group by state").fetchall()
        )
        unpublished = connection.execute(
            "select count(*) from ops.current_content where load_id not in (select load_id from ops.release_input"
            " where release_id = (select max(release_id) from ops.release))"
        ).fetchone()
        controlled = connection.execute("select count(*) from ops.controlled_day").fetchone()
    return _Position(
        waiting=waiting,
        loading=states.get("loading", 0) + states.get("loaded", 0),
        accepted=states.get("accepted", 0),
        rejected=states.get("rejected", 0),
        unpublished=unpublished != (0,) and inputs(settings).feeds_indicators,
        controlled=controlled[0] if controlled else 0,
    )


def _last_outcome(settings: Settings) -> int:
    with warehouse.connect(settings, "wres_publisher", autocommit=True) as connection:
        row = connection.execute("select coalesce(max(outcome_id), 0) from ops.outcome").fetchone()
    return int(row[0]) if row else 0


def _steps(settings: Settings, after: int) -> list[_Step]:
    with warehouse.connect(settings, "wres_publisher", autocommit=True) as connection:
        rows = connection.execute(
            "select outcome_id, source, step, status, seconds, message from ops.outcome"
            " where outcome_id > %s order by outcome_id",
            [after],
        ).fetchall()
    return [_Step(*row) for row in rows]


def _print_rejected(settings: Settings, console: Console) -> int:
    """Print the reports of the files in the landing folder that were rejected; their number."""
    held = [archive.sha256_of(path) for _, path in load.feed_files(settings, [settings.landing])]
    with warehouse.connect(settings, "wres_publisher", autocommit=True) as connection:
        rows = connection.execute(
            "select distinct on (l.file_sha256) l.file_name, l.state, l.report from ops.load as l"
            " where l.file_sha256 = any(%s) order by l.file_sha256, l.load_id desc",
            [held],
        ).fetchall()
    rejected = [(name, settings.home / report) for name, state, report in rows if state == "rejected" and report]
    for name, path in rejected:
        console.print(f"\n{name} was rejected:", style="red", markup=False)
        if path.suffix == ".txt" and path.exists():
            console.print(path.read_text().strip(), markup=False)
        console.print(f"To send back: {path.with_suffix('.xlsx')}", markup=False)
    return len(rejected)


def _print_england(settings: Settings, console: Console) -> bool:
    """Print England's headline figures of the current release; False when there is none."""
    with warehouse.connect(settings, "wres_publisher", autocommit=True) as connection:
        release = connection.execute("select release_id, is_synthetic from ops.release where is_current").fetchone()
    if release is None:
        console.print("\nNothing is published: no accepted file carries an indicator (a staff survey workbook does).")
        return False
    with warehouse.connect(settings, "bi_reader", autocommit=True) as connection:
        rows = connection.execute(
            "select indicator_code, slice, wres_year, white_pct, bme_pct, ratio, ratio_low, ratio_high, status, status_reason"
            " from published.indicator_result where level = 'england' and is_headline and period_kind = 'annual'"
            " and wres_year = (select max(wres_year) from published.indicator_result where level = 'england')"
            " order by indicator_code, slice"
        ).fetchall()
    shown = [row for row in rows if row[:2] in _HEADLINES]
    year = shown[0][2] if shown else "no year"
    synthetic = ", SYNTHETIC figures" if release[1] else ""
    table = Table(title=f"England, WRES year {year} (release {release[0]}{synthetic})", title_justify="left")
    for name in ("", "Indicator"):
        table.add_column(name)
    for name in ("White %", "BME %", "Ratio", "95% interval"):
        table.add_column(name, justify="right", no_wrap=True)
    for code, slice_, _, white, bme, ratio, low, high, status, reason in shown:
        name = _HEADLINES[code, slice_]
        if ratio is None:
            table.add_row(code, f"{name}\n{reason or status}", "", "", "", "")
            continue
        shares = [f"{share:.1f}" if share is not None else "" for share in (white, bme)]
        table.add_row(code, name, *shares, f"{ratio:.2f}", f"{low:.2f} to {high:.2f}" if low is not None else "")
    console.print()
    console.print(table)
    return bool(shown)


def _print_next(settings: Settings, console: Console, seconds: float) -> None:
    with warehouse.connect(settings, "wres_publisher", autocommit=True) as connection:
        docs = connection.execute("select data_docs from ops.release where is_current").fetchone()
    site = settings.home / docs[0] / "index.html" if docs and docs[0] else settings.data_docs
    airflow = "runs on" if airflow_service.running(settings) else "is stopped"
    console.print(f"\nDone in {seconds:.0f} seconds. Airflow {airflow}, the warehouse stays up. What to open next:")
    wres = _command()
    for command, meaning in (
        (f"{wres} dsn --role analyst", "connect any SQL client; tables in `published` and `restricted`"),
        (f"{wres} status", "services, loads, rejects, the release"),
        ("make up", "keep Airflow running: files dropped into landing/ are then published by themselves"),
        (f"{wres} stop", "stop the warehouse"),
    ):
        console.print(f"  {command:<34} {meaning}", markup=False)
    console.print(f"  {site.as_uri()}\n  {'':<34} what the gate checked, for a browser", markup=False)


def _command() -> str:
    """``wres`` as the reader can type it where they are: with its folder, unless that is on their path."""
    if shutil.which("wres"):
        return "wres"
    program = Path(sys.executable).with_name("wres")
    return str(program.relative_to(Path.cwd()) if program.is_relative_to(Path.cwd()) else program)


def _log(settings: Settings) -> str:
    return f"The scheduler's log ends:\n{background.log_tail(airflow_service.log_file(settings, 'scheduler'))}"


@contextmanager
def _progress(console: Console) -> Iterator[Callable[[str], None]]:
    """A moving line with the time on a terminal (steps stay above it), plain lines with seconds elsewhere."""
    begun = time.monotonic()
    if not console.is_terminal:

        def plain(text: str) -> None:
            sys.stdout.write(f"{time.monotonic() - begun:6.1f} s  {text}\n")
            sys.stdout.flush()

        yield plain
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), BarColumn(20), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        current = progress.add_task("", total=None)

        def moving(text: str) -> None:
            progress.update(current, description=text.splitlines()[0][:100])
            progress.console.print(f"{time.monotonic() - begun:6.1f} s  {text}", style="dim", markup=False)

        yield moving
