"""The dashboards on a published sample: their SQL as the reader, in a fresh Superset through its API, and in a real browser."""

from __future__ import annotations

import json
import re
import shutil
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml
from commands import wres
from playwright.sync_api import Browser, Page, Response

from wres import superset_service, warehouse
from wres.settings import Settings

PROJECT = Path(__file__).resolve().parents[2]
ASSETS = PROJECT / "dashboards"
SCREENSHOTS = PROJECT / "dist" / "screenshots"
# The filter that is used, where it is not that of the region, and the column that it is about.
FILTERS = {"organisation": ("Organisation", "organisation")}
# Empty when all is well: twelve trusts seldom have one outside the limits.
MAY_BE_EMPTY = {"outside_limits", "gate_results"}


def of_kind(kind: str) -> dict[str, dict[str, Any]]:
    """Assets of ``databases``, ``datasets``, ``charts`` or ``dashboards`` by the name of their file."""
    return {path.stem: yaml.safe_load(path.read_text()) for path in sorted((ASSETS / kind).rglob("*.yaml"))}


DATASETS, CHARTS, DASHBOARDS = of_kind("datasets"), of_kind("charts"), of_kind("dashboards")


def placed(dashboard: dict[str, Any]) -> list[dict[str, Any]]:
    """The charts of a dashboard, as their places in it."""
    parts = dashboard["position"].values()
    return [part["meta"] for part in parts if isinstance(part, dict) and part["type"] == "CHART"]


def test_assets_refer_to_each_other_and_keep_no_secret() -> None:
    assets = [*of_kind("databases").values(), *DATASETS.values(), *CHARTS.values(), *DASHBOARDS.values()]
    identities = [asset["uuid"] for asset in assets]
    assert len(set(identities)) == len(identities)
    sets = {dataset["uuid"] for dataset in DATASETS.values()}
    assert {chart["dataset_uuid"] for chart in CHARTS.values()} <= sets
    shown = [chart["uuid"] for dashboard in DASHBOARDS.values() for chart in placed(dashboard)]
    assert set(shown) == {chart["uuid"] for chart in CHARTS.values()}, (
        "a chart that no dashboard shows, or no file makes"
    )
    for dashboard in DASHBOARDS.values():
        for native_filter in dashboard["metadata"]["native_filter_configuration"]:
            assert {target["datasetUuid"] for target in native_filter["targets"]} <= sets
    (database,) = of_kind("databases").values()
    assert re.fullmatch(r"postgresql\+psycopg2://bi_reader_login@[\w.]+:\d+/\w+", database["sqlalchemy_uri"])
    assert not re.search(r"://[^/@\s]+:[^@\s]+@", "".join(path.read_text() for path in ASSETS.rglob("*.yaml")))


def test_every_dashboard_says_whether_its_figures_are_real() -> None:
    banner = CHARTS["release_banner"]["uuid"]
    assert len(DASHBOARDS) == 4
    for dashboard in DASHBOARDS.values():
        assert placed(dashboard)[0]["uuid"] == banner
        filters = dashboard["metadata"]["native_filter_configuration"]
        names = {native_filter["name"] for native_filter in filters}
        assert {"WRES year", "Region", "Type of organisation", "Integrated care board"} <= names
        number = placed(dashboard)[0]["chartId"]
        assert all(number in native_filter["scope"]["excluded"] for native_filter in filters), "a filter empties it"


@pytest.mark.parametrize("name", DATASETS)
def test_sql_runs_as_the_reader_and_has_the_columns_listed(name: str, whole_standard: Settings) -> None:
    dataset = DATASETS[name]
    with psycopg.connect(warehouse.dsn(whole_standard, "bi_reader")) as reader:
        cursor = reader.execute(dataset["sql"])
        assert cursor.description is not None
        assert sorted(column.name for column in cursor.description) == [
            column["column_name"] for column in dataset["columns"]
        ]
        assert cursor.fetchone()
        if "organisation" in [column.name for column in cursor.description]:
            nameless = f"select count(*) from ({dataset['sql']}) as named where organisation is null"
            assert reader.execute(nameless).fetchone() == (0,)
    assert not re.search(r"\brestricted\.|\bops\.|\brelease_\d", dataset["sql"])


def test_hidden_figures_are_sentences(whole_standard: Settings) -> None:
    with psycopg.connect(warehouse.dsn(whole_standard, "bi_reader")) as reader:
        hidden = reader.execute(
            f"select ratio_in_words, short, finding from ({DATASETS['figure']['sql']}) as figure"
            " where status in ('suppressed', 'suppressed_source')"
        ).fetchall()
        empty = reader.execute(
            f"select count(*) from ({DATASETS['band']['sql']}) as band where share_in_words is null"
        ).fetchone()
    assert hidden
    assert {finding for _, _, finding in hidden} == {"– No figure"}
    assert {short for _, short, _ in hidden} == {"– hidden"}
    assert all(re.match(r"(Hidden|The publisher)", sentence) for sentence, _, _ in hidden), hidden
    assert empty == (0,)


@pytest.fixture(scope="module")
def shown(whole_standard: Settings, copy_warehouse: Callable[[Settings], Settings]) -> Iterator[Settings]:
    """A copy of the sample with a Superset of its own, fresh and provisioned."""
    if not superset_service.installed(whole_standard):
        pytest.skip("Superset is not set up: `make .venv-superset/.ready`, which `make test` does")
    of = copy_warehouse(whole_standard)
    superset_service.start(of)
    yield of
    superset_service.stop(of)


class Api:
    """Superset's public API as one of its users."""

    def __init__(self, of: Settings, user: str) -> None:
        service = superset_service.running(of)
        assert service
        self.url = service.url
        self.headers = {"Content-Type": "application/json"}
        # Superset takes a change only with a token that belongs to a session.
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor())
        login = {"username": user, "password": superset_service.password(of, user), "provider": "db"}
        self.headers["Authorization"] = f"Bearer {self('/security/login', login)['access_token']}"
        self.headers["X-CSRFToken"] = self("/security/csrf_token/")["result"]

    def __call__(self, path: str, body: dict[str, Any] | None = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/api/v1{path}", data=data, headers=self.headers)
        with self.opener.open(request, timeout=60) as answer:
            return json.load(answer)

    def refused(self, path: str, body: dict[str, Any] | None = None) -> int:
        """Status by which a request is refused; 200 when it is not."""
        try:
            self(path, body)
        except urllib.error.HTTPError as error:
            return error.code
        return 200


@pytest.fixture(scope="module")
def viewer(shown: Settings) -> Api:
    return Api(shown, superset_service.VIEWER)


def queries(params: dict[str, Any]) -> list[dict[str, Any]]:
    """What the browser asks for a chart with these settings; a mixed chart asks twice."""

    def query(suffix: str) -> dict[str, Any]:
        filters = [found for found in params[f"adhoc_filters{suffix}"] if found["expressionType"] == "SIMPLE"]
        where = [found["sqlExpression"] for found in params[f"adhoc_filters{suffix}"] if found not in filters]
        axis = [params["x_axis"]] if "x_axis" in params else []
        return {
            "columns": params.get("all_columns") or axis + params[f"groupby{suffix}"],
            "metrics": params[f"metrics{suffix}"] or None,
            "filters": [
                {"col": found["subject"], "op": found["operator"], "val": found["comparator"]} for found in filters
            ],
            "extras": {"where": " and ".join(f"({text})" for text in where)},
            "row_limit": params["row_limit"],
        }

    return [query(suffix) for suffix in ("", "_b") if f"metrics{suffix}" in params]


def test_every_chart_answers_with_rows(viewer: Api) -> None:
    held = viewer("/chart/?q=(page_size:100,columns:!(id,uuid,datasource_id,params))")["result"]
    names = {chart["uuid"]: name for name, chart in CHARTS.items()}
    assert {chart["uuid"] for chart in held} == set(names)
    for chart in held:
        body = {
            "datasource": {"id": chart["datasource_id"], "type": "table"},
            "queries": queries(json.loads(chart["params"])),
            "form_data": {"slice_id": chart["id"]},
        }
        for answer in viewer("/chart/data", body)["result"]:
            assert answer["error"] is None
            assert answer["rowcount"] or names[chart["uuid"]] in MAY_BE_EMPTY, names[chart["uuid"]]


def test_what_the_viewer_may_not_and_a_stranger_even_less(shown: Settings, viewer: Api) -> None:
    (chart, *_) = viewer("/chart/")["result"]
    own = {"slice_name": "mine", "viz_type": "table", "datasource_id": 1, "datasource_type": "table"}
    assert viewer.refused("/chart/", own) == 403
    assert viewer.refused("/sqllab/execute/", {"database_id": 1, "sql": "select 1"}) == 403
    assert viewer.refused("/database/1/connection") == 403
    stranger = Api(shown, superset_service.VIEWER)
    del stranger.headers["Authorization"]
    assert stranger.refused(f"/chart/{chart['id']}") == 401
    assert stranger.refused("/security/login", {"username": "admin", "password": "admin", "provider": "db"}) == 401


def test_an_administrator_reads_what_is_published_and_no_more(shown: Settings) -> None:
    administrator = Api(shown, superset_service.ADMIN)
    query = {"database_id": 1, "sql": "select count(*) as people from restricted.indicator_result", "runAsync": False}
    with pytest.raises(urllib.error.HTTPError) as refusal:
        administrator("/sqllab/execute/", query)
    assert "permission denied" in refusal.value.read().decode()
    query["sql"] = "select count(*) as figures from published.indicator_result"
    assert administrator("/sqllab/execute/", query)["data"][0]["figures"] > 1000
    secret = administrator("/database/1/connection")["result"]
    assert superset_service.password(shown, "admin") not in json.dumps(secret)
    assert "XXXX" not in secret["sqlalchemy_uri"], "no password is kept, not even a masked one"
    shown_password = re.search(r":([^:@]+)@", warehouse.dsn(shown, "bi_reader"))
    assert shown_password
    kept = (shown.superset_home / "superset.db").read_bytes()
    assert shown_password[1].encode() not in kept


def test_an_export_gives_back_the_files_as_they_are(shown: Settings, tmp_path: Path) -> None:
    copied = shutil.copytree(ASSETS, tmp_path / "dashboards", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / ".venv-superset").symlink_to(PROJECT / ".venv-superset")
    league = copied / "charts" / "league.yaml"
    league.write_text(league.read_text().replace("slice_name: ", "slice_name: The older "))
    assert superset_service.export(replace(shown, project=tmp_path)) == ["written: dashboards/charts/league.yaml"]
    for path in ASSETS.rglob("*.yaml"):
        assert (copied / path.relative_to(ASSETS)).read_text() == path.read_text(), path.name


def test_status_names_the_address(shown: Settings) -> None:
    service = superset_service.running(shown)
    assert service
    assert f"Superset   {service.url}\n" in wres(shown, "status").stdout
    assert superset_service.start(shown) == service
    for name in ("server", "provision"):
        log = superset_service.log_file(shown, name).read_text()
        assert superset_service.password(shown, superset_service.ADMIN) not in log


@pytest.fixture(scope="module")
def page(shown: Settings, browser: Browser) -> Iterator[Page]:
    """A page of a headless Chromium in which the viewer has logged in."""
    service = superset_service.running(shown)
    assert service
    # As tall as the longest dashboard: Superset draws a chart when it comes into view.
    page = browser.new_page(base_url=service.url, viewport={"width": 1600, "height": 4000})
    page.set_default_timeout(120_000)
    page.goto("/login/")
    page.fill("#username", superset_service.VIEWER)
    page.fill("#password", superset_service.password(shown, superset_service.VIEWER))
    page.click("button[type=submit]")
    page.wait_for_url(lambda url: "/login" not in url)
    yield page
    page.close()


def drawn(page: Page, charts: int) -> None:
    """Wait until as many charts are drawn, none of them is loading and none shows an error."""
    page.wait_for_function(
        "charts => document.querySelectorAll('[data-test=chart-container]').length === charts"
        " && document.querySelectorAll('.loading, [data-test=loading-indicator]').length === 0"
        " && [...document.querySelectorAll('[data-test=chart-container]')]"
        ".every(chart => chart.innerText.trim() || chart.querySelector('canvas'))",
        arg=charts,
        timeout=120_000,
    )
    time.sleep(1.5)  # ECharts moves its bars into place
    assert page.locator("[data-test=chart-container] [role=alert], .ant-alert-error").count() == 0


def screenshot(page: Page, name: str) -> None:
    """Keep a picture of the whole dashboard among what the build leaves behind."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    bottom = page.locator("[data-test=chart-container]").last.bounding_box()
    assert bottom
    clip = {"x": 0, "y": 0, "width": 1600, "height": bottom["y"] + bottom["height"] + 40}
    page.screenshot(path=SCREENSHOTS / f"{name}.png", clip=clip)


@pytest.mark.parametrize("name", DASHBOARDS)
def test_dashboard_is_drawn_and_follows_its_filter(name: str, page: Page) -> None:
    dashboard = DASHBOARDS[name]
    answers: list[Response] = []
    outside: list[str] = []
    page.on("response", lambda answer: answers.append(answer) if "/api/v1/chart/data" in answer.url else None)
    page.on("requestfinished", lambda asked: outside.append(asked.url) if "127.0.0.1" not in asked.url else None)
    page.goto(f"/superset/dashboard/{dashboard['slug']}/")
    drawn(page, len(placed(dashboard)))
    for chart in placed(dashboard):
        assert page.get_by_text(chart["sliceName"], exact=True).count(), chart["sliceName"]
    assert page.get_by_role("note").get_by_text("SYNTHETIC FIGURES").count() == 1
    screenshot(page, name)

    before = len(answers)
    filter_name, column = FILTERS.get(name, ("Region", "region_name"))
    page.get_by_role("combobox", name=filter_name).click(force=True)  # what is chosen lies over it
    option = page.locator(".ant-select-item-option").nth(1)
    chosen = option.get_attribute("title") or option.inner_text()
    option.click()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Apply filters").click()
    page.wait_for_url(re.compile("native_filters_key"))
    drawn(page, len(placed(dashboard)))
    followed = [answer for answer in answers[before:] if chosen in (answer.request.post_data or "")]
    assert followed, f"no chart asked for {chosen}"
    screenshot(page, f"{name}_filtered")

    for answer in answers:
        assert answer.status == 200, answer.text()
        for result in answer.json()["result"]:
            assert result["error"] is None
    for answer in followed:
        for result in answer.json()["result"]:
            assert {row[column] for row in result["data"] if column in row} <= {chosen}
    assert any(result["rowcount"] for answer in followed for result in answer.json()["result"])
    assert outside == [], "the page asks the outside world"
    assert (SCREENSHOTS / f"{name}.png").stat().st_size > 50_000


def test_stop_leaves_no_process(shown: Settings) -> None:
    service = superset_service.running(shown)
    assert service
    assert superset_service.stop(shown)
    assert superset_service.running(shown) is None
    assert "Superset   not running" in wres(shown, "status").stdout
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(service.url, timeout=5)
