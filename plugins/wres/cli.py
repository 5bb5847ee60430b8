"""The command line: ``wres``. Heavy parts are imported by the command that needs them."""

from __future__ import annotations

import errno
import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from wres import __version__
from wres.exit_codes import BLOCKED, FAILED, INTERRUPTED, OK, REJECTED, WRONG_USE
from wres.registry import PERIOD
from wres.settings import SettingsError, settings

# Figures that `wres diff` writes out: of two releases that have little in common, hundreds of thousands differ.
_DIFF_SHOWN = 100

_json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON in place of text.")
_source_option = click.option("--source", help="Source of the files, where their folder does not say it.")
_period_option = click.option(
    "--period",
    metavar="YYYY[-MM]",
    callback=lambda _context, _option, value: _period(value),
    help="Period (2024 or 2024-06), where neither content nor file name gives it.",
)
_paths_argument = click.argument("paths", nargs=-1, type=click.Path(path_type=Path))


def _period(value: str | None) -> str | None:
    if value is not None and not PERIOD.fullmatch(value):
        raise click.BadParameter(f"{value!r} is neither a year nor a month, such as 2024 or 2024-06")
    return value


class _Group(click.Group):
    """Turns what users can mend into one clear message and an exit code; anything else is a fault of ours and shows."""

    def invoke(self, ctx: click.Context) -> Any:
        import psycopg

        from wres import disk
        from wres.annual_return.figures import ReturnError
        from wres.background import ServiceError
        from wres.backup import BackupError
        from wres.board_pack.facts import PackError
        from wres.build import BuildError
        from wres.export import ExportError
        from wres.forget import AmbiguousPersonError, UnknownPersonError
        from wres.gate import GateError, UnknownRuleError
        from wres.load import UnknownLoadError, UnknownSourceError
        from wres.postgres import PostgresError
        from wres.publish import NotPassedError, PublishError, UnknownReleaseError
        from wres.registry import RegistryError
        from wres.rules import RulesError
        from wres.trace import TraceError
        from wres.warehouse import UnknownRoleError, WarehouseError

        wrong_use = (
            SettingsError,
            UnknownSourceError,
            UnknownLoadError,
            UnknownReleaseError,
            UnknownRoleError,
            UnknownRuleError,
            UnknownPersonError,
            AmbiguousPersonError,
            ExportError,
            FileNotFoundError,
            BackupError,
            PackError,
            TraceError,
            ReturnError,
            RegistryError,
            RulesError,
        )
        failures = (WarehouseError, PostgresError, ServiceError, BuildError, GateError, PublishError)
        try:
            return super().invoke(ctx)
        except wrong_use as error:
            _stop(error, WRONG_USE)
        except NotPassedError as error:
            _stop(error, BLOCKED)
        except failures as error:
            _stop(RuntimeError(disk.full(settings(), error) or error), FAILED)
        except psycopg.OperationalError as error:
            gone = f"The warehouse server went away; the same command again goes on from here. {error}".strip()
            _stop(RuntimeError(disk.full(settings(), error) or gone), FAILED)
        except OSError as error:
            if error.errno == errno.EPIPE:  # whoever was reading has had enough
                raise
            _stop(RuntimeError(disk.full(settings(), error) or error), FAILED)
        except (KeyboardInterrupt, click.Abort):
            _stop(RuntimeError("Interrupted. The same command again goes on from here."), INTERRUPTED)


def _stop(error: Exception, code: int) -> None:
    click.echo(f"wres: {error}", err=True)
    sys.exit(code)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="wres")
def main() -> None:
    """WRES warehouse: NHS workforce race equality files in, audited and published tables out."""


@contextmanager
def _progress() -> Iterator[Callable[[str], None]]:
    """Says what is being done: a spinner with the time on a terminal, plain lines with the time otherwise (stderr)."""
    begun = time.monotonic()
    if not sys.stderr.isatty():
        yield lambda text: click.echo(f"{time.monotonic() - begun:6.1f} s  {text}", err=True)
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    console = Console(stderr=True, highlight=False)
    with Progress(SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn(), console=console) as bar:
        task = bar.add_task("starting")
        yield lambda text: bar.update(task, description=text)


@contextmanager
def _progress_bar(every: int) -> Iterator[tuple[Callable[[str], None], Callable[[int, int, str], None]]]:
    """As ``_progress``, for work on many things: besides, it is told how many are done of how many, and the last one's name.

    A bar on a terminal; otherwise a line after each ``every`` things, and after the last.
    """
    if not sys.stderr.isatty():
        with _progress() as say:
            yield (
                say,
                lambda done, total, _: say(f"{done} of {total}") if done % every == 0 or done == total else None,
            )
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True, highlight=False)) as bar:
        task = bar.add_task("starting", total=None)
        yield (
            lambda text: bar.update(task, description=text),
            lambda done, total, name: bar.update(task, description=name, completed=done, total=total),
        )


def _feeds(paths: tuple[Path, ...], source: str | None) -> list[tuple[str, Path]]:
    from wres import load

    of = settings()
    if not paths:  # what is new in the landing folder; files rejected under these rules before stay where they are
        new = [(found.source, found.path) for found in load.discover(of, source)]
        return [*new, *((name, path) for name, path, _ in load.obstructed(of, source))]
    feeds = load.feed_files(of, paths, source)
    if not feeds:
        where = ", ".join(map(str, paths))
        click.echo(
            f"wres: no file of a registered source in {where}. Expected DIR/<source>/file, or name a file with --source.",
            err=True,
        )
        sys.exit(WRONG_USE)
    return feeds


def _say_loads(summary: Any) -> None:
    from wres import gate

    for name in summary.known:
        click.echo(f"already known: {name}")
    for verdict in summary.verdicts:
        if verdict.state == "accepted":
            aside = f", {verdict.rows_rejected} rows set aside (ops.rejected_row)" if verdict.rows_rejected else ""
            click.echo(f"accepted: {verdict.source}/{verdict.file_name} ({verdict.rows:,} rows{aside})")
    if text := gate.summary(summary.verdicts):
        click.echo(text, err=True)


@main.command()
@_source_option
@_period_option
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
def load(source: str | None, period: str | None, paths: tuple[Path, ...]) -> None:
    """Archive, load and judge files or folders (DIR/<source>/… gives the source).

    Exit code 0: all accepted or already known; 1: a file was rejected (each problem on stderr); 2: wrong use.
    """
    from wres import run as chain

    with _progress() as say:
        summary = chain.load_and_judge(settings(), _feeds(paths, source), period, say)
    _say_loads(summary)
    sys.exit(REJECTED if summary.rejected else OK)


@main.command()
@_source_option
@_period_option
@click.option("--keep-going", is_flag=True, help="Build and publish the accepted files although others were rejected.")
@_paths_argument
def run(source: str | None, period: str | None, keep_going: bool, paths: tuple[Path, ...]) -> None:
    """Load, build, gate and publish in one process. Without PATH: what is new in the landing folder.

    Exit code 0: published, or nothing new; 1: a file was rejected (nothing is built unless --keep-going);
    2: wrong use; 3: the gate blocks and nothing is published.
    """
    from wres import run as chain

    of = settings()
    with _progress() as say:
        summary = chain.load_and_judge(of, _feeds(paths, source), period, say)
        code, sentence = OK, ""
        if not summary.rejected or keep_going:
            code, sentence = chain.build_and_publish(of, say)
    _say_loads(summary)
    if not sentence:
        sentence = "Not built, because a file was rejected; --keep-going publishes the others."
    click.echo(sentence, err=code != OK)
    sys.exit(code or (REJECTED if summary.rejected else OK))


@main.command()
def build() -> None:
    """Build the candidate with dbt, and fit its growth models."""
    from wres import build as builder
    from wres import growth, warehouse

    with _progress() as say, warehouse.writer(settings()):
        say("building the candidate (dbt)")
        builder.build(settings(), say)
        say("fitting growth over the years (mixed models)")
        growth.fit(settings())
    click.echo("The candidate is built in schema marts. Next: wres gate")


@main.command()
def gate() -> None:
    """Judge the candidate. Exit code 3 when it is blocked."""
    from wres import gate as judge
    from wres import warehouse

    with _progress() as say, warehouse.writer(settings()):
        say("judging the candidate (Great Expectations)")
        verdict = judge.judge_candidate(settings())
    for failure in verdict.failures:
        click.echo(f"blocked: {failure}", err=True)
    for warning in verdict.warnings:
        click.echo(f"note: {warning}")
    click.echo(f"{'passed' if verdict.passed else 'blocked'}; Data Docs: {verdict.data_docs}")
    sys.exit(OK if verdict.passed else BLOCKED)


@main.command()
@click.argument("rule")
@click.option("--comment", required=True, help="Why the candidate is right all the same; kept with the acceptance.")
def accept(rule: str, comment: str) -> None:
    """Sign off a rule that waits for a person, for the candidate at hand; then run `wres gate` again."""
    from wres import gate as judge

    if not comment.strip():
        raise click.BadParameter("say why; the comment is kept with the acceptance", param_hint="--comment")
    judge.accept(settings(), rule.upper(), comment.strip())
    click.echo(f"{rule.upper()} is accepted for this candidate. Next: wres gate, then wres publish")


@main.command()
@click.argument("load_id", metavar="LOAD", type=int)
@click.option("--comment", required=True, help="Why the file is taken back; kept in its report.")
def withdraw(load_id: int, comment: str) -> None:
    """Take an accepted load back: what it had superseded is in force again. LOAD as in `wres status`."""
    from wres import load as loader

    if not comment.strip():
        raise click.BadParameter("say why; the comment is kept with the load", param_hint="--comment")
    name = loader.withdraw(settings(), load_id, comment.strip())
    click.echo(f"Load {load_id} ('{name}') is withdrawn. Next: wres run, which publishes what is in force now")


@main.command()
@click.argument("person_id")
@click.option("--org", "org_codes", multiple=True, help="Organisation whose person it is, where several have one.")
@click.option("--source", "sources", multiple=True, help="Source to look in; default: all with lines about people.")
@click.option("--comment", default="", help="Why, or a case number, never the identifier; kept with the tombstone.")
def forget(person_id: str, org_codes: tuple[str, ...], sources: tuple[str, ...], comment: str) -> None:
    """Erase every row of a person, and leave them out of whatever is loaded from now on.

    A PERSON_ID of - is read from standard input, so that no list of processes and no history of a shell shows it.
    """
    from wres import forget as forgetting

    person = sys.stdin.readline().strip() if person_id == "-" else person_id
    if person and person in comment:
        raise click.BadParameter("the comment is kept, and must not name the person", param_hint="--comment")
    with _progress() as say:
        done = forgetting.forget(
            settings(),
            person,
            org_codes=org_codes,
            sources=sources,
            comment=comment.strip(),
            waiting=lambda: say("waiting for another wres process"),
        )
    if done.again and not done.rows:
        click.echo("Forgotten before; no row is left.")
    for table, rows in done.rows.items():
        click.echo(f"{rows:>6,} {'row' if rows == 1 else 'rows'} of {table}")
    for name in done.rewritten:
        click.echo(f"archive: {name} is kept without the person's lines")
    for name in done.deleted:
        click.echo(f"archive: {name}, which was rejected, is deleted")
    if done.reports:
        click.echo(
            f"{done.reports} {'report or log quotes' if done.reports == 1 else 'reports and logs quote'} them no longer"
        )
    for path in done.landing:
        click.echo(f"still there, for you to delete: {path}")
    click.echo(
        "Next: wres run, which counts everything without them. Earlier releases, of figures alone, stay as they were published."
    )


@main.command()
def publish() -> None:
    """Make the candidate that passed its gate the current release."""
    from wres import publish as publisher
    from wres import warehouse

    with warehouse.writer(settings()):
        release = publisher.publish(settings())
        publisher.prune(settings())
    click.echo(f"Published release {release.release_id}." if release else "Nothing new to publish.")


@main.command()
@click.argument("release", type=int)
def rollback(release: int) -> None:
    """Serve an earlier release again."""
    from wres import publish as publisher
    from wres import warehouse

    with warehouse.writer(settings()):
        publisher.rollback(settings(), release)
    click.echo(f"Release {release} is current.")


@main.command()
@click.option("--pin", type=int, help="Keep this release beyond retention.")
@click.option("--unpin", type=int, help="Let retention take this release.")
@_json_option
def releases(pin: int | None, unpin: int | None, as_json: bool) -> None:
    """List the releases, newest first."""
    from wres import publish as publisher

    if pin is not None:
        publisher.pin(settings(), pin, pinned=True)
    if unpin is not None:
        publisher.pin(settings(), unpin, pinned=False)
    listed = publisher.releases(settings())
    if as_json:
        _print_json([asdict(release) for release in listed])
        return
    for release in listed:
        marks = [
            word
            for word, holds in (
                ("current", release.is_current),
                ("pinned", release.is_pinned),
                ("synthetic", release.is_synthetic),
                ("tables dropped", release.dropped_at is not None),
            )
            if holds
        ]
        click.echo(
            f"{release.release_id:>4}  {release.published_at:%Y-%m-%d %H:%M} UTC  {release.inputs} inputs  {', '.join(marks)}"
        )
    if not listed:
        click.echo("Nothing is published yet: run `wres run PATH`.")


@main.command()
@click.argument("release_id", metavar="[RELEASE]", type=int, required=False)
@_json_option
def audit(release_id: int | None, as_json: bool) -> None:
    """Try to work out the hidden counts of a release, as somebody could who has all its tables: the current one, or RELEASE."""
    from wres.disclosure.audit import audit_release

    number, verdict = audit_release(settings(), release_id)
    leaks = [] if verdict is None else verdict.leaks.to_dict("records")
    if as_json:
        told = None if verdict is None else {**verdict.summary(), "unread": verdict.unread, "leaks": leaks}
        _print_json({"release_id": number, "audit": told})
    elif verdict is None:
        click.echo(f"Release {number} has no counts but those that are public already.")
    else:
        told = verdict.summary()
        click.echo(
            f"Release {number}, {told['scheme']}: {told['days']} days, {told['hidden']:,} counts hidden,"
            f" {told['protected']:,} of them small."
        )
        for leak in leaks[:20]:
            click.echo(
                f"  LEAK {' '.join(str(leak[part]) for part in ('level', 'org_code', 'as_at', 'population', 'slice', 'member'))}:"
                f" {leak['low']:g} to {leak['high']:g}"
            )
        if len(leaks) > 20:
            click.echo(f"  and {len(leaks) - 20} more (--json has all)")
        click.echo(
            f"{len(leaks)} can be narrowed to fewer than {told['protection']} people."
            if leaks
            else f"None can be narrowed to fewer than {told['protection']} people."
        )
        if verdict.unread:
            click.echo(f"Not read, and published by rounding alone: {', '.join(verdict.unread)}.")
    if leaks:
        sys.exit(BLOCKED)


@main.command()
@click.argument("older", type=int)
@click.argument("newer", type=int)
@_json_option
def diff(older: int, newer: int, as_json: bool) -> None:
    """Show which figures changed from release OLDER to release NEWER."""
    from wres.diff import diff as compare

    found = compare(settings(), older, newer)
    if as_json:
        _print_json(asdict(found))
        return
    click.echo(
        f"release {older} to release {newer}: {len(found.changes)} {'figure' if len(found.changes) == 1 else 'figures'} changed"
    )
    for name in found.files_removed:
        click.echo(f"  - file {name}")
    for name in found.files_added:
        click.echo(f"  + file {name}")
    for change in found.changes[:_DIFF_SHOWN]:
        key = change.key
        click.echo(
            f"{change.kind}: {key['org_code']} {key['wres_year']} indicator {key['indicator_code']}"
            f" {key['slice']} ({key['basis']}, {key['period_kind']}"
            + (f" to {key['as_at']}" if key["period_kind"] == "quarterly" else "")
            + (", today's organisation)" if key["organisation_basis"] == "current" else ")")
            + (f": {change.because}" if change.because else "")
        )
        for column, (before, after) in change.values.items():
            click.echo(f"    {column}: {_shown(before)} -> {_shown(after)}")
    if more := found.changes[_DIFF_SHOWN:]:
        by_indicator = Counter(str(change.key["indicator_code"]) for change in more)
        counted = ", ".join(f"indicator {code}: {number:,}" for code, number in sorted(by_indicator.items()))
        click.echo(f"and {len(more):,} more ({counted}); --json lists all.")
    if found.comparisons_only:
        click.echo(f"Besides, {found.comparisons_only} moved only in comparison with England, peers or earlier years.")


@main.command()
@click.argument("org_code")
@click.argument("wres_year", type=int)
@click.argument("indicator")
@click.option("--slice", "slice_", help="Part of the indicator [default: all of it].")
@click.option("--basis", type=click.Choice(["return", "records", "survey"]), help="Default: the headline one.")
@click.option("--as-at", type=click.DateTime(["%Y-%m-%d"]), help="Day of a quarterly figure; default: the annual one.")
@click.option("--release", type=int, help="Release to look in; default: the current one.")
@_json_option
def trace(
    org_code: str,
    wres_year: int,
    indicator: str,
    slice_: str | None,
    basis: str | None,
    as_at: datetime | None,
    release: int | None,
    as_json: bool,
) -> None:
    """Name the files, sheets and rows behind one figure (survey 2024 is WRES year 2025)."""
    from wres.trace import in_words
    from wres.trace import trace as follow

    found = follow(
        settings(),
        org_code,
        wres_year,
        indicator,
        slice_=slice_,
        basis=basis,
        as_at=as_at.date() if as_at else None,
        release=release,
    )
    if as_json:
        _print_json(asdict(found))
        return
    for line in in_words(found):
        click.echo(line)


@main.command("return")
@click.argument("org_code")
@click.argument("wres_year", type=int)
@click.argument("path", metavar="FILE.xlsx", type=click.Path(path_type=Path))
@click.option(
    "--basis",
    type=click.Choice(["return", "records"]),
    help="Where 1 to 4 and 9 come from; default: the return if there is one, else the records.",
)
@click.option("--release", type=int, help="Release to take the figures from; default: the current one.")
@click.option("--force", is_flag=True, help="Overwrite FILE.xlsx if it exists.")
def return_(org_code: str, wres_year: int, path: Path, basis: str | None, release: int | None, force: bool) -> None:
    """Write the annual return of an organisation, pre-filled from a release, with its checks beside it.

    The sheet Return loads back as it is: wres load --source wres_return FILE.xlsx
    """
    from wres import annual_return

    annual_return.check_path(path, force=force)
    with _progress() as say:
        say("reading the figures and putting them to the rules (Great Expectations)")
        made = annual_return.annual_return(settings(), org_code, wres_year, basis=basis, release=release)
        annual_return.write_return(settings(), made, path, force=force)
    figures = made.figures
    kind = " SYNTHETIC: the figures are made up." if figures.is_synthetic else ""
    click.echo(
        f"written: {path}: WRES return {figures.wres_year} of {figures.org_name} ({figures.org_code}),"
        f" from {figures.basis} of release {figures.release_id}.{kind}"
    )
    counts = {
        result: sum(check.result == result for check in made.checks) for result in ("passed", "failed", "look at it")
    }
    empty = sum(line.empty_cells for line in made.lines)
    click.echo(
        f"  {len(made.lines)} lines, {empty} empty cells; checks: {counts['passed']} passed, {counts['failed']} failed,"
        f" {counts['look at it']} to look at"
    )
    for check in made.checks:
        if check.result not in ("passed", "not checked"):
            click.echo(f"  {check.result}: {check.rule} {check.looks_for}" + (f". {check.says}" if check.says else ""))


@main.command()
@click.argument("table")
@click.argument("path", metavar="OUT", type=click.Path(path_type=Path))
@click.option("--release", type=int, help="Release to take the table from; default: the current one.")
@click.option("--force", is_flag=True, help="Overwrite OUT if it exists.")
def export(table: str, path: Path, release: int | None, force: bool) -> None:
    """Write a published table as OUT.csv, OUT.parquet or OUT.xlsx, with what its columns mean."""
    from wres import export as exporting

    with _progress() as say:
        made = exporting.export(settings(), table, path, release=release, force=force, say=say)
    kind = ", SYNTHETIC figures" if made.is_synthetic else ""
    click.echo(f"written: {' and '.join(map(str, made.paths))} ({made.rows:,} rows of release {made.release_id}{kind})")


@main.command()
@click.argument("words", metavar="[ORG] YEAR OUT", nargs=-1)
@click.option("--all", "everyone", is_flag=True, help="Of every organisation; then without ORG.")
@click.option("--pdf/--no-pdf", default=None, help="With a PDF of each page, or without [default: with, of one].")
@click.option("--force", is_flag=True, help="Overwrite the page and the PDF if they exist.")
def pack(words: tuple[str, ...], everyone: bool, pdf: bool | None, force: bool) -> None:
    """Write the board pack of ORG for WRES YEAR: a page, and a PDF by the Chromium of this machine.

    OUT is the page (NAME.html), or a folder. With --all, those of every organisation with figures of the year go into the new
    folder OUT.
    """
    from wres import board_pack

    if len(words) != (2 if everyone else 3):
        raise click.UsageError(
            "give YEAR and OUT after --all" if everyone else "give ORG, YEAR and OUT, or --all YEAR OUT"
        )
    *org_code, year, out = words
    if not year.isdecimal():
        raise click.BadParameter(f"{year!r} is no year", param_hint="YEAR")
    if everyone and force:
        raise click.UsageError("--force is for one page; --all writes a folder that is not there yet")
    wanted = not everyone if pdf is None else pdf
    with _progress_bar(every=50) as (say, written):
        if everyone:
            made = board_pack.write_packs(settings(), int(year), Path(out), pdf=wanted, say=say, written=written)
        else:
            made = board_pack.write_pack(
                settings(), org_code[0], int(year), Path(out), pdf=wanted, force=force, say=say
            )
    kind = ", SYNTHETIC figures" if made.is_synthetic else ""
    what = f"{len(made.pages)} packs in {out}" if everyone else " and ".join(map(str, (*made.pages, *made.pdfs)))
    click.echo(f"written: {what} (release {made.release_id}{kind})")
    if wanted and not made.pdfs:
        click.echo("No PDF: there is no Chromium, Chrome or Edge on the PATH. A browser prints the page as it is.")


@main.command()
@_json_option
def status(as_json: bool) -> None:
    """Services, last loads, rejects, current release, open problems, what is overdue."""
    from wres.status import status as collect

    now = collect(settings())
    if as_json:
        _print_json(asdict(now))
        return
    click.echo(f"home       {now.home}")
    click.echo(f"warehouse  {now.warehouse}")
    click.echo(f"Airflow    {now.airflow or 'not running (make up): files wait for `wres run`'}")
    click.echo(f"Superset   {now.superset or 'not running (make up)'}")
    if now.airflow:
        click.echo(f"next load  {now.next_load or 'not known: Airflow does not say'}; a dropped file is taken before")
    if now.release:
        kind = ", SYNTHETIC figures" if now.release["is_synthetic"] else ""
        pinned = ", pinned" if now.release["is_pinned"] else ""
        click.echo(
            f"release    {now.release['release_id']}, published {now.release['published_at']:%Y-%m-%d %H:%M} UTC,"
            f" {now.release['inputs']} files{kind}{pinned}"
        )
    else:
        click.echo("release    none yet: `wres run PATH` loads files of yours, `make demo` made-up ones")
    for title, lines in (
        ("waiting in landing", _first_of(now.waiting)),
        ("last loads", [_load_line(row) for row in now.loads]),
        ("rejected, not mended", [line for row in now.rejected for line in _rejected_lines(now.home, row)]),
        ("open problems", now.problems),
        ("overdue", now.overdue),
    ):
        if lines:
            click.echo(f"\n{title}")
            for line in lines:
                click.echo(f"  {line}")


def _first_of(lines: list[str], most: int = 10) -> list[str]:
    return lines if len(lines) <= most else [*lines[:most], f"and {len(lines) - most} more"]


def _load_line(row: dict[str, Any]) -> str:
    aside = f", {row['rows_rejected']:,} set aside" if row["rows_rejected"] else ""
    what = (
        f" ({row['period']}, revision {row['revision']}, {row['rows_loaded']:,} rows{aside})" if row["revision"] else ""
    )
    return (
        f"{row['load_id']:>4} {row['started_at']:%Y-%m-%d %H:%M} {row['state']:<9} {row['source']}/{row['file']}{what}"
    )


def _rejected_lines(home: str, row: dict[str, Any]) -> list[str]:
    more = f" (and {row['problems'] - 1} more)" if row["problems"] > 1 else ""
    return [
        f"{row['source']}/{row['file']}: {row['rule']} {row['message']}{more}",
        f"    report: {home}/{row['report']}",
    ]


@main.command()
@click.option("--role", default="analyst", show_default=True, help="bi_reader, analyst, or a role of a step.")
def dsn(role: str) -> None:
    """Print a libpq URI for a role, and nothing else (starts the embedded server if needed)."""
    from wres import warehouse

    click.echo(warehouse.reader_dsn(settings(), role))


@main.command()
@click.argument("directory", type=click.Path(path_type=Path))
@click.option("--trusts", default=40, show_default=True)
@click.option("--years", default="2021-2024", show_default=True, help="Survey years, first-last.")
@click.option("--seed", default=1, show_default=True, help="The same seed writes the same files.")
@click.option("--staff", default=7000, show_default=True, help="Mean staff of a trust.")
@click.option(
    "--dirt", is_flag=True, help="With what goes wrong in real feeds: old codes, duplicates, swapped columns …"
)
def sample(directory: Path, trusts: int, years: str, seed: int, staff: int, dirt: bool) -> None:
    """Write synthetic feeds in the official layouts, plainly named synthetic."""
    from wres.sample import write_sample

    first, _, last = years.partition("-")
    if not (first.isdigit() and (last or first).isdigit()):
        raise click.BadParameter(f"{years!r} is not a span of years such as 2021-2024", param_hint="--years")
    try:
        with _progress() as say:
            written = write_sample(
                directory,
                trusts=trusts,
                first_year=int(first),
                last_year=int(last or first),
                seed=seed,
                staff=staff,
                dirt=dirt,
                progress=say,
            )
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    for path in written:
        click.echo(path)


@main.command()
@click.option("--landing", type=click.Path(path_type=Path), help="Folder of your own files, DIR/<source>/…")
def demo(landing: Path | None) -> None:
    """Load through a real Airflow scheduler, publish, and print the England table."""
    from wres.demo import demo as show

    if landing is not None and not landing.is_dir():
        raise click.BadParameter(f"{landing} is no folder", param_hint="--landing")
    sys.exit(show(settings(), landing))


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
def backup(file: Path) -> None:
    """Write the whole state into FILE: database, archive, landing, rejected, Data Docs; no passwords."""
    from wres import backup as saver

    with _progress() as say:
        made = saver.backup(settings(), file, say)
    click.echo(
        f"written: {file} ({file.stat().st_size / 1e6:,.1f} MB; files: {len(made.files)}, releases: {made.releases})."
        " It holds people's data: keep it as safe as the warehouse."
    )


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Replace all that this warehouse holds.")
def restore(file: Path, force: bool) -> None:
    """Put the state of a backup into an empty warehouse, once the file is verified."""
    from wres import backup as saver

    with _progress() as say:
        made = saver.restore(settings(), file, say, force=force)
    click.echo(
        f"Restored as of {made.made_at} (files: {len(made.files)}, releases: {made.releases}). Next: wres status"
    )


@main.command()
@click.option("--dashboards/--no-dashboards", default=True, help="Whether Superset starts too.", show_default=True)
def up(dashboards: bool) -> None:
    """Start the warehouse, Airflow and Superset, and keep them running."""
    from wres import airflow_service, superset_service

    of = settings()
    with _progress() as say:
        service = airflow_service.start(of, say=say)
        shown = superset_service.start(of, say=say) if dashboards and superset_service.installed(of) else None
    click.echo(f"Airflow    {service.url}  user {airflow_service.USER}, password in {of.credentials}")
    if shown:
        click.echo(
            f"Superset   {shown.url}  users {superset_service.VIEWER} and {superset_service.ADMIN}, passwords there too"
        )
    elif dashboards:
        click.echo("Superset   not set up: `make up` does it")
    click.echo(f"landing    {of.landing}  (files are picked up within {of.watch_seconds} s)")
    click.echo("warehouse  wres dsn --role bi_reader")


@main.command()
def worker() -> None:
    """Take tasks of Airflow on this machine too, until stopped (with WRES_BROKER_URL)."""
    from wres import airflow_service

    airflow_service.work(settings())


@main.command()
def dashboards() -> None:
    """Write the dashboards as they are in Superset now into dashboards/."""
    from wres import superset_service

    with _progress() as say:
        say("reading the dashboards from Superset")
        written = superset_service.export(settings())
    for line in written or ["The files are up to date."]:
        click.echo(line)


@main.command()
def down() -> None:
    """Stop what `wres up` started, and the embedded server."""
    _stop_all()


@main.command()
def stop() -> None:
    """Stop what wres started: Superset, Airflow and the embedded server. Nothing is deleted."""
    _stop_all()


def _stop_all() -> None:
    from wres import airflow_service, postgres, superset_service

    of = settings()
    services = {"Superset": superset_service, "Airflow": airflow_service, "warehouse": postgres}
    stopped = [name for name, service in services.items() if service.stop(of)]
    click.echo(f"Stopped: {', '.join(stopped)}." if stopped else "Nothing was running.")


@main.command()
def migrate() -> None:
    """Make databases, roles, schemas and rights (any command does this when needed)."""
    from wres import warehouse

    warehouse.migrate(settings())
    click.echo("The warehouse is up to date.")


@main.command()
def check() -> None:
    """Validate sources/, its maps and expectations/ against their schemas."""
    from wres import registry, rules

    of = settings()
    sources = registry.registry(of)
    for source in sources.values():
        for layout in source.layouts:
            if layout.reader == "survey_workbook":
                scales = registry.survey_scales(of.sources, source.name)
                for row in registry.survey_map(of.sources, source.name):
                    if row.scale not in scales:
                        raise registry.RegistryError(f"maps/{source.name}.csv: {row.question} names scale {row.scale}")
    suites = rules.raw_suites(of)
    missing = {source.raw_table(layout) for source in sources.values() for layout in source.layouts} - set(suites)
    if missing:
        raise rules.RulesError(f"expectations/raw has no rules for {', '.join(sorted(missing))}")
    count = sum(len(suite.rules) for suite in [*suites.values(), *rules.marts_suites(of)])
    click.echo(f"{len(sources)} sources and {count} rules are well-formed.")


@main.command()
@click.option("--site", type=click.Path(path_type=Path), help="Build them all as a site into this folder, too.")
def docs(site: Path | None) -> None:
    """Write the reference pages of docs/ (rules, data dictionary, sources, commands) from what the code reads."""
    from wres import reference
    from wres import site as builder

    try:
        changed = reference.write(settings())
        for path in changed:
            click.echo(f"written: {path}")
        if not changed:
            click.echo("The pages are up to date.")
        if site is not None:
            with _progress() as say:
                first = builder.build(settings(), site, say)
            click.echo(f"open {first}")
    except (reference.PageError, builder.SiteError) as error:
        _stop(error, WRONG_USE)


@main.command()
@click.option(
    "--part",
    "parts",
    multiple=True,
    type=click.Choice(["load", "build", "chain", "airflow", "lists", "disclosure"]),
    help="Measure this part alone; may be given more than once. disclosure takes the better part of an hour: only if named.",
)
@click.option("--full", is_flag=True, help="At the size of England: 1.5 million people a quarter, twelve quarters.")
@click.option("--write", is_flag=True, help="Write the tables into docs/performance.md.")
def bench(parts: tuple[str, ...], full: bool, write: bool) -> None:
    """Measure this machine's loads, builds, queries, Airflow and disclosure control, each figure with its target.

    Works on servers of its own; the warehouse at hand is not touched.
    """
    from wres.bench import bench as measure

    with _progress() as say:
        report = measure(settings(), parts, full=full, write=write, say=say)
    click.echo(report)


def _shown(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else "none" if value is None else str(value)


def _print_json(value: Any) -> None:
    click.echo(json.dumps(value, indent=2, default=str))
