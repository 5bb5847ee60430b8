"""What the documentation says exists, exists: generated pages, commands, options, targets, links, rules."""

import re
from pathlib import Path

import click
import pytest
import yaml
from corpus.page import PAGE, page

from wres import cli, reference, registry
from wres.readers import cells, content, delimited, survey_workbook
from wres.settings import settings

PROJECT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    [
        *(PROJECT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md")),
        *(PROJECT / "docs").rglob("*.md"),
    ]
)
ids = [str(page.relative_to(PROJECT)) for page in PAGES]
every_page = pytest.mark.parametrize("page", PAGES, ids=ids)


@pytest.mark.parametrize("name", ["rules.md", "data_dictionary.md", "sources.md", "commands.md"])
def test_generated_page_is_up_to_date(name):
    written = (PROJECT / "docs" / name).read_text(encoding="utf-8")
    assert written == reference.pages(settings())[name], "run `make docs` and commit what it writes"


def test_make_docs_writes_only_what_changed(tmp_path):
    from dataclasses import replace

    for name in ("sources", "expectations", "dbt_project"):
        (tmp_path / name).symlink_to(PROJECT / name)
    of = replace(settings(), project=tmp_path)
    assert {path.name for path in reference.write(of)} == {
        "rules.md",
        "data_dictionary.md",
        "sources.md",
        "commands.md",
    }
    assert reference.write(of) == []


def test_rules_that_are_code_are_those_the_code_names():
    """The hand-kept part of rules.md: each rule a reader raises stands there with its file, and no other."""
    kept = {(each.rule, each.where) for each in reference.ELSEWHERE if each.home == "reader"}
    raised = set()
    for path in (PROJECT / "plugins/wres/readers").glob("*.py"):
        for rule in re.findall(r'"([FV]\d\d)"', path.read_text()):
            raised.add((rule, str(path.relative_to(PROJECT))))
    assert kept == raised


def test_rules_kept_by_hand_are_in_the_files_they_name():
    for each in reference.ELSEWHERE:
        text = (PROJECT / each.where).read_text()
        for name in re.findall(r"`([a-z_]+(?:\.[a-z_]+)?)`", each.check):
            assert name in text, f"{each.rule}: {name} is not in {each.where}"


def test_every_reader_of_a_published_table_finds_it_in_the_dictionary():
    page = (PROJECT / "docs/data_dictionary.md").read_text()
    for path in (PROJECT / "dbt_project/models/marts").rglob("*.yml"):
        for model in yaml.safe_load(path.read_text())["models"]:
            schema = "restricted" if model["name"].startswith("restricted_") else "published"
            assert f"`{schema}.{model['name'].removeprefix('restricted_')}`" in page


def commands(text):
    """Every `wres …` of a page, as words: in code blocks and in inline code, comments and prompts left out."""
    blocks = re.findall(r"^ *```(?:sh|console)\n(.*?)^ *```", text, re.DOTALL | re.MULTILINE)
    lines = [line for block in blocks for line in block.splitlines()]
    prose = re.sub(r"^ *```.*?^ *```", "", text, flags=re.DOTALL | re.MULTILINE)
    lines += re.findall(r"`([^`\n]+)`", prose.replace("\\`", ""))
    for line in lines:
        for part in re.split(r"&&|\|\||;|\$\(", re.sub(r"^\s*\$ ", "", line)):
            words = part.split("#")[0].split(")")[0].strip()
            if re.match(r"(wres|make)( |$)", words):
                yield words


@every_page
def test_commands_exist_with_their_options(page):
    for command in commands(page.read_text(encoding="utf-8")):
        if not command.startswith("wres "):
            continue
        words = re.sub(r'"[^"]*"', "", command).split()
        name = words[1] if len(words) > 1 else ""
        if name == "" or name.startswith("-"):
            continue
        assert name in cli.main.commands, f"{page.name}: `{command}`"
        options = [p for p in cli.main.commands[name].params if isinstance(p, click.Option)]
        known = {spelling for option in options for spelling in (*option.opts, *option.secondary_opts)}
        for word in words[2:]:
            if word.startswith("--"):
                assert word.split("=")[0] in known | {"--help"}, f"{page.name}: `{command}`"


@every_page
def test_targets_exist(page):
    targets = set(re.findall(r"^([a-z]+):", (PROJECT / "Makefile").read_text(), re.MULTILINE))
    for command in commands(page.read_text(encoding="utf-8")):
        if command.startswith("make "):
            assert command.split()[1] in targets or "=" in command.split()[1], f"{page.name}: `{command}`"


def test_feeds_page_shows_each_feed_with_its_columns():
    page = (PROJECT / "docs" / "feeds.md").read_text(encoding="utf-8")
    sections = dict(re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", page, re.DOTALL | re.MULTILINE))
    for source in registry.registry(settings()).values():
        if source.name in ("organisations", "staff_survey"):
            continue
        (layout,) = source.layouts
        header = re.search(r"^```csv\n(.*)$", sections[source.name], re.MULTILINE)[1].split(",")
        assert set(layout.columns) - set(layout.optional) <= set(header) <= set(layout.columns), source.name


def errors(text):
    """Rule and words of every message that a page quotes as ``V13 … words``."""
    return re.findall(r"`([FV]\d\d) … ([^`]+)`", text)


@every_page
def test_quoted_errors_are_what_is_said(page):
    said = [*(PROJECT / "expectations").rglob("*.yml"), *(PROJECT / "plugins" / "wres").rglob("*.py")]
    spoken = re.sub(r"\s+", " ", " ".join(path.read_text(encoding="utf-8") for path in said))
    for rule, words in errors(page.read_text(encoding="utf-8")):
        assert words in spoken, f"{page.name}: {rule} … {words}"


@every_page
def test_relative_links_resolve(page):
    text = re.sub(r"^ *```.*?^ *```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"https?:|mailto:", target):
            continue
        path, _, anchor = target.partition("#")
        aim = (page.parent / path).resolve() if path else page
        assert aim.exists(), f"{page.name}: {target}"
        if anchor:
            headings = re.findall(r"^#+ (.+)$", aim.read_text(encoding="utf-8"), re.MULTILINE)
            slugs = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
            assert anchor in slugs, f"{page.name}: {target}"


@every_page
def test_page_speaks_of_the_project_alone(page):
    text = page.read_text(encoding="utf-8")
    assert not re.search(r"/(root|home|tmp|work|Users)/", text), page.name


def test_every_decision_and_runbook_is_listed():
    for folder in ("decisions", "runbooks"):
        index = (PROJECT / "docs" / folder / "README.md").read_text()
        for path in (PROJECT / "docs" / folder).glob("*.md"):
            assert path.name == "README.md" or f"({path.name})" in index, path.name


@pytest.mark.parametrize(
    ("schedule", "words"),
    [
        ("0 5 2 * *", "05:00 on day 2 of the month"),
        ("0 6 * 3 1", "06:00 Mondays in March"),
        ("30 4 * * 0", "04:30 Sundays"),
        ("0 6 15 1,4,7,10 *", "06:00 on day 15 in January, April, July and October"),
        ("0 6 * 5-8 1", "06:00 Mondays in May to August"),
        ("0 0 * * *", "00:00 every day"),
        ("*/10 * * * *", "`*/10 * * * *`"),
    ],
)
def test_schedules_are_said_in_words(schedule, words):
    assert reference._cron_in_words(schedule) == words


def test_an_unknown_docs_block_is_refused():
    with pytest.raises(reference.PageError, match="no_such_block"):
        reference._resolved("{{ doc('no_such_block') }}", {})


def test_the_page_of_bad_files_is_that_of_the_corpus():
    assert PAGE.read_text(encoding="utf-8") == page(), "run `PYTHONPATH=tests/support python -m corpus.page`"


def test_the_page_of_bad_files_states_the_limits_there_are():
    limits = PAGE.read_text(encoding="utf-8").partition("## Limits")[2]
    for limit in (
        settings().workbook_megabytes,
        settings().workbook_seconds,
        cells.MOST_CELLS,
        delimited._MOST_COLUMNS,
        survey_workbook._MOST_COLUMNS,
        delimited._LONGEST_CELL,
        content._LONGEST_LINE,
    ):
        assert f"| {limit:,}" in limits
