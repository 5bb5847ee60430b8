"""From accepted files to a release: build the candidate, judge it, publish it. Runs when any source has news."""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import Asset, AssetAny, dag, task

from wres import orchestration
from wres.registry import registry
from wres.settings import settings

# A build takes the whole pool: no load is accepted halfway through, and there is one writer of the candidate.
alone = {"pool": orchestration.WRITERS_POOL, "pool_slots": orchestration.WRITERS_SLOTS}


@task
def inputs_changed() -> None:
    orchestration.require_changed(settings())


@task(**alone)
def build() -> None:
    orchestration.build(settings())


@task(**alone)
def growth() -> None:
    orchestration.growth(settings())


@task(**alone)
def gate() -> str:
    return orchestration.require_passed(settings())


@task(**alone)
def publish() -> str:
    return orchestration.publish(settings())


@dag(
    description="Build the candidate, judge it, publish it",
    doc_md="""### From accepted files to a release

Runs when a source announces newly accepted files, and waits up to five minutes for others that are still being judged. Does
nothing when the inputs are those of the current release.
dbt builds the candidate in one process, mixed models of change over the years are fitted, Great Expectations judges it,
and one transaction makes it the release that `published` and `restricted` show. **When the gate blocks**, the current
release stays: the log of `gate` names the rules, Data Docs show their results, and `wres accept RULE --comment TEXT`
settles a rule that waits for a person.
""",
    schedule=AssetAny(*(Asset(f"wres://{name}") for name in registry())),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=2),
    default_args=orchestration.defaults("data-engineering", minutes=60),
    tags=["transform"],
)
def transform() -> None:
    inputs_changed() >> build() >> growth() >> gate() >> publish()


transform()
