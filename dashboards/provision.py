"""Bring a Superset to what these files say, or write what was changed in it back into them. Run in Superset's environment.

    python dashboards/provision.py            its tables, roles, users, then every asset of this folder (overwritten)
    python dashboards/provision.py export     the assets of this folder as they are in Superset now

``superset_config.py`` says which variables it takes; the users' passwords are ``WRES_SUPERSET_ADMIN_PASSWORD`` and
``WRES_SUPERSET_VIEWER_PASSWORD``.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).resolve().parent
FOLDERS = ("databases", "datasets", "charts", "dashboards")
ADMIN, VIEWER = "admin", "viewer"
# What somebody may who only looks: Superset's lowest role, less what changes anything but one's own filters and links.
VIEWER_ROLE, LOWEST_ROLE = "Viewer", "Gamma"
CHANGES = {"can_write", "can_add", "can_edit", "can_delete", "can_tag", "can_bulk_create", "can_delete_embedded"}
OWN = {"DashboardFilterStateRestApi", "DashboardPermalinkRestApi", "ExploreFormDataRestApi", "ExplorePermalinkRestApi"}


class _Dumper(yaml.SafeDumper):
    """Texts of several lines (SQL, templates, styles) as blocks, so that a change reads as one."""

    def ignore_aliases(self, data: object) -> bool:
        return True


_Dumper.add_representer(
    str,
    lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None),
)


def assets() -> dict[str, str]:
    """Text of every asset by its path in this folder, as Superset's import wants them."""
    files = [HERE / "metadata.yaml", *(path for folder in FOLDERS for path in (HERE / folder).rglob("*.yaml"))]
    return {path.relative_to(HERE).as_posix(): path.read_text(encoding="utf-8") for path in files}


def provision() -> None:
    """Make or upgrade Superset's own tables, its roles and two users, and import every asset as the administrator."""
    from flask import current_app, g
    from flask_migrate import upgrade
    from superset import appbuilder, security_manager
    from superset.commands.importers.v1.assets import ImportAssetsCommand

    upgrade()
    appbuilder.add_permissions(update_perms=True)
    security_manager.sync_role_definitions()
    _user(security_manager, ADMIN, "Admin", os.environ["WRES_SUPERSET_ADMIN_PASSWORD"])
    with current_app.test_request_context():
        g.user = security_manager.find_user(ADMIN)
        ImportAssetsCommand(assets()).run()
    role = security_manager.add_role(VIEWER_ROLE)
    role.permissions = [
        *(
            permission
            for permission in security_manager.find_role(LOWEST_ROLE).permissions
            if permission.permission.name not in CHANGES or permission.view_menu.name in OWN
        ),
        security_manager.find_permission_view_menu("all_datasource_access", "all_datasource_access"),
    ]
    _user(security_manager, VIEWER, VIEWER_ROLE, os.environ["WRES_SUPERSET_VIEWER_PASSWORD"])


def _user(manager: Any, name: str, role: str, password: str) -> None:
    """Make the user with this role where it is missing, and see to its password."""
    if user := manager.find_user(name):
        manager.reset_password(user.id, password)
    else:
        manager.add_user(name, name.capitalize(), "WRES", f"{name}@localhost", manager.find_role(role), password)


def export() -> list[str]:
    """Write every asset as Superset holds it now; a file keeps its name as long as its UUID is the same."""
    from flask import current_app, g
    from superset import security_manager
    from superset.commands.export.assets import ExportAssetsCommand

    known = {yaml.safe_load(text)["uuid"]: name for name, text in assets().items() if name != "metadata.yaml"}
    written = []
    with current_app.test_request_context():
        g.user = security_manager.find_user(ADMIN)
        for name, content in ExportAssetsCommand().run():
            if name.partition("/")[0] not in FOLDERS:
                continue
            asset = yaml.safe_load(content())
            new = re.sub(r"_\d+\.yaml$", ".yaml", name).lower()  # Superset ends a name with a number of its own
            path = HERE / known.get(asset["uuid"], new)
            text = dump(asset)
            if not path.exists() or path.read_text(encoding="utf-8") != text:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
                written.append(path.relative_to(HERE).as_posix())
    return written


def dump(asset: dict[str, Any]) -> str:
    """An asset as text: the same for the same dashboard, whatever this Superset numbers its parts with."""
    (asset.get("params") or {}).pop("datasource", None)
    for parts, name in (("columns", "column_name"), ("metrics", "metric_name")):
        if parts in asset:
            said = [{key: value for key, value in part.items() if value is not None} for part in asset[parts]]
            asset[parts] = sorted(said, key=lambda part: str(part[name]))
    charts = [
        part["meta"]
        for part in asset.get("position", {}).values()
        if isinstance(part, dict) and part["type"] == "CHART"
    ]
    numbers = {}
    for number, chart in enumerate(charts, start=1):
        numbers[chart["chartId"]] = chart["chartId"] = number
    for native_filter in asset.get("metadata", {}).get("native_filter_configuration", []):
        scope = native_filter["scope"]
        scope["excluded"] = sorted(numbers[chart] for chart in scope["excluded"] if chart in numbers)
        native_filter.pop("chartsInScope", None)
    return yaml.dump(asset, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)


if __name__ == "__main__":
    from superset.app import create_app

    with create_app().app_context():
        if sys.argv[1:] == ["export"]:
            sys.stdout.writelines(f"written: dashboards/{name}\n" for name in export())
        else:
            provision()
