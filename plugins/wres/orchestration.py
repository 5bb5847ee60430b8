"""What the DAGs share and the command line has no use for: defaults, when to retry, batches, the report of a run.

Only DAG files import this module; the rest of the package does without Airflow.
"""

from __future__ import annotations

import itertools
import json
import logging
import time
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from airflow.sdk import Asset, BaseOperatorLink, RetryDecision, RetryPolicy
from airflow.sdk.bases.xcom import BaseXCom
from airflow.sdk.configuration import conf
from airflow.sdk.exceptions import AirflowSkipException

from wres import airflow_service, archive, warehouse
from wres.airflow_service import WRITERS_POOL
from wres.archive import kept_name
from wres.settings import Settings

if TYPE_CHECKING:
    from wres.gate import CandidateVerdict
    from wres.registry import Source

__all__ = ["WRITERS_POOL"]

_log = logging.getLogger(__name__)

# The closed list of tags: what a DAG is for.
TAGS = frozenset({"ingest", "watch", "transform", "housekeeping"})
RETRIES = 2
_FIRST_DELAY = timedelta(seconds=5)
# A mapped task costs a process of three seconds or more, so small files share one; of those that run at a time, each has some
# more to follow where there are that many, so that none of them idles while another has a long one.
_BATCHES_EACH = 4
_WORTH_A_TASK_BYTES = 4_000_000
# Airflow keeps 250 characters of what it shows for a mapped task, and fails on more.
_LONGEST_NAME = 200
# What a file costs by itself, archive and bookkeeping, as so many bytes of reading.
_FILE_COSTS_BYTES = 1_000_000
# A file written to more recently than this may still be on its way; the next look takes it.
_QUIET_SECONDS = 3
# How long a build waits for files that are not judged yet, and how often it looks.
_SETTLING_SECONDS = 300.0
_LOOK_SECONDS = 5.0
# How long a task waits for somebody's `wres run` at a terminal before it gives its place up and tries again later.
_WRITER_SECONDS = 60.0
# Airflow's limit of a task's note.
_LONGEST_NOTE = 1000
# Rejected files that a link leads to; an address has its limits.
_MOST_REPORTS = 50
_DRIVERS = frozenset({"psycopg", "psycopg2", "sqlalchemy"})
_LOST = frozenset({"OperationalError", "InterfaceError", "WriterBusyError"})


# The graph of assets tells the way of a file: landed, accepted, part of the candidate, published.
CANDIDATE = Asset(name="candidate release", uri="wres://candidate", group="wres")
PUBLISHED = Asset(name="published release", uri="wres://published", group="wres")


def landed(source: str) -> Asset:
    """The files of a source in ``landing/``."""
    return Asset(name=f"landed: {source}", uri=f"wres://landed/{source}", group="wres")


def accepted(source: str) -> Asset:
    """The loads of a source that the raw gate has accepted."""
    return Asset(name=f"accepted: {source}", uri=f"wres://accepted/{source}", group="wres")


class RejectedFilesError(RuntimeError):
    """Files of the run were rejected; the message names each with its report."""


class NothingAcceptedError(RuntimeError):
    """The gate accepted no file of the run, so there is nothing new to build."""


class GateBlockedError(RuntimeError):
    """The candidate may not be published; the message names the rules and where to read on."""


class LostConnection(RetryPolicy):
    """Retry what a retry can mend: a lost connection, or another writer at work. Everything else fails at once.

    A file that breaks its contract breaks it again in a minute; trying thrice only delays the message.
    """

    def evaluate(self, exception: BaseException, try_number: int, max_tries: int, context: Any = None) -> RetryDecision:
        cause = next((error for error in _chain(exception) if _is_lost_connection(error)), None)
        if cause is None:
            return RetryDecision.fail(reason=f"{type(exception).__name__}: a retry would not help")
        return RetryDecision.retry(delay=_FIRST_DELAY * 4 ** (try_number - 1), reason=f"{type(cause).__name__}")


def _chain(exception: BaseException | None) -> Iterable[BaseException]:
    """The exception and what it was raised from, as a traceback shows them."""
    while exception is not None:
        yield exception
        exception = exception.__cause__ or (None if exception.__suppress_context__ else exception.__context__)


def _is_lost_connection(exception: BaseException) -> bool:
    return any(
        kind.__name__ in _LOST and kind.__module__.split(".")[0] in _DRIVERS | {"wres"}
        for kind in type(exception).__mro__
    )


def defaults(owner: str, *, minutes: int = 15) -> dict[str, Any]:
    """Default arguments of every task: owner, retries for lost connections only, a limit to its running time."""
    return {
        "owner": owner,
        "retries": RETRIES,
        "retry_policy": LostConnection(),
        "retry_delay": _FIRST_DELAY,
        "execution_timeout": timedelta(minutes=minutes),
    }


class PageLink(BaseOperatorLink):
    """A button on a task's page that opens the page which the task left in XCom under ``page``, if it did."""

    name = ""

    def __init__(self, name: str) -> None:
        self.name = name

    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        """Address of the page, on Airflow's own host; empty where there is none."""
        return BaseXCom.get_value(ti_key=ti_key, key="page") or ""


def _listed(lines: Sequence[str]) -> str:
    """A note of several lines: the first is what its task shows, the others are a list of Markdown."""
    return "\n- ".join(lines)


def with_link(task: Any, name: str) -> Any:
    """The task, with a button of this name."""
    task.operator.operator_extra_links = (PageLink(name),)
    return task


def reports_page(verdicts: Sequence[dict[str, Any]] | None) -> str | None:
    """Address of the page with the reports on rejected files, None when there is none."""
    reports = [Path(verdict["report"]) for verdict in verdicts or () if verdict["report"]]
    if not reports:
        return None
    files = urlencode([("file", path.parent.name) for path in reports[:_MOST_REPORTS]])
    return f"/wres/ingest_{reports[0].parent.parent.name}/rejected?{files}"


def docs_page(settings: Settings, verdict: CandidateVerdict) -> str | None:
    """Address of the candidate's Data Docs, None where they were not written."""
    path = verdict.data_docs
    return f"/wres/transform/data_docs/{quote(path.relative_to(settings.data_docs).as_posix())}" if path else None


def note(ti: Any, text: str) -> str:
    """Put a text on a task as its note, and hand it back. Without a note a task is as good: no failure to write one is its own.

    The Task SDK writes no notes, so that the public API is asked, as the user whom ``simple_auth_manager_users`` names first.
    """
    path = f"/dags/{ti.dag_id}/dagRuns/{quote(ti.run_id, safe='')}/taskInstances/{ti.task_id}"
    if ti.map_index is not None and ti.map_index >= 0:
        path += f"/{ti.map_index}"
    short = text if len(text) <= _LONGEST_NOTE else f"{text[: _LONGEST_NOTE - 2]} …"
    try:
        url = conf.get("core", "execution_api_server_url", fallback="").removesuffix("/").removesuffix("/execution")
        passwords = json.loads(Path(conf.get("core", "simple_auth_manager_passwords_file", fallback="")).read_text())
        user = conf.get("core", "simple_auth_manager_users").partition(":")[0]
        login = {"username": user, "password": passwords[user]}
        airflow_service.patch(url, login, f"{path}?update_mask=note", {"note": short})
    except (OSError, ValueError, KeyError, TypeError) as error:
        _log.warning("The task's note could not be written: %s", error)
    return text


def source_text(source: Source) -> str:
    """The documentation page of an ingest DAG, from the registry."""
    files = "\n".join(
        f"- **{layout.name}**: {', '.join(f'`{pattern}`' for pattern in layout.files)}" for layout in source.layouts
    )
    return (
        f"### {source.title}\n\n{source.description}\n"
        f"Publisher: {source.publisher}. Published at <{source.published_at}>.\n\n"
        f"\nFiles dropped into `landing/{source.name}/` are archived, loaded as text and judged one by one: a bad file "
        "is rejected with a report and its siblings are accepted. `discover` finds what is new, `load` reads it, a task "
        "for each file or batch of small ones, `gate` judges all, `report` fails when a file was rejected. The notes of "
        "`load` and `gate` say what was loaded: rows, rows set aside, period.\n\n"
        "**When `report` is red** its log names each file, cause and what to do; *Reports on rejected files*, under "
        "*Details*, opens the reports, with a workbook to send back. Drop the correction into the same folder. More in "
        f"`docs/runbooks/file_rejected.md`.\n\n{files}\n"
    )


def backfill_period(source: Source, logical_date: datetime) -> str:
    """The period that a backfill's date stands for, by the source's rule; a quarter is the last that was complete then."""
    from wres.registry import last_quarter

    return {
        "month": f"{logical_date:%Y-%m}",
        "quarter": f"{last_quarter(logical_date.date()):%Y-%m}",
        "year": str(logical_date.year),
        "previous_year": str(logical_date.year - 1),
    }[source.backfill]


def batches(settings: Settings, source: Source, period: str | None = None) -> list[dict[str, Any]]:
    """What there is to load, in batches of similar size: ``name`` (for the grid), ``paths``, ``period``.

    There are at most four for each of ``parallel_loads``, and no more than one for each where files are few and small.

    Args:
        settings: whose landing folder and archive.
        source: the source to look for.
        period: None for the new files of the landing folder; a backfill's period for the archived files of that period.

    Raises:
        AirflowSkipException: nothing to load.
    """
    if period is None:
        from wres.load import discover

        paths = [found.path for found in discover(settings, source.name) if _is_complete(found.path)]
    else:
        paths = archive.of_period(settings, source.name, period)
    if not paths:
        raise AirflowSkipException(f"There is no file of {source.name} to load.")
    return [
        {"name": _batch_name(group), "paths": [str(path) for path in group], "period": period}
        for group in _of_similar_size(paths, settings.parallel_loads)
    ]


def _of_similar_size(paths: Sequence[Path], at_a_time: int) -> list[list[Path]]:
    """Paths in their order, in groups: a national file of a quarter by itself, small returns together."""
    weights = [path.stat().st_size + _FILE_COSTS_BYTES for path in paths]
    whole = sum(weights)
    many = min(_BATCHES_EACH * at_a_time, max(at_a_time, whole // _WORTH_A_TASK_BYTES))
    groups: dict[int, list[Path]] = {}
    for path, weight, upto in zip(paths, weights, itertools.accumulate(weights), strict=True):
        # By where its middle lies: of two files each is by itself, however much larger one is.
        groups.setdefault(many * (2 * upto - weight) // (2 * whole), []).append(path)
    return list(groups.values())


def _is_complete(path: Path) -> bool:
    status = path.stat()
    # A time to come is of a clock that has been put back, or of another machine's: nobody is writing then.
    return abs(time.time() - max(status.st_mtime, status.st_ctime)) > _QUIET_SECONDS


def _batch_name(paths: Sequence[Path]) -> str:
    first = kept_name(paths[0])[:_LONGEST_NAME]
    return first if len(paths) == 1 else f"{first} and {len(paths) - 1} more"


def judge(settings: Settings, load_ids: Iterable[Sequence[int]]) -> list[dict[str, Any]]:
    """Judge the loads of all batches in one process; one line per file, small enough to hand on to the report."""
    from wres.gate import judge_loads

    ids = [load_id for batch in load_ids for load_id in batch]
    if not ids:
        raise AirflowSkipException("Every file was known already.")
    return [
        {
            "file": verdict.file_name,
            "state": verdict.state,
            "period": verdict.period,
            "rows": verdict.rows,
            "rows_rejected": verdict.rows_rejected,
            "problems": [problem.sentence() for problem in verdict.problems],
            "report": str(verdict.report) if verdict.report else None,
        }
        for verdict in judge_loads(settings, ids)
    ]


def load(settings: Settings, source: Source, batch: dict[str, Any]) -> list[int]:
    """Load the files of a batch; ids of the loads that the gate has to judge or to report."""
    from wres.load import load_files

    return load_files(settings, source.name, [Path(path) for path in batch["paths"]], batch["period"])


def loaded_text(settings: Settings, batch: dict[str, Any], load_ids: Sequence[int]) -> str:
    """What became of each file of a batch, a line each."""
    with warehouse.connect(settings, "wres_loader", autocommit=True) as connection:
        rows = connection.execute(
            "select file_name, state, period, rows_loaded from ops.load where load_id = any(%s) order by load_id",
            [list(load_ids)],
        ).fetchall()
    lines = [
        f"{name}: refused by its reader" if state == "rejected" else f"{name}: {count:,} rows, period {period}"
        for name, state, period, count in rows
    ]
    known = len(batch["paths"]) - len(lines)
    return _listed(lines + [f"{known} file(s) with nothing new"] * (known > 0))


def verdicts_text(verdicts: Sequence[dict[str, Any]]) -> str:
    """What the gate said: files in all, then a line each, rejected ones first."""
    rejected = sum(verdict["state"] != "accepted" for verdict in verdicts)
    lines = []
    for verdict in sorted(verdicts, key=lambda verdict: verdict["state"] == "accepted"):
        aside = f", {verdict['rows_rejected']:,} set aside" if verdict["rows_rejected"] else ""
        what = f"{verdict['rows']:,} rows{aside}, period {verdict['period']}"
        lines.append(f"{verdict['file']}: {what if verdict['state'] == 'accepted' else verdict['state']}")
    return _listed([f"{len(verdicts) - rejected} file(s) accepted, {rejected} rejected.", *lines])


def require_accepted(verdicts: Sequence[dict[str, Any]]) -> None:
    """Fail when no file was accepted, so that nothing is announced to the DAGs that wait for this source."""
    if not any(verdict["state"] == "accepted" for verdict in verdicts):
        raise NothingAcceptedError(f"None of {len(verdicts)} file(s) was accepted; the report task names the causes.")


def report(planned: Sequence[Any] | None, loaded: Sequence[Any], verdicts: Sequence[dict[str, Any]] | None) -> str:
    """Say what became of every file of the run.

    Args:
        planned: the batches that ``discover`` found, None if it found nothing.
        loaded: results of the load tasks that succeeded.
        verdicts: of the gate, None if it was not reached.

    Raises:
        RejectedFilesError: naming each rejected file, its problems and its report.
    """
    if not planned:
        raise AirflowSkipException("There was nothing to load.")
    accepted = [verdict for verdict in verdicts or () if verdict["state"] == "accepted"]
    rejected = [verdict for verdict in verdicts or () if verdict["state"] != "accepted"]
    lines = [f"{len(accepted)} file(s) accepted, {len(rejected)} rejected."]
    for verdict in accepted:
        if verdict["problems"]:
            lines += [f"{verdict['file']} was accepted with warnings:", *_first(verdict["problems"])]
    for verdict in rejected:
        lines += [f"{verdict['file']} was rejected:", *_first(verdict["problems"])]
        lines.append(f"    report: {verdict['report']} (a workbook to send back lies beside it)")
    lost = len(planned) - len(loaded)
    if lost:
        lines.append(f"{lost} of {len(planned)} batches could not be loaded; see the failed load tasks.")
    unjudged = verdicts is None and any(loaded)
    if unjudged:
        lines.append("The gate did not finish; the files wait for the next run.")
    text = "\n".join(lines)
    if rejected or lost or unjudged:
        raise RejectedFilesError(text)
    return text


def _first(problems: Sequence[str], most: int = 5) -> list[str]:
    listed = [f"    {problem}" for problem in problems[:most]]
    return [*listed, f"    and {len(problems) - most} more"] if len(problems) > most else listed


def require_changed(settings: Settings) -> None:
    """Skip the build when it would only make the current release again.

    Files that have been dropped together are judged source by source: the build waits for those on their way, so that no
    release holds a part of them, but not for ever.
    """
    from wres.build import changed_inputs
    from wres.load import discover

    if not changed_inputs(settings):
        raise AirflowSkipException("The accepted files are those of the current release: nothing to build.")
    deadline = time.monotonic() + _SETTLING_SECONDS
    while discover(settings) and time.monotonic() < deadline:
        time.sleep(_LOOK_SECONDS)


def build(settings: Settings) -> None:
    """Build the candidate, as the one writer."""
    from wres.build import build as build_candidate

    with warehouse.writer(settings, wait_seconds=_WRITER_SECONDS):
        build_candidate(settings, _log.info)


def growth(settings: Settings) -> None:
    """Fit the candidate's growth models, as the one writer."""
    from wres.growth import fit

    with warehouse.writer(settings, wait_seconds=_WRITER_SECONDS):
        fit(settings)


def publish(settings: Settings) -> str:
    """Make the candidate the current release, as the one writer; what became of it as text."""
    from wres.publish import publish as publish_candidate

    with warehouse.writer(settings, wait_seconds=_WRITER_SECONDS):
        release = publish_candidate(settings)
    if release:
        synthetic = ", synthetic figures" if release.is_synthetic else ""
        return f"release {release.release_id} of {release.inputs} files{synthetic}"
    return "The inputs are those of the newest release: nothing to do."


def prune_releases(settings: Settings) -> str:
    """Drop releases beyond retention, as the one writer; their numbers as text."""
    from wres.publish import prune

    with warehouse.writer(settings, wait_seconds=_WRITER_SECONDS):
        return str(prune(settings))


def judge_candidate(settings: Settings) -> CandidateVerdict:
    """Judge the candidate, as the one writer."""
    from wres import gate

    with warehouse.writer(settings, wait_seconds=_WRITER_SECONDS):
        return gate.judge_candidate(settings)


def candidate_text(verdict: CandidateVerdict) -> str:
    """The verdict on the candidate, with what blocks it or was noted, a line each."""
    if not verdict.passed:
        return _listed([f"Blocked by {len(verdict.failures)} rule(s); the current release stays.", *verdict.failures])
    return _listed([f"Passed, with {len(verdict.warnings)} warning(s).", *verdict.warnings])


def require_passed(verdict: CandidateVerdict) -> str:
    """Fail when the candidate is blocked; its warnings as text.

    Raises:
        GateBlockedError: with the rules that block.
    """
    if not verdict.passed:
        listed = "\n".join(f"    {failure}" for failure in verdict.failures)
        raise GateBlockedError(
            f"{len(verdict.failures)} rule(s) block the release, the current one stays:\n{listed}\n"
            f"Results by rule: {verdict.data_docs}. A rule that waits for a person is settled by "
            "`wres accept RULE --comment TEXT`."
        )
    return "\n".join(str(warning) for warning in verdict.warnings)


def dags_with_new_files(settings: Settings) -> list[str]:
    """Ingest DAGs whose source has a new file in the landing folder."""
    from wres.load import discover

    return sorted({f"ingest_{found.source}" for found in discover(settings) if _is_complete(found.path)})


def prune_logs(settings: Settings, *, days: int = 60) -> int:
    """Delete log files older than ``days`` and the folders they leave empty; number of files deleted."""
    oldest = time.time() - days * 86400
    deleted = 0
    for path in sorted(settings.logs.rglob("*"), reverse=True):
        if path.is_symlink() or path.is_file():
            if path.lstat().st_mtime < oldest:
                path.unlink()
                deleted += 1
        elif not any(path.iterdir()):
            path.rmdir()
    return deleted
