"""Board packs from a published warehouse: every figure is the published one, in one file that fetches and runs nothing."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from decimal import ROUND_HALF_UP, Decimal
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import psycopg
import pytest
from candidates import administrator
from commands import wres
from psycopg.rows import dict_row

from wres import board_pack, warehouse
from wres.settings import Settings

PROJECT = Path(__file__).resolve().parents[2]
# Kept by whoever runs the tests, to be looked at.
SCREENSHOTS = PROJECT / "dist" / "screenshots"
YEAR = 2025
HEADLINES = """
    select * from published.indicator_result
    where level = 'organisation' and is_headline and period_kind = 'annual' and (indicator_code, slice) in (
        ('1', 'all.band_8a_to_vsm'), ('2', 'all'), ('3', 'all'), ('4', 'all'), ('5', 'all'), ('6', 'all'), ('7', 'all'),
        ('8', 'all'), ('9', 'board.total'), ('DR', 'all.lower_to_upper')
    )
"""


class Page(HTMLParser):
    """A page as its reader has it: tables by caption or id, headings, what would be fetched, texts."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.html = path.read_text(encoding="utf-8")
        self.tables: dict[str, list[list[str]]] = {}
        self.headings: list[int] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self._rows: list[list[str]] | None = None
        self._cell: list[str] | None = None
        self._caption: list[str] | None = None
        self._name = ""
        self.feed(self.html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if re.fullmatch(r"h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag == "table":
            self._rows, self._name = [], dict(attrs).get("id") or ""
        elif tag == "tr" and self._rows is not None:
            self._rows.append([])
        elif tag in ("td", "th"):
            self._cell = []
        elif tag == "caption":
            self._caption = []

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th") and self._cell is not None and self._rows is not None:
            self._rows[-1].append(" ".join("".join(self._cell).split()))
            self._cell = None
        elif tag == "caption" and self._caption is not None:
            self._name = self._name or " ".join("".join(self._caption).split())
            self._caption = None
        elif tag == "table" and self._rows is not None:
            self.tables[self._name] = self._rows
            self._rows = None

    def handle_data(self, data: str) -> None:
        for part in (self._cell, self._caption):
            if part is not None:
                part.append(data)


@pytest.fixture(scope="module")
def packs(whole_standard: Settings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of the packs of everybody."""
    folder = tmp_path_factory.mktemp("packs") / "all"
    said = wres(whole_standard, "pack", "--all", YEAR, folder)
    assert said.exit_code == 0, said.output
    assert f"{len(list(folder.iterdir()))} packs in {folder} (release 1, SYNTHETIC figures)" in said.output
    return folder


@pytest.fixture(scope="module")
def reader(whole_standard: Settings) -> Iterator[psycopg.Connection[dict[str, Any]]]:
    with psycopg.connect(
        warehouse.dsn(whole_standard, "bi_reader"), autocommit=True, row_factory=dict_row
    ) as connection:
        yield connection


def shown(number: Any, places: int = 0) -> str:
    """A number as a page writes it, by another way than the page's."""
    if number is None:
        return "–"
    rounded = Decimal(str(number)).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    return f"{rounded:,}"


def counted(row: dict[str, Any], column: str) -> str:
    absent = row[column] is None and row["status"] not in ("not_submitted", "not_applicable")
    return "hidden" if absent else shown(row[column])


def with_interval(row: dict[str, Any]) -> str:
    if row["ratio"] is None:
        return "–"
    if row["ratio_low"] is None:
        return f"{shown(row['ratio'], 2)} (no interval)"
    return f"{shown(row['ratio'], 2)} ({shown(row['ratio_low'], 2)} to {shown(row['ratio_high'], 2)})"


def pages(packs: Path) -> dict[str, Page]:
    return {path.name.removesuffix(f"_{YEAR}.html"): Page(path) for path in packs.iterdir()}


def test_there_is_a_pack_of_everybody_with_a_figure_and_of_nobody_else(packs: Path, reader: psycopg.Connection) -> None:
    rows = reader.execute(
        f"select distinct org_code from ({HEADLINES}) as f"
        " where wres_year = %s and status not in ('not_submitted', 'not_applicable')",
        [YEAR],
    ).fetchall()
    assert {path.name for path in packs.iterdir()} == {f"{row['org_code']}_{YEAR}.html" for row in rows}
    assert len(rows) > 10


def test_every_figure_at_a_glance_is_the_published_one(packs: Path, reader: psycopg.Connection) -> None:
    published = reader.execute(f"{HEADLINES} and wres_year = %s", [YEAR]).fetchall()
    peers = {
        (row["org_code"], row["indicator_code"], row["slice"]): row["peer_median"]
        for row in reader.execute(
            "select * from published.benchmark where wres_year = %s and peer_set_kind = 'org_type'", [YEAR]
        )
    }
    seen = 0
    for code, page in pages(packs).items():
        lines = {re.split(" ", line[0])[0]: line for line in page.tables["glance-table"][1:]}
        for row in (row for row in published if row["org_code"] == code):
            name = "Disparity" if row["indicator_code"] == "DR" else row["indicator_code"]
            _, white, bme, ratio, peer, _ = lines[name]
            for group, cell in (("white", white), ("bme", bme)):
                count, base, pct = (row[f"{group}_{what}"] for what in ("count", "base", "pct"))
                if name == "Disparity":
                    above, below = (counted(row, f"{group}_{what}") for what in ("count", "base"))
                    whole = f"{above} above, {below} below"
                    assert cell == (above if above in ("–", "hidden") and above == below else whole), code
                elif count is not None and base is not None and pct is not None:
                    assert cell == f"{shown(pct, 1)}% ({shown(count)} of {shown(base)})", (code, name)
                elif pct is not None:
                    assert cell == f"{shown(pct, 1)}%", (code, name)
                elif count is None:
                    assert cell == ("hidden" if row["status"].startswith("suppressed") else "–"), (code, name)
            assert ratio == with_interval(row), (code, name)
            assert peer == shown(peers.get((code, row["indicator_code"], row["slice"])), 2), (code, name)
            seen += 1
    assert seen > 100


def test_every_band_is_the_published_one(packs: Path, reader: psycopg.Connection) -> None:
    rows = reader.execute(
        "select * from published.indicator_1_representation where level = 'organisation' and wres_year = %s and is_headline"
        " and period_kind = 'annual' and staff_block = 'all'",
        [YEAR],
    ).fetchall()
    by_band = {(row["org_code"], row["pay_row"].replace("band_", "Band ").replace("vsm", "VSM")): row for row in rows}
    seen = 0
    for code, page in pages(packs).items():
        for band, white, bme, unknown, everybody, pct, ratio, _ in page.tables.get("bands-table", [])[1:]:
            row = by_band[code, band]
            assert [white, bme, unknown, everybody] == [
                counted(row, f"{name}_headcount") for name in ("white", "bme", "unknown", "band")
            ], (code, band)
            assert pct == ("–" if row["bme_pct"] is None else f"{shown(row['bme_pct'], 1)}%")
            assert ratio == with_interval(row)
            seen += 1
    assert seen > 100


def test_every_year_is_the_published_one(packs: Path, reader: psycopg.Connection) -> None:
    published = {
        (row["org_code"], row["indicator_code"], row["wres_year"]): row for row in reader.execute(HEADLINES).fetchall()
    }
    seen = 0
    for code, page in pages(packs).items():
        if "years-table" not in page.tables:
            continue
        header, *lines = page.tables["years-table"]
        for line in lines:
            name = line[0].split()[0].replace("Disparity", "DR")
            for year, cell in zip(header[1:], line[1:], strict=True):
                row = published.get((code, name, int(year)))
                if row is None:
                    assert cell == "–"
                elif name == "9":
                    people = f"{shown(row['bme_count'])} of {shown(row['bme_base'])}"
                    assert cell == ("–" if row["bme_count"] is None else people)
                else:
                    assert cell == with_interval(row), (code, name, year)
                    seen += cell != "–"
    assert seen > 200


def test_sentences_hold_no_number_that_is_not_published(packs: Path, reader: psycopg.Connection) -> None:
    """In the paragraph of indicators 2 to 8 stand the numbers of their row, and no other."""
    published = {
        (row["org_code"], row["indicator_code"]): row
        for row in reader.execute(f"{HEADLINES} and wres_year = %s and status = 'ok'", [YEAR])
    }
    seen = 0
    for (code, indicator), row in published.items():
        if indicator not in "2345678":
            continue
        html = (packs / f"{code}_{YEAR}.html").read_text(encoding="utf-8")
        article = re.search(rf'<h3 id="indicator-{indicator}">.*?</h3>\n<p>.*?</p>\n<p>(.*?)</p>', html, re.DOTALL)
        assert article, (code, indicator)
        said = re.sub(r"(\d+) in 1,000 ", lambda rate: f"{int(rate[1]) / 10:.1f} ", article[1]).replace(
            "95% interval", ""
        )
        numbers = {abs(float(number.replace(",", ""))) for number in re.findall(r"\d[\d,]*(?:\.\d+)?", said)}
        allowed = {abs(round(float(value), 4)) for value in row.values() if isinstance(value, int | float | Decimal)}
        assert numbers <= allowed, (code, indicator, numbers - allowed)
        seen += 1
    assert seen > 50


def test_what_is_hidden_is_said_to_be_hidden(packs: Path, reader: psycopg.Connection) -> None:
    rows = reader.execute(
        f"{HEADLINES} and wres_year = %s and status in ('suppressed', 'suppressed_source')", [YEAR]
    ).fetchall()
    assert rows
    for row in rows:
        lines = Page(packs / f"{row['org_code']}_{YEAR}.html").tables["glance-table"]
        (line,) = (line for line in lines if line[0].startswith(row["indicator_code"].replace("DR", "Disparity")))
        assert line[3] == "–"
        assert line[5].startswith("Hidden")


def test_what_differs_from_peers_is_the_published_list(packs: Path, reader: psycopg.Connection) -> None:
    for code, page in pages(packs).items():
        rows = reader.execute(
            "select * from published.benchmark where org_code = %s and wres_year = %s and peer_set_kind = 'org_type'"
            " and differs_from_peers order by indicator_code, slice",
            [code, YEAR],
        ).fetchall()
        assert len(page.tables.get("differ-table", [[]])[1:]) == len(rows), code


def test_source_files_stand_there_with_their_hashes(packs: Path, reader: psycopg.Connection) -> None:
    hashes = {row["file_sha256"] for row in reader.execute("select file_sha256 from published.release_input")}
    for code, page in pages(packs).items():
        (table,) = (rows for name, rows in page.tables.items() if name.startswith("Files behind"))
        found = {line[4] for line in table[1:]} - {"–"}
        assert found and found <= hashes, code


def test_a_page_is_one_small_file_that_fetches_and_runs_nothing(packs: Path) -> None:
    for code, page in pages(packs).items():
        assert len(page.html.encode()) < 1_000_000, code
        assert not re.search(r"(?:https?:)?//|url\(|@import|javascript:", page.html), code
        assert not {tag for tag, _ in page.tags} & {
            "script",
            "link",
            "img",
            "iframe",
            "object",
            "embed",
            "base",
            "form",
        }, code
        assert not [attrs for _, attrs in page.tags if any(name.startswith("on") or name == "src" for name in attrs)], (
            code
        )
        assert all(attrs["href"].startswith("#") for _, attrs in page.tags if "href" in attrs), code  # type: ignore[union-attr]


def test_headings_go_down_by_one_and_links_and_labels_have_their_aims(packs: Path) -> None:
    for code, page in pages(packs).items():
        assert page.headings[0] == 1 and page.headings.count(1) == 1, code
        assert all(after - before <= 1 for before, after in zip(page.headings, page.headings[1:], strict=False)), code
        ids = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
        assert len(ids) == len(set(ids)), code
        aims = [str(attrs["href"])[1:] for _, attrs in page.tags if "href" in attrs]
        aims += [name for _, attrs in page.tags for name in (attrs.get("aria-labelledby") or "").split()]
        assert set(aims) <= set(ids), code
        assert all(attrs.get("scope") in ("col", "row") for tag, attrs in page.tags if tag == "th"), code
        assert len(page.tables) == sum(tag == "table" for tag, _ in page.tags)  # each has a caption of its own


def test_everybody_takes_as_many_queries_as_one(
    whole_standard: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []
    execute = psycopg.Cursor.execute

    def noted(self: psycopg.Cursor, query: Any, *arguments: Any, **options: Any) -> psycopg.Cursor:
        asked.append(query)
        return execute(self, query, *arguments, **options)

    monkeypatch.setattr(psycopg.Cursor, "execute", noted)
    board_pack.write_packs(whole_standard, YEAR, tmp_path / "all")
    everybody = len(asked)
    asked.clear()
    code = next((tmp_path / "all").iterdir()).name.partition("_")[0]
    board_pack.write_pack(whole_standard, code, YEAR, tmp_path / "one.html", pdf=False)
    assert everybody == len(asked) < 50
    assert (tmp_path / "one.html").read_text() == (tmp_path / "all" / f"{code}_{YEAR}.html").read_text()


def test_a_release_with_the_survey_alone_has_packs_too(published_sample: Settings, tmp_path: Path) -> None:
    with psycopg.connect(warehouse.dsn(published_sample, "bi_reader")) as connection:
        code, pct = connection.execute(
            "select org_code, bme_pct from published.indicator_8_discrimination where level = 'organisation'"
            " and wres_year = 2025 and status = 'ok' order by org_code limit 1"
        ).fetchone()  # type: ignore[misc]
    said = wres(published_sample, "pack", code.lower(), 2025, tmp_path / "new", "--no-pdf")
    assert said.exit_code == 0, said.output
    page = Page(tmp_path / "new" / f"{code}_2025.html")
    assert [f"{pct:.1f}%"] == [line[2] for line in page.tables["glance-table"] if line[0].startswith("8 ")]
    assert "The release has no pay bands of this organisation and year." in page.html


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["ZZ9X", YEAR, "x.html"], "The release knows no organisation 'ZZ9X'."),
        (["hospital", YEAR, "x.html"], "Of that name: "),
        (["{code}", 1999, "x.html"], "has no figures of WRES 1999; it has those of 2023, 2024, 2025."),
        (["--all", 1999, "x"], "The release has no figures of WRES 1999; it has those of 2023, 2024, 2025."),
        (["{code}", YEAR, "nowhere/deep/x.html"], "There is no folder '"),
        (["--all", YEAR, "nowhere/x"], "There is no folder '"),
        (["{code}", YEAR, "mine.html"], "mine.html' exists; --force overwrites a file."),
        (["{code}", YEAR, "mine.txt"], "mine.txt' is a file, and neither a folder nor the name of a page (.html)."),
        (["--all", YEAR, "full"], "full' exists and is not empty"),
        (["--all", YEAR, "mine.txt"], "mine.txt' exists and is not empty"),
    ],
    ids=lambda value: " ".join(map(str, value)) if isinstance(value, list) else "",
)
def test_what_cannot_be_made_is_one_sentence_and_leaves_nothing(
    whole_standard: Settings, packs: Path, tmp_path: Path, arguments: list[Any], says: str
) -> None:
    code = next(packs.iterdir()).name.partition("_")[0]
    for name in ("mine.html", "mine.txt", "full/mine.html"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("mine")
    *head, out = (str(each).format(code=code) for each in arguments)
    said = wres(whole_standard, "pack", *head, tmp_path / out, "--no-pdf")
    assert said.exit_code == 2
    assert says in said.stderr.splitlines()[-1]
    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")) == [
        "full", "full/mine.html", "mine.html", "mine.txt",
    ]  # fmt: skip
    assert all(path.read_text() == "mine" for path in tmp_path.rglob("*.*") if path.is_file())


@pytest.mark.parametrize(
    "arguments",
    [["RM3", "soon", "x"], ["RM3", "2025"], ["--all", "RM3", "2025", "x"], ["--all", "--force", "2025", "x"]],
)
def test_wrong_use_is_2(published_sample: Settings, arguments: list[str]) -> None:
    said = wres(published_sample, "pack", *arguments)
    assert said.exit_code == 2 and "Error: " in said.stderr


def test_a_full_disk_halfway_leaves_nothing(
    whole_standard: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[object] = []

    def full(facts: Any) -> str:
        made.append(facts)
        if len(made) == 3:
            raise OSError(28, "No space left on device")
        return "page"

    monkeypatch.setattr(board_pack, "render", full)
    said = wres(whole_standard, "pack", "--all", YEAR, tmp_path / "all")
    assert said.exit_code == 2
    assert f"'{tmp_path / 'all'}' cannot be written: No space left on device." in said.stderr
    assert list(tmp_path.iterdir()) == []


def test_before_the_first_release_it_says_so(warehouse_home: Settings, tmp_path: Path) -> None:
    said = wres(warehouse_home, "pack", "RM3", YEAR, tmp_path / "x.html")
    assert said.exit_code == 4
    assert said.stderr.splitlines()[-1] == "wres: Nothing is published yet: run `wres run` first."


def test_a_pack_reads_as_the_reader_of_dashboards(
    whole_standard: Settings, packs: Path, copy_warehouse: Callable[[Settings], Settings], tmp_path: Path
) -> None:
    """Take the reader's right away, and there is nothing to write: no other role stands behind it."""
    of = copy_warehouse(whole_standard)
    with administrator(of) as connection:
        connection.execute("revoke select on published.leadership_goal from bi_reader")
    code = next(packs.iterdir()).name.partition("_")[0]
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        board_pack.write_pack(of, code, YEAR, tmp_path / "x.html", pdf=False)


# In a browser --------------------------------------------------------------------------------------------------------


def test_axe_finds_nothing_serious_and_a_screenshot_is_kept(browser: Any, packs: Path) -> None:
    from axe_playwright_python.sync_playwright import Axe

    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    smallest, largest = (choose(packs.iterdir(), key=lambda path: path.stat().st_size) for choose in (min, max))
    for number, path in enumerate((smallest, largest)):
        page = browser.new_page(viewport={"width": 1000, "height": 1400})
        fetched: list[str] = []
        page.on("request", lambda request, fetched=fetched: fetched.append(request.url))
        page.goto(path.as_uri())
        assert fetched == [path.as_uri()]
        found = Axe().run(page).response["violations"]
        assert not [
            (each["id"], each["nodes"][0]["html"]) for each in found if each["impact"] in ("serious", "critical")
        ]
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        page.screenshot(path=SCREENSHOTS / f"board_pack_{('smallest', 'largest')[number]}.png", full_page=True)
        page.close()
    assert (SCREENSHOTS / "board_pack_largest.png").stat().st_size > 100_000


def test_a_page_without_scripts_is_the_same(browser: Any, packs: Path) -> None:
    path = next(packs.iterdir())
    texts = []
    for scripts in (True, False):
        context = browser.new_context(java_script_enabled=scripts)
        page = context.new_page()
        page.goto(path.as_uri())
        texts.append(page.locator("main").inner_text())
        context.close()
    assert texts[0] == texts[1] and "At a glance" in texts[0]


@pytest.mark.usefixtures("chromium")
def test_the_pdf_lies_beside_the_page(whole_standard: Settings, packs: Path, tmp_path: Path) -> None:
    code = next(packs.iterdir()).name.partition("_")[0]
    said = wres(whole_standard, "pack", code, YEAR, tmp_path / "pack.html")
    assert said.exit_code == 0, said.output
    assert f"{tmp_path / 'pack.html'} and {tmp_path / 'pack.pdf'}" in said.output
    assert (tmp_path / "pack.pdf").read_bytes().startswith(b"%PDF-")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["pack.html", "pack.pdf"]


def test_without_a_browser_there_is_the_page_and_a_sentence(
    whole_standard: Settings, packs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    code = next(packs.iterdir()).name.partition("_")[0]
    said = wres(whole_standard, "pack", code, YEAR, tmp_path / "pack.html")
    assert said.exit_code == 0, said.output
    assert "No PDF: there is no Chromium, Chrome or Edge on the PATH." in said.output
    assert [path.name for path in tmp_path.iterdir()] == ["pack.html"]
