"""One DAG per source of the registry: new files in landing/ are loaded, judged together and reported one by one."""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import dag, task

from wres import orchestration
from wres.registry import Source, registry
from wres.settings import settings


def make_dag(source: Source) -> None:
    @task
    def discover(dag_run=None) -> list[dict]:
        period = None
        if dag_run.run_type == "backfill":
            period = orchestration.backfill_period(source, dag_run.logical_date)
        return orchestration.batches(settings(), source, period)

    @task(pool=orchestration.WRITERS_POOL, map_index_template="{{ task.op_kwargs['batch']['name'] }}")
    def load(batch: dict, ti=None) -> list[int]:
        load_ids = orchestration.load(settings(), source, batch)
        orchestration.note(ti, orchestration.loaded_text(settings(), batch, load_ids))
        return load_ids

    # One process judges all loads: importing Great Expectations costs seconds. The asset is announced when this task
    # succeeds, which it does only if a file was accepted.
    @task(
        pool=orchestration.WRITERS_POOL,
        inlets=[orchestration.landed(source.name)],
        outlets=[orchestration.accepted(source.name)],
        trigger_rule="all_done_min_one_success",
    )
    def gate(load_ids: list[list[int]], ti=None) -> None:
        verdicts = orchestration.judge(settings(), load_ids)
        ti.xcom_push(key="verdicts", value=verdicts)
        ti.xcom_push(key="page", value=orchestration.reports_page(verdicts))
        orchestration.note(ti, orchestration.verdicts_text(verdicts))
        orchestration.require_accepted(verdicts)

    @task(trigger_rule="all_done")
    def report(planned: list[dict], load_ids: list[list[int]], ti=None) -> str:
        verdicts = ti.xcom_pull(task_ids="gate", key="verdicts")
        ti.xcom_push(key="page", value=orchestration.reports_page(verdicts))
        return orchestration.report(planned, list(load_ids), verdicts)

    @dag(
        dag_id=f"ingest_{source.name}",
        description=source.title,
        doc_md=orchestration.source_text(source),
        schedule=source.schedule,
        catchup=False,
        max_active_runs=1,
        dagrun_timeout=timedelta(hours=2),
        default_args=orchestration.defaults(source.owner, minutes=60),
        tags=["ingest"],
    )
    def ingest() -> None:
        planned = discover()
        load_ids = load.expand(batch=planned)
        judged = orchestration.with_link(gate(load_ids), "Reports on rejected files")
        judged >> orchestration.with_link(report(planned, load_ids), "Reports on rejected files")

    ingest()


for registered in registry().values():
    make_dag(registered)
