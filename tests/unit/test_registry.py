"""The registry: what the project declares, and that a slip in a declaration is an error with a name and not a silence."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from wres import registry
from wres.settings import Settings, settings


@pytest.fixture
def changed(tmp_path: Path) -> Callable[..., Settings]:
    """Settings of a copy of the project's registry in which one source's declaration was changed."""

    def change(source: str, edit: Callable[[dict[str, Any]], object]) -> Settings:
        of = replace(settings(), project=tmp_path / "project")
        shutil.copytree(settings().sources, of.sources)
        path = of.sources / f"{source}.yml"
        declared = yaml.safe_load(path.read_text())
        edit(declared)
        path.write_text(yaml.safe_dump(declared))
        return of

    return change


def test_registered_sources() -> None:
    assert sorted(registry.registry(settings())) == [
        "board",
        "employee_relations",
        "organisations",
        "peer_groups",
        "recruitment",
        "reference_results",
        "staff_survey",
        "survey_responses",
        "training",
        "workforce",
        "workforce_counts",
        "wres_return",
    ]


@pytest.mark.parametrize("source", registry.registry(settings()).values(), ids=lambda source: source.name)
def test_every_source_is_complete(source: registry.Source) -> None:
    assert source.disclosure is not None, "a source without a policy is not published"
    assert source.visible_to, "somebody may see it"
    assert source.published_at.startswith("https://")
    assert len(source.schedule.split()) == 5
    assert len({layout.name for layout in source.layouts}) == len(source.layouts)
    for layout in source.layouts:
        assert layout.files, f"{layout.name}: messages name the files a layout expects"
        assert len(set(layout.raw_columns)) == len(layout.raw_columns)
        assert not {"_load_id", "_sheet", "_row_number"} & set(layout.raw_columns)
        assert len(source.raw_table(layout)) <= 40, "names of views over it have to fit"
        if layout.organisation_column:
            assert layout.organisation_column in layout.raw_columns
    assert source.layout(source.layouts[-1].name) is source.layouts[-1]


def test_layouts_of_one_table_have_one_shape() -> None:
    """Layouts of several years share a table: the columns the models read are in each."""
    survey = registry.registry(settings())["staff_survey"]
    by_table: dict[str, list[registry.Layout]] = {}
    for layout in survey.layouts:
        by_table.setdefault(layout.table, []).append(layout)
    assert len(by_table["organisational"]) == 2
    for layout in by_table["organisational"]:
        assert {"ods_code", "question", "label", "item", "answer", "value"} <= set(layout.raw_columns)


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda source: source.update(retention=30), "retention"),
        (lambda source: source["disclosure"].update(policy="none"), "disclosure.policy"),
        (lambda source: source["disclosure"].update(reason="public"), "disclosure.reason"),
        (lambda source: source["disclosure"].update(unaudited="shown"), "disclosure.unaudited"),
        (
            lambda source: source["disclosure"].update(policy="suppress_below_11", unaudited="rounded"),
            "unaudited: rounded needs the policy nhs_round5; suppress_below_11 rounds nothing",
        ),
        (lambda source: source["layouts"][0].update(reader="guess"), "layouts.0"),
        (lambda source: source["layouts"][0].update(colums=[]), "layouts.0.delimited.colums"),
        (lambda source: source["layouts"][0]["period"].update(pattern="("), "layouts.0.delimited.period.pattern"),
        (lambda source: source.update(visible_to=["everybody"]), "visible_to.0"),
        (lambda source: source.update(source="organisation"), "the file is named after its source"),
        (lambda source: source.update(source="Drop Table"), "should match pattern"),
        (lambda source: source.update(layouts=[]), "layouts"),
        (lambda source: source.pop("owner"), "owner"),
        (lambda source: source.update(markers={"-": "zero"}), "markers.-"),
        (lambda source: source.pop("backfill"), "backfill"),
        (lambda source: source.update(backfill="weekly"), "backfill"),
        (lambda source: source.update(due={"lag_years": 1}), "either by, with lag_years, or days_after_quarter"),
        (lambda source: source.update(due={"by": "03-31", "days_after_quarter": 30}), "either by"),
        (lambda source: source["layouts"][0]["period"].update(monthly=True), "period.monthly"),
        (lambda source: source["layouts"][0]["period"].update(step="week"), "period.step"),
        (
            lambda source: source["layouts"][0]["period"].update(row_period="own"),
            "row_period: own needs origin: column",
        ),
        (lambda source: source["layouts"][0]["period"].pop("pattern"), "origin: name needs a pattern"),
        (lambda source: source["layouts"][0]["period"].update(pattern="20.."), "needs a group named year"),
        (lambda source: source["layouts"][1]["period"].pop("column"), "needs the column's name"),
        (lambda source: source["layouts"][1]["period"].update(column="closed_on"), "not among the columns: closed_on"),
        (
            lambda source: source["layouts"][1]["period"].update(step="year"),
            "a date_format is that of a column of dates",
        ),
        (lambda source: source["layouts"][2].update(optional=["org_kind"]), "not among the columns: org_kind"),
        (lambda source: source["layouts"][2].update(organisation_column="trust"), "not among the columns: trust"),
        (lambda source: source["layouts"][2].update(ignored_sheets=["Notes"]), "ignored_sheets without a sheet"),
        (lambda source: source["layouts"][2].update(person_column="staff_id"), "not among the columns: staff_id"),
        (
            lambda source: source["layouts"][2].update(person_column="org_code", sheet="Staff"),
            "a person_column needs an organisation_column, and text",
        ),
    ],
)
def test_a_slip_is_named(
    changed: Callable[..., Settings], edit: Callable[[dict[str, Any]], object], message: str
) -> None:
    with pytest.raises(registry.RegistryError) as caught:
        registry.registry(changed("organisations", edit))
    assert str(caught.value).startswith("organisations.yml: ")
    assert message in str(caught.value)


# -- Periods ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("step", "periods"),
    [
        ("year", {"2024"}),
        ("month", {"2024-02", "2024-03"}),
        ("quarter", {"2024-03"}),
    ],
)
def test_which_texts_are_periods(step: str, periods: set[str]) -> None:
    period = registry.Period.model_validate({"origin": "headers", "step": step})
    texts = ("2024", "2024-02", "2024-03", "2024-13", "1999", "1999-03", "24", "2024-3", "")
    assert {text for text in texts if period.holds(text)} == periods


@pytest.mark.parametrize(
    ("day", "end"),
    [
        ("2024-03-30", "2023-12-31"),
        ("2024-03-31", "2024-03-31"),
        ("2024-04-01", "2024-03-31"),
        ("2024-12-30", "2024-09-30"),
        ("2024-12-31", "2024-12-31"),
    ],
)
def test_last_quarter(day: str, end: str) -> None:
    assert registry.last_quarter(date.fromisoformat(day)) == date.fromisoformat(end)


@pytest.mark.parametrize(
    ("due", "today", "period", "on"),
    [
        ({"by": "08-31"}, "2026-08-31", "2025", "2025-08-31"),
        ({"by": "08-31"}, "2026-09-01", "2026", "2026-08-31"),
        ({"by": "03-31", "lag_years": 1}, "2026-04-01", "2025", "2026-03-31"),
        ({"days_after_quarter": 30}, "2026-07-30", "2026-03", "2026-04-30"),
        ({"days_after_quarter": 30}, "2026-07-31", "2026-06", "2026-07-30"),
        ({"days_after_quarter": 100}, "2026-07-31", "2026-03", "2026-07-09"),
    ],
)
def test_newest_period_that_was_due(due: dict[str, Any], today: str, period: str, on: str) -> None:
    newest = registry.Due.model_validate(due).newest(date.fromisoformat(today))
    assert newest == (period, date.fromisoformat(on))


def test_a_sheet_that_may_be_missing_needs_a_reason(changed: Callable[..., Settings]) -> None:
    def edit(source: dict[str, Any]) -> None:
        [benchmark] = [layout for layout in source["layouts"] if layout["name"] == "benchmark"]
        benchmark["sheets"][0]["required"] = False

    with pytest.raises(registry.RegistryError, match="a sheet that may be missing needs a reason"):
        registry.registry(changed("staff_survey", edit))


def test_all_files_are_examined_before_anything_is_said(changed: Callable[..., Settings]) -> None:
    of = changed("organisations", lambda source: source.pop("owner"))
    (of.sources / "staff_survey.yml").write_text("source: [unclosed")
    with pytest.raises(registry.RegistryError) as caught:
        registry.registry(of)
    assert "organisations.yml: " in str(caught.value)
    assert "staff_survey.yml: " in str(caught.value)


def test_no_source_at_all(tmp_path: Path) -> None:
    with pytest.raises(registry.RegistryError, match="No source is registered"):
        registry.registry(replace(settings(), project=tmp_path))


def test_digest_follows_registry_maps_rules_and_seeds(tmp_path: Path) -> None:
    of = replace(settings(), project=tmp_path)
    for folder in ("sources", "expectations", "dbt_project/seeds"):
        shutil.copytree(settings().project / folder, tmp_path / folder)
    seen = {registry.digest(of)}
    assert seen == {registry.digest(settings())}, "it depends on contents, not on where they lie"
    changed = (
        "sources/organisations.yml",
        "sources/maps/staff_survey.csv",
        "expectations/raw/staff_survey.yml",
        "dbt_project/seeds/people/pay_band.csv",
    )
    for path in changed:
        with (tmp_path / path).open("a") as file:
            file.write("\n")
        seen.add(registry.digest(of))
    assert len(seen) == len(changed) + 1


# -- Maps ------------------------------------------------------------------------------------------------------------


def test_map_of_questions_is_consistent() -> None:
    rows = registry.survey_map(settings().sources, "staff_survey")
    scales = registry.survey_scales(settings().sources, "staff_survey")
    years = {
        layout.map: (layout.first_year, layout.last_year)
        for layout in registry.registry(settings())["staff_survey"].layouts
        if isinstance(layout, registry.SurveyWorkbook)
    }
    assert {row.layout for row in rows} <= set(years)
    for row in rows:
        assert row.first_year <= row.last_year
        assert row.scale in scales, f"{row.question}: there is no scale {row.scale}"
        if row.item:
            assert row.text_contains, f"{row.question}: a WRES question is checked by its text"
        assert "base" in scales[row.scale].answers
    for year in range(2018, 2025):
        asked = [row.question for row in rows if row.first_year <= year <= row.last_year]
        assert len(asked) == len(set(asked)), f"a question stands twice in the map of {year}"
        assert asked, f"no question is mapped for {year}"


@pytest.mark.parametrize(
    ("year", "expected"),
    [
        (2018, ("Q13a", "Q13b", "Q13c", "Q14", "Q15b")),
        (2021, ("Q14a", "Q14b", "Q14c", "Q15", "Q16b")),
        (2024, ("Q14a", "Q14b", "Q14c", "Q15", "Q16b")),
    ],
)
def test_indicator_questions_by_year(year: int, expected: tuple[str, ...]) -> None:
    """The question map of the methodology: numbers move, items stay."""
    items = (
        "harassment_public",
        "harassment_managers",
        "harassment_colleagues",
        "equal_opportunity",
        "discrimination_staff",
    )
    rows = registry.survey_map(settings().sources, "staff_survey")
    by_item = {row.item: row.question for row in rows if row.first_year <= year <= row.last_year}
    assert tuple(by_item[item] for item in items) == expected


def test_eighteen_ethnic_groups_in_printed_order() -> None:
    scale = registry.survey_scales(settings().sources, "staff_survey")["ethnic_group"]
    assert len(scale.answers) == 19
    assert [answer for answer in scale.answers if answer.startswith("white_")] == list(scale.answers[:4])
    assert scale.answers[-1] == "base"


def test_scores_are_printed_with_their_code() -> None:
    scale = registry.survey_scales(settings().sources, "staff_survey")["score"]
    assert scale.printed("PP1_1") == {"PP1_1 - score": "score", "Base (number of responses)": "base"}


DELIMITED = [
    source
    for source in registry.registry(settings()).values()
    if any(isinstance(layout, registry.Delimited) for layout in source.layouts)
]


@pytest.mark.parametrize("source", DELIMITED, ids=lambda source: source.name)
def test_header_map_leads_to_registered_columns(source: registry.Source) -> None:
    headers = registry.header_map(settings().sources, source.name)
    assert headers, "local extracts have other headers"
    for (layout, header), column in headers.items():
        columns = source.layout(layout).columns  # type: ignore[union-attr]
        assert column in columns, header
        assert header == column or header not in columns, f"{header} is the name of another column"


def test_maps_have_no_empty_or_doubled_lines() -> None:
    for path in sorted((settings().sources / "maps").glob("*.csv")):
        with path.open(newline="", encoding="utf-8") as file:
            lines = [tuple(row) for row in csv.reader(file)]
        assert all(any(line) for line in lines), path.name
        assert len(set(lines)) == len(lines), path.name


def test_every_source_with_lines_about_people_says_who_they_are() -> None:
    """Whose column is not named here is not found by `wres forget`: a new feed about people has to be added."""
    found = {
        source.name: layout.person_column
        for source in registry.registry(settings()).values()
        for layout in source.layouts
        if isinstance(layout, registry.Delimited) and layout.person_column
    }
    assert found == {
        "workforce": "person_id",
        "training": "person_id",
        "employee_relations": "person_id",
        "survey_responses": "respondent_id",
        "board": "member_id",
    }
    others = {
        column
        for source in registry.registry(settings()).values()
        for layout in source.layouts
        if isinstance(layout, registry.Delimited) and layout.person_column is None
        for column in layout.columns
    }
    assert not others & {"person_id", "respondent_id", "member_id", "employee_number", "nhs_number"}


@pytest.mark.parametrize(
    ("policy", "unaudited", "expected"),
    [
        ("already_public", "hidden", "already_public"),
        ("nhs_round5", "rounded", "nhs_round5"),
        ("nhs_round5", "hidden", "hidden"),
        ("suppress_below_11", "hidden", "hidden"),
    ],
)
def test_what_the_audit_does_not_read_is_shown_only_where_rounding_is_to_protect_it(
    policy: str, unaudited: str, expected: str
) -> None:
    disclosure = registry.Disclosure.model_validate(
        {"policy": policy, "reason": "A made-up reason.", "unaudited": unaudited}
    )
    assert disclosure.unaudited_policy == expected


def test_what_the_audit_does_not_read_is_hidden_unless_somebody_decides_otherwise() -> None:
    """The packaged sources too: what leaves the organisation by default is proved."""
    disclosure = registry.Disclosure.model_validate({"policy": "nhs_round5", "reason": "A made-up reason."})
    assert disclosure.unaudited_policy == "hidden"
    policies = {
        source.disclosure.unaudited_policy for source in registry.registry(settings()).values() if source.disclosure
    }
    assert policies == {"hidden", "already_public"}
