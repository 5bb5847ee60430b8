"""From accepted files to a release: build the candidate, judge it, publish it. Runs when any source has news."""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import AssetAny, dag, task

from wres import orchestration
from wres.registry import registry
from wres.settings import settings

# A build takes the whole pool: no load is accepted halfway through, and there is one writer of the candidate.
alone = {"pool": orchestration.WRITERS_POOL, "pool_slots": orchestration.WRITERS_SLOTS}
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

Runs when a source announces newly accepted files, and waits up to five minutes for others that are still being judged. Does
nothing when the inputs are those of the current release.
dbt builds the candidate in one process, mixed models of change over the years are fitted, Great Expectations judges it,
and one transaction makes it the release that `published` and `restricted` show. **When the gate blocks**, the current
release stays: note and log of `gate` name the rules, its button *Data Docs* opens their results, and
`wres accept RULE --comment TEXT` settles a rule that waits for a person.
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
