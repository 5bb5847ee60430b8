"""Every query, example file and transcript of the documentation, on a published sample."""

import re
from pathlib import Path

import openpyxl
import psycopg
import pytest
from click.testing import CliRunner

from wres import cli, registry, run, warehouse
from wres.load import feed_files

PROJECT = Path(__file__).resolve().parents[2]
# Queries whose answer is empty when all is well.
MAY_BE_EMPTY = (
    "ops.rejected_row",
    "ops.blocked_measure",
    "indicator_result_vintage as other",
    "not success",
    "rule_id = 'D01'",
)


def queries():
    for page in sorted([PROJECT / "README.md", *(PROJECT / "docs").rglob("*.md")]):
        blocks = re.findall(r"^ *```sql\n(.*?)^ *```", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
        for number, query in enumerate(blocks, start=1):
            yield pytest.param(query, id=f"{page.relative_to(PROJECT)}:{number}")


def role_for(query):
    if "ops." in query:
        return "wres_gate"
    return "analyst" if "restricted." in query else "bi_reader"


@pytest.mark.parametrize("query", list(queries()))
def test_documented_query_runs_and_answers(whole_standard, query):
    with psycopg.connect(warehouse.dsn(whole_standard, role_for(query))) as connection:
        rows = connection.execute(query).fetchall()
    assert rows or any(words in query for words in MAY_BE_EMPTY)


def test_example_files_are_accepted_as_they_stand(warehouse_home, tmp_path):
    page = (PROJECT / "docs" / "feeds.md").read_text(encoding="utf-8")
    examples = re.findall(r"^`(\w+)/([\w-]+\.csv)`\n\n```csv\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    front = re.search(
        r"^```csv\n(.*?)^```", (PROJECT / "README.md").read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    )
    for source, name, text in [*examples, ("board", "front_page.csv", front[1])]:
        (tmp_path / source).mkdir(exist_ok=True)
        (tmp_path / source / name).write_text(text, encoding="utf-8")
    feeds = feed_files(warehouse_home, [tmp_path])
    assert {source for source, _ in feeds} == set(registry.registry(warehouse_home)) - {"organisations", "staff_survey"}
    verdicts = run.load_and_judge(warehouse_home, feeds, None, lambda text: None).verdicts
    assert len(verdicts) == len(examples) + 1
    assert [(verdict.file_name, verdict.state, verdict.problems) for verdict in verdicts] == [
        (verdict.file_name, "accepted", ()) for verdict in verdicts
    ]


def test_dictionary_lists_every_column_that_readers_see(published_sample):
    page = (PROJECT / "docs" / "data_dictionary.md").read_text(encoding="utf-8")
    sections = dict(re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", page, re.DOTALL | re.MULTILINE))
    with psycopg.connect(warehouse.dsn(published_sample, "analyst")) as connection:
        views = connection.execute(
            "select table_name, array_agg(column_name::text order by ordinal_position) from information_schema.columns"
            " where table_schema in ('published', 'restricted') group by table_schema, table_name"
        ).fetchall()
    assert len(views) > 10
    for view, columns in views:
        assert re.findall(r"^\| `(\w+)` \|", sections[view], re.MULTILINE) == columns, view


def test_rejected_file_reads_as_the_readme_says(published_sample, copy_warehouse, sample_feeds, tmp_path, monkeypatch):
    of = copy_warehouse(published_sample)
    (original,) = (sample_feeds / "staff_survey").glob("*Benchmark*")
    book = openpyxl.load_workbook(original)
    for cell in book["Ambulance Trusts"][1]:
        if cell.value == "equal_eth_summary_1_2024":
            cell.value = "equality_eth_summary_1_2024"
    book.save(tmp_path / "Benchmark report 2024.xlsx")
    monkeypatch.setenv("WRES_HOME", str(of.home))
    monkeypatch.setenv("WRES_WAREHOUSE_URL", of.warehouse_url)
    result = CliRunner().invoke(
        cli.main, ["run", "--source", "staff_survey", str(tmp_path / "Benchmark report 2024.xlsx")]
    )
    assert result.exit_code == 1
    text = (PROJECT / "README.md").read_text(encoding="utf-8")
    told = re.search(r"^REJECTED.*?^Not built.*?$", text, re.DOTALL | re.MULTILINE)[0]

    def alike(transcript):
        """Places and paths differ between two samples; what is said does not."""
        return re.sub(r"cell [A-Z]+1\b", "cell …", re.sub(r"report: \S+", "report: …", transcript))

    for line in alike(told).splitlines():
        assert line in alike(result.output)
