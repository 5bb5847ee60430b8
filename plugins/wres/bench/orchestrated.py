"""Part ``airflow``: the demo through the scheduler against the same files in one process, and Airflow at rest."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import psutil

from wres import airflow_service, postgres
from wres.bench import alternatives, command
from wres.bench.report import Figure, Say, Size, figures, table
from wres.demo import SAMPLE
from wres.sample import write_sample
from wres.settings import Settings

# After its start Airflow reads DAGs and looks for orphans; then it waits.
_SETTLING_SECONDS = 45.0
_IDLE_SECONDS = 60.0
_PARSE = """
import sys, time
from airflow.dag_processing.dagbag import DagBag
begun = time.monotonic()
bag = DagBag(dag_folder=sys.argv[1])
assert bag.dags and not bag.import_errors, bag.import_errors
print(time.monotonic() - begun)
"""


def measure(settings: Settings, size: Size, folder: Path, say: Say) -> str:
    """Run the demo's files both ways, then let Airflow stand idle."""
    by_command = replace(settings, home=folder / "by_command")
    by_airflow = replace(settings, home=folder / "by_airflow")
    try:
        say("airflow: setting it up")
        setting_up = alternatives.seconds(lambda: airflow_service.start(by_airflow))
        airflow_service.stop(by_airflow)
        for of in (by_command, by_airflow):
            write_sample(of.landing, **SAMPLE)
        say("airflow: the demo's files by wres run")
        in_one_process = command.wres(by_command, "run", str(by_command.landing))
        say("airflow: the same through the scheduler")
        demo = command.wres(by_airflow, "demo", "--landing", str(by_airflow.landing))
        say("airflow: parsing the DAGs")
        parse = min(_parse(by_airflow, folder) for _ in range(2))
        say("airflow: starting it, and letting it stand")
        starting = alternatives.seconds(lambda: airflow_service.start(by_airflow))
        idle = _idle(by_airflow)
    finally:
        for of in (by_command, by_airflow):
            airflow_service.stop(of)
            postgres.stop(of)
    return "\n\n".join(
        [
            f"The files of the demo, {SAMPLE['trusts']} trusts, from an empty home.",
            figures(
                [
                    Figure(
                        "demo through the scheduler, Airflow set up before, over `wres run`",
                        demo - in_one_process,
                        most=60,
                        note="each task is a process that imports Airflow, three seconds of a core; fewer tasks would reach it",
                    ),
                    Figure("DAG folder parsed, Airflow imported before", parse, most=2),
                    Figure("processor time at rest, Airflow and Postgres", 100 * idle, "% of a core", most=15),
                ]
            ),
            table(
                ("Way", "Seconds"),
                [
                    ("`wres run`, process and server started", in_one_process),
                    ("`wres demo`: Airflow started and stopped besides", demo),
                    ("of this, a start of Airflow", starting),
                    ("Airflow set up and started for the first time, once and not in these", setting_up),
                ],
            ),
        ]
    )


def _parse(of: Settings, folder: Path) -> float:
    """Seconds of reading all DAG files in a fresh process."""
    environment = {
        **command.environment(of),
        "AIRFLOW_HOME": str(folder / "airflow"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "PYTHONPATH": str(of.project / "plugins"),
    }
    words = [sys.executable, "-c", _PARSE, str(of.project / "dags")]
    done = subprocess.run(words, env=environment, check=True, capture_output=True, text=True)
    return float(done.stdout.splitlines()[-1])


def _idle(of: Settings) -> float:
    """Share of one core that Airflow and Postgres take while there is nothing to do."""
    service, server = airflow_service.running(of), postgres.running(of)
    assert service and server, "both were started"
    roots = [*(pid for pid, _ in service.processes.values()), server.pid]
    time.sleep(_SETTLING_SECONDS)
    before = _processor_seconds(roots)
    begun = time.monotonic()
    time.sleep(_IDLE_SECONDS)
    return (_processor_seconds(roots) - before) / (time.monotonic() - begun)


def _processor_seconds(roots: list[int]) -> float:
    """Processor time so far of processes, their children, and those of these that have ended."""
    family = {
        process for pid in roots for process in (psutil.Process(pid), *psutil.Process(pid).children(recursive=True))
    }
    total = 0.0
    for process in family:
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system + times.children_user + times.children_system
    return total
