"""The documentation as a site: every link leads somewhere, nothing is fetched from elsewhere, the search needs no server."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from wres import site
from wres.settings import Settings

PROJECT = Path(__file__).resolve().parents[2]


class Links(HTMLParser):
    """What a page links to, what it fetches, and the ids that others may link to."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: set[str] = set()
        self.fetched: set[str] = set()
        self.ids: set[str] = set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        of = {name: value or "" for name, value in attrs}
        self.ids |= {of[name] for name in ("id", "name") if name in of}
        if tag == "a" and "href" in of:
            self.links.add(of["href"])
        elif tag == "link" and of.get("rel") not in ("canonical", "next", "prev"):
            self.fetched.add(of.get("href", ""))
        if "src" in of:
            self.fetched.add(of["src"])


@pytest.fixture(scope="module")
def built(published_sample: Settings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    assert site.build(published_sample, folder) == folder / "index.html"
    return folder


@pytest.fixture(scope="module")
def pages(built: Path) -> dict[Path, Links]:
    """Our own pages; dbt's and Great Expectations' are their own."""
    return {
        path: Links(path)
        for path in built.rglob("*.html")
        if path.relative_to(built).parts[0] not in ("models", "data_docs") and path.name != "404.html"
    }


def test_there_is_a_page_of_every_page(pages: dict[Path, Links], built: Path) -> None:
    written = {path.relative_to(PROJECT / "docs").with_suffix(".html") for path in (PROJECT / "docs").rglob("*.md")}
    written = {path.with_name("index.html") if path.name == "README.html" else path for path in written}
    front = {Path("overview.html"), Path("changes.html"), Path("contributing.html")}
    assert {path.relative_to(built) for path in pages} == written | front


def test_every_link_leads_somewhere(pages: dict[Path, Links]) -> None:
    seen = 0
    for page, found in pages.items():
        for link in found.links:
            parts = urlsplit(link)
            if parts.scheme or link.startswith("#__"):
                continue
            aim = (page.parent / unquote(parts.path)).resolve() if parts.path else page
            aim = aim / "index.html" if aim.is_dir() else aim
            assert aim.exists(), f"{page.name}: {link}"
            if parts.fragment and aim in pages:
                assert unquote(parts.fragment) in pages[aim].ids, f"{page.name}: {link}"
            seen += 1
    assert seen > 1000


def test_nothing_is_fetched_from_elsewhere(pages: dict[Path, Links], built: Path) -> None:
    for page, found in pages.items():
        for each in found.fetched:
            assert not re.match(r"(?:https?:)?//", each), f"{page.name}: {each}"
            assert (page.parent / each.partition("?")[0]).resolve().exists(), f"{page.name}: {each}"
    for style in built.rglob("assets/**/*.css"):
        assert not re.search(r"url\(['\"]?(?:https?:)?//|@import", style.read_text(encoding="utf-8")), style.name


def test_models_and_the_newest_gate_lie_beside_it(built: Path, published_sample: Settings) -> None:
    assert "indicator_8_discrimination" in (built / "models" / "index.html").read_text(encoding="utf-8")
    assert "<title>Data Docs</title>" in (built / "data_docs" / "index.html").read_text(encoding="utf-8")


def test_no_release_no_data_docs_and_no_server(published_sample: Settings, tmp_path: Path) -> None:
    from dataclasses import replace

    of = replace(published_sample, home=tmp_path / "home", warehouse_url=None)
    site._data_docs(of, tmp_path / "data_docs")
    assert "has published nothing yet" in (tmp_path / "data_docs" / "index.html").read_text(encoding="utf-8")
    assert not of.home.exists()


def test_the_search_works_from_a_folder(browser: Any, built: Path) -> None:
    page = browser.new_page()
    fetched: list[str] = []
    page.on("request", lambda request: fetched.append(request.url))
    page.goto((built / "index.html").as_uri())
    page.click("[data-md-component=search-query]")
    page.keyboard.type("disparity ratio")
    page.wait_for_selector(".md-search-result__item", timeout=30_000)
    assert page.locator(".md-search-result__item").count() > 3
    assert all(url.startswith("file:") for url in fetched)
