"""Part ``disclosure``: whole releases under each scheme, attacked from scratch: what is hidden, what leaks, what it costs."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import LiteralString

import psycopg

from wres import run, warehouse
from wres.bench.report import NATIONAL, QUICK, Figure, Say, Size, figures, table
from wres.disclosure.audit import Verdict, audit_release
from wres.disclosure.schemes import NHS_ROUND5, suppress_below
from wres.load import feed_files
from wres.postgres import stop
from wres.sample import write_sample
from wres.settings import Settings

# Few staff, so that most rows have somebody to protect.
_STAFF = 300
_TRUSTS = {QUICK.name: 40, NATIONAL.name: 200}
_SCHEMES = {QUICK.name: (NHS_ROUND5.name, suppress_below(11).name), NATIONAL.name: (NHS_ROUND5.name,)}
# What an attack has to forget to begin anew, and to find for itself what control has proved.
_VERDICTS = ("delete from ops.audited_day",)
_PROOFS = (*_VERDICTS, "update ops.controlled_day set proofs = null")


def measure(settings: Settings, size: Size, folder: Path, say: Say) -> str:
    """Load, build, judge and publish under each scheme in a home of its own, then audit every day anew.

    Without the proofs of control only the smaller size is audited: the larger one takes hours.
    """
    sample, trusts = folder / "sample", _TRUSTS[size.name]
    write_sample(sample, trusts=trusts, first_year=size.first_year, last_year=size.last_year, staff=_STAFF)
    judged: list[Figure] = []
    costs: list[tuple[str, float, str, str, str]] = []
    for scheme in _SCHEMES[size.name]:
        of = under(settings, scheme, folder / scheme)
        try:
            say(f"disclosure: a release under {scheme}")
            loaded = run.load_and_judge(of, feed_files(of, [sample]), None, lambda text: None)
            if loaded.rejected:
                raise RuntimeError(f"The sample was not loaded: {loaded.rejected}")
            code, sentence = run.build_and_publish(of, say)
            if code != run.OK:
                raise RuntimeError(sentence)
            counts, by_own_row, for_others, controlling = _control(of)
            say(f"disclosure: an attack on all of {scheme}")
            attacks = [_attack(of, forget) for forget in ((_VERDICTS, _PROOFS) if size == QUICK else (_VERDICTS,))]
        finally:
            stop(of)
        checked = attacks[0]
        found = checked.summary()
        what = f"of {found['protected']:,} small counts under `{scheme}`, {found['days']} days"
        leaks = sum(len(attack.leaks) for attack in attacks)
        judged.append(Figure(f"narrowed to fewer than {found['protection']} people, {what}", leaks, "", most=0))
        judged.append(Figure(f"the attack on them, all days anew, `{scheme}`", checked.seconds, most=300))
        judged.extend(Figure("the same without the proofs of control", searched.seconds) for searched in attacks[1:])
        costs.append((f"`{scheme}`", controlling, f"{counts:,}", f"{by_own_row:,}", f"{for_others:,}"))
    head = ("Scheme", "Control, s of a core", "Counts", "Hidden for their own row", "Hidden for others")
    return "\n\n".join(
        [
            f"{trusts} trusts of {_STAFF} staff, {size.first_year} to {size.last_year}.",
            figures(judged),
            table(head, costs),
        ]
    )


def under(settings: Settings, policy: str, folder: Path) -> Settings:
    """A home of its own, and the project with another policy for all sources that are not public already."""
    project = folder / "project"
    project.mkdir(parents=True)
    for path in settings.project.iterdir():
        if path != settings.sources and not path.name.startswith("."):
            (project / path.name).symlink_to(path)
    shutil.copytree(settings.sources, project / "sources")
    for path in (project / "sources").glob("*.yml"):
        path.write_text(path.read_text().replace(f"policy: {NHS_ROUND5.name}", f"policy: {policy}"))
    return replace(settings, home=folder / "home", project=project)


def _control(of: Settings) -> tuple[int, int, int, float]:
    """Counts of all days; those hidden for their own row, and for others; seconds."""
    with warehouse.connect(of, "wres_transformer", autocommit=True) as connection:
        counts = connection.execute("select count(*) from intermediate.int_disclosure__cell").fetchone()
        found = connection.execute(
            "select sum(hidden_primary)::bigint, sum(hidden_complementary)::bigint, sum(seconds) from ops.controlled_day"
        ).fetchone()
    assert counts is not None and found is not None
    return counts[0], *found


def _attack(of: Settings, forgotten: Sequence[LiteralString]) -> Verdict:
    with psycopg.connect(warehouse.administrator_dsn(of), autocommit=True) as connection:
        for statement in forgotten:
            connection.execute(statement)
    _, verdict = audit_release(of)
    if verdict is None:
        raise RuntimeError("The release has no counts of records.")
    return verdict
