"""Airflow reads its home when it is first imported: it gets one of its own before any test module imports it."""

import os
import tempfile

_home = tempfile.TemporaryDirectory(prefix="wres-test-airflow-")
os.environ["AIRFLOW_HOME"] = _home.name
