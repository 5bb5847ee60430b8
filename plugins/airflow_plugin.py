"""What Airflow takes from its plugins folder. Every one of its processes imports this file, so that it imports nothing itself."""

from __future__ import annotations

from typing import Any

from airflow.plugins_manager import AirflowPlugin


class WresPlugin(AirflowPlugin):
    """Pages of the warehouse under Airflow's address and login."""

    name = "wres"

    @property
    def fastapi_apps(self) -> list[dict[str, Any]]:  # asked for by the API server alone
        from wres.airflow_pages import PREFIX, app

        return [{"app": app, "url_prefix": PREFIX, "name": "WRES warehouse"}]
