"""Looks into the landing folder and starts the ingest DAG of every source with a new file."""

from __future__ import annotations

from datetime import timedelta

from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import dag, task

from wres import orchestration
from wres.settings import settings


@task
def new_files(ti=None) -> list[str]:
    waiting = orchestration.dags_with_new_files(settings())
    # A run that has not ended yet takes its files along; a second one would find nothing.
    return [dag_id for dag_id in waiting if not ti.get_dr_count(dag_id=dag_id, states=["queued", "running"])]


@dag(
    description="Start the ingest DAG of every source with a new file in landing/",
    doc_md="""### Landing folder

A file dropped in May must not wait for next March's schedule. Every `WRES_WATCH_SECONDS` (ten minutes unless set) this
DAG looks into `landing/<source>/`: `new_files` names the sources with a file it has not seen, and `ingest` starts
`ingest_<source>` of each, unless that is at work already.
""",
    schedule=timedelta(seconds=settings().watch_seconds),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(minutes=10),
    default_args=orchestration.defaults("data-engineering", minutes=5),
    tags=["watch"],
)
def watch_landing() -> None:
    TriggerDagRunOperator.partial(task_id="ingest", map_index_template="{{ task.trigger_dag_id }}").expand(
        trigger_dag_id=new_files()
    )


watch_landing()
