"""From accepted files to a release: build the candidate, judge it, publish it. Runs when any source has news."""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import AssetAny, dag, task

from wres import orchestration
from wres.registry import registry
from wres.settings import settings

# A build takes the whole pool: no load is accepted halfway through, and there is one writer of the candidate.
alone = {"pool": orchestration.WRITERS_POOL, "pool_slots": settings().parallel_loads}
accepted = [orchestration.accepted(source) for source in registry()]


@task
def inputs_changed() -> None:
    orchestration.require_changed(settings())


@task(**alone, inlets=accepted, outlets=[orchestration.CANDIDATE])
def build() -> None:
    orchestration.build(settings())


@task(**alone)
def growth() -> None:
    orchestration.growth(settings())


@task(**alone)
def gate(ti=None) -> str:
    verdict = orchestration.judge_candidate(settings())
    ti.xcom_push(key="page", value=orchestration.docs_page(settings(), verdict))
    orchestration.note(ti, orchestration.candidate_text(verdict))
    return orchestration.require_passed(verdict)


@task(**alone, inlets=[orchestration.CANDIDATE], outlets=[orchestration.PUBLISHED])
def publish(ti=None) -> str:
    return orchestration.note(ti, orchestration.publish(settings()))


@dag(
    description="Build the candidate, judge it, publish it",
    doc_md="""### From accepted files to a release

Runs when a source announces newly accepted files. `inputs_changed` waits up to five minutes for others that are still being
judged, and skips the rest when the inputs are those of the current release. `build` makes the candidate in one dbt process,
`growth` fits mixed models of change over the years, `gate` judges it with Great Expectations, and `publish` makes it, in one
transaction, the release that `published` and `restricted` show.

**When `gate` is red** the current release stays. Its note and log name the rules, and *Data Docs*, under *Details*, opens
their results. `wres accept RULE --comment TEXT` settles a rule that waits for a person; then clear the task. More in
`docs/runbooks/gate_blocked.md`.
""",
    schedule=AssetAny(*accepted),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=2),
    default_args=orchestration.defaults("data-engineering", minutes=60),
    tags=["transform"],
)
def transform() -> None:
    judged = orchestration.with_link(gate(), "Data Docs")
    inputs_changed() >> build() >> growth() >> judged >> publish()


transform()
