"""Once a week: releases and logs beyond retention go, and submissions that are overdue are named."""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import dag, task

from wres import orchestration
from wres.settings import settings


@task(pool=orchestration.WRITERS_POOL)
def prune_releases() -> str:
    return orchestration.prune_releases(settings())


@task
def prune_logs() -> int:
    return orchestration.prune_logs(settings())


@task
def forget_runs() -> None:
    from wres.airflow_service import forget_runs

    forget_runs(settings())


@task
def overdue_submissions() -> list[str]:
    from wres.status import overdue

    return overdue(settings())


@dag(
    description="Retention, and what is overdue",
    doc_md="""### Housekeeping

`prune_releases` drops releases beyond retention (`WRES_KEEP_RELEASES`, pinned ones stay) with their Data Docs, `prune_logs`
deletes logs older than 60 days, `forget_runs` Airflow's records of runs older than 90, and `overdue_submissions` lists what is
overdue (also in `wres status`).
""",
    schedule="0 4 * * 0",
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=1),
    default_args=orchestration.defaults("data-engineering"),
    tags=["housekeeping"],
)
def housekeeping() -> None:
    prune_releases()
    prune_logs()
    forget_runs()
    overdue_submissions()


housekeeping()
