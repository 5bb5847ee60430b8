"""The whole chain in one process, without Airflow: load, gate, build, growth, gate, publish. For tests and single analysts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from wres import archive, build, gate, growth, load, publish, warehouse
from wres.exit_codes import BLOCKED, OK
from wres.settings import Settings

Say = Callable[[str], None]


@dataclass(frozen=True)
class LoadSummary:
    """What became of the files of one call: names already known, and the verdicts on the others."""

    known: tuple[str, ...]
    verdicts: tuple[gate.Verdict, ...]

    @property
    def rejected(self) -> tuple[gate.Verdict, ...]:
        return tuple(verdict for verdict in self.verdicts if verdict.state == "rejected")


def load_and_judge(settings: Settings, feeds: Sequence[tuple[str, Path]], period: str | None, say: Say) -> LoadSummary:
    """Archive, read and copy each file, then judge all of them (and any that a killed run left unjudged) in one go."""
    archive.sweep(settings)
    known, read, obstructed = [], [], []
    for number, (source, path) in enumerate(feeds, start=1):
        name = archive.kept_name(path)
        say(f"loading {number} of {len(feeds)}: {source}/{name}")
        loaded = load.load_file(settings, source, path, period)
        if loaded.state == "known":
            known.append(f"{source}/{name}" + (f" ({loaded.remark})" if loaded.remark else ""))
        elif loaded.load_id is None:
            obstructed.append(gate.Verdict(None, source, name, "rejected", loaded.problems))
        else:
            read.append(loaded.load_id)
    waiting = gate.waiting_loads(settings)
    if waiting:
        say(f"judging {len(waiting)} {'file' if len(waiting) == 1 else 'files'} (Great Expectations)")
    return LoadSummary(tuple(known), (*obstructed, *gate.judge_loads(settings, sorted({*read, *waiting}))))


def build_and_publish(settings: Settings, say: Say, *, wait_seconds: float = 600) -> tuple[int, str]:
    """Build, judge and publish the candidate if its inputs are new; returns exit code and a sentence.

    Raises:
        build.BuildError, gate.GateError, publish.PublishError, warehouse.WriterBusyError: see there.
    """
    with warehouse.writer(settings, wait_seconds=wait_seconds, waiting=lambda: say("waiting for another wres process")):
        now = build.inputs(settings)
        if not now.feeds_indicators:
            return OK, f"Nothing to publish yet: no accepted file feeds an indicator.{_displaced(now.displaced)}"
        if not build.changed_inputs(settings):
            return OK, _nothing_new(publish.releases(settings))
        say("building the candidate (dbt)")
        build.build(settings, say)
        say("fitting growth over the years (mixed models)")
        growth.fit(settings)
        say("judging the candidate (Great Expectations)")
        verdict = gate.judge_candidate(settings)
        notes = "".join(f"\n  note: {warning}" for warning in verdict.warnings)
        if not verdict.passed:
            blocked = "".join(f"\n  {failure}" for failure in verdict.failures)
            return BLOCKED, f"The gate blocks; nothing was published.{blocked}{notes}\n  Data Docs: {verdict.data_docs}"
        say("publishing")
        release = publish.publish(settings)
        publish.prune(settings)
        if release is None:
            return OK, _nothing_new(publish.releases(settings))
        kind = " (synthetic)" if release.is_synthetic else ""
        inputs = f"{release.inputs} {'input' if release.inputs == 1 else 'inputs'}"
        return OK, f"Published release {release.release_id}{kind} from {inputs}.{_stepped_aside(settings)}{notes}"


def _displaced(loads: int) -> str:
    if not loads:
        return ""
    return (
        f" A real file has displaced {loads} synthetic {'one' if loads == 1 else 'ones'}: a file is synthetic only if a"
        " cell says SYNTHETIC, and wres withdraw takes a load back."
    )


def _nothing_new(releases: Sequence[publish.Release]) -> str:
    sentence = f"Nothing new: release {releases[0].release_id} was built from the same files and models."
    current = next((release for release in releases if release.is_current), None)
    if current and current.release_id != releases[0].release_id:
        sentence += f" Release {current.release_id} is served, by a rollback."
    return sentence


def _stepped_aside(settings: Settings) -> str:
    """A sentence where real files have just displaced synthetic ones, and with them most of what was shown."""
    newest, *earlier = publish.releases(settings)
    if newest.is_synthetic or not earlier or not earlier[0].is_synthetic:
        return ""
    return (
        f"\n  note: synthetic files ({earlier[0].inputs} inputs of release {earlier[0].release_id}) have stepped aside;"
        " what only they held comes back with the real files: national and organisational workbook, organisations."
    )
