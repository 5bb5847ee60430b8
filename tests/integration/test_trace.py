"""`wres trace` on every indicator, level and status: from the figure to files, rows and cells, or to why there is none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import psycopg
import pytest
from commands import wres
from psycopg.rows import DictRow

from wres.settings import Settings, settings
from wres.trace import summed_rows

YEAR = 2025
ANNUAL = "period_kind = 'annual' and organisation_basis = 'as_reported' and level = 'organisation'"


def follow(of: Settings, *arguments: Any) -> dict[str, Any]:
    traced = wres(of, "trace", *arguments, "--json")
    assert traced.exit_code == 0, traced.stderr
    found: dict[str, Any] = json.loads(traced.stdout)
    return found


@pytest.fixture(scope="module")
def org_code(analyst: psycopg.Connection[DictRow]) -> str:
    """A trust with a figure of every indicator: from its return, from records, and from the survey."""
    row = analyst.execute(
        f"select org_code from restricted.indicator_result where {ANNUAL} and wres_year = %s and slice in ('all', 'board.total')"
        " and indicator_code in ('1', '2', '3', '4', '9') and basis in ('return', 'records') and denominator <> 'known_only'"
        " and white_count is not null and org_code in (select org_code from restricted.indicator_result where basis = 'survey'"
        " and indicator_code = '5' and wres_year = %s and white_pct is not null)"
        " group by org_code having count(*) = 10 order by org_code limit 1",
        [YEAR, YEAR],
    ).fetchone()
    assert row is not None
    return str(row["org_code"])


@pytest.mark.parametrize(
    "slice_", ["all", "non_clinical", "all.band_5", "clinical_non_medical.band_8a_to_vsm", "medical_dental"]
)
def test_a_sum_is_traced_to_the_rows_it_is_summed_from(whole_standard: Settings, org_code: str, slice_: str) -> None:
    found = follow(whole_standard, org_code, YEAR, 1, "--slice", slice_, "--basis", "return")
    for group in ("white", "bme", "unknown"):
        cells = [cell for cell in found["cells"] if cell["ethnicity_group"] == group]
        assert cells and all(cell["row_number"] > 1 for cell in cells)
        assert sum(cell["value"] for cell in cells) == float(found["figure"][f"{group}_count"])


def test_a_disparity_ratio_is_traced_to_the_bands_of_its_tiers(whole_standard: Settings, org_code: str) -> None:
    found = follow(whole_standard, org_code, YEAR, "DR", "--slice", "all.lower_to_upper", "--basis", "return")
    both = float(found["figure"]["white_count"]) + float(found["figure"]["white_base"])
    assert sum(cell["value"] for cell in found["cells"] if cell["ethnicity_group"] == "white") == both
    assert not [
        cell
        for cell in found["cells"]
        if cell["slice"].endswith(("band_6", "band_7")) or "medical_" in cell["slice"][:8]
    ]


def test_summed_rows_leave_a_part_of_another_row_out() -> None:
    of = settings()
    assert len(summed_rows(of, "1", "all")) == 14 + 14 + 4
    assert summed_rows(of, "1", "all.vsm") == ["non_clinical.vsm", "clinical_non_medical.vsm"]
    assert summed_rows(of, "DR", "non_clinical.band_5_to_band_6") == ["non_clinical.band_5", "non_clinical.band_6"]


@pytest.mark.parametrize("indicator", ["2", "3", "4", "9"])
def test_an_item_of_a_return_is_a_row_of_its_file(whole_standard: Settings, org_code: str, indicator: str) -> None:
    found = follow(whole_standard, org_code, YEAR, indicator, "--basis", "return")
    figure, cells = found["figure"], found["cells"]
    assert {cell["source"] for cell in cells} == {"wres_return"}
    held = {(cell["role"], cell["ethnicity_group"]): cell["value"] for cell in cells}
    over = {"2": "appointed", "3": "entered_disciplinary", "4": "accessed_training", "9": "members"}[indicator]
    under, base = {"2": ("shortlisted", "bme_base"), "9": ("workforce", "workforce_bme_count")}.get(
        indicator, ("workforce", "bme_base")
    )
    # A return that says that there was nothing has no count to show, and the line that says so.
    assert ("nil_return", "bme") in held or held[(over, "bme")] == float(figure["bme_count"])
    assert ("nil_return", "bme") not in held or figure["bme_count"] == "0"
    assert held[(under, "bme")] == float(figure[base])
    assert all(Path(cell["archived"]).is_file() for cell in cells)


@pytest.mark.parametrize(
    ("indicator", "sources"),
    [
        ("1", {"workforce"}),
        ("2", {"recruitment"}),
        ("3", {"workforce", "employee_relations"}),
        ("4", {"workforce", "training"}),
        ("9", {"workforce", "board"}),
        ("DR", {"workforce"}),
    ],
)
def test_records_are_traced_to_the_rows_of_the_organisation(
    whole_standard: Settings, whole_standard_feeds: Path, org_code: str, indicator: str, sources: set[str]
) -> None:
    found = follow(whole_standard, org_code, YEAR, indicator, "--basis", "records")
    assert {cell["source"].removesuffix("_counts") for cell in found["cells"]} == sources
    windows = 4 if indicator in ("2", "3", "4") else 1
    assert sum(cell["role"] != "headcount" for cell in found["cells"]) == (0 if indicator in ("1", "DR") else windows)
    for cell in found["cells"]:
        table = pd.read_csv(whole_standard_feeds / cell["source"] / cell["file_name"], dtype=str, keep_default_na=False)
        column = {
            "workforce": "snapshot_date",
            "workforce_counts": "snapshot_date",
            "board": "as_at",
            "recruitment": "period_end",
        }
        own = table[table["org_code"] == org_code]
        if cell["source"] in column:
            own = own[own[column[cell["source"]]].map(_month) == cell["period"]]
        assert cell["rows"] == {"count": len(own), "first": own.index[0] + 2, "last": own.index[-1] + 2}


def _month(day: str) -> str:
    return "-".join(reversed(day.split("/")))[:7] if "/" in day else day[:7]


def test_an_area_a_survey_and_a_quarter_lead_to_their_files(
    whole_standard: Settings, analyst: psycopg.Connection[DictRow], org_code: str
) -> None:
    for level in ("region", "icb", "org_type", "england"):
        row = analyst.execute(
            "select org_code from restricted.indicator_result where level = %s and wres_year = %s and indicator_code = '3'"
            " and is_headline and period_kind = 'annual' and white_count is not null order by org_code limit 1",
            [level, YEAR],
        ).fetchone()
        assert row is not None
        assert {cell["source"] for cell in follow(whole_standard, row["org_code"], YEAR, 3)["cells"]} == {"wres_return"}
    for indicator in "5678":
        cells = follow(whole_standard, org_code, YEAR, indicator, "--basis", "survey")["cells"]
        assert {"white", "bme"} <= {cell["ethnicity_group"] for cell in cells if cell["role"] == "rate"}
        assert all(cell["sheet_name"] for cell in cells)
    quarter = follow(whole_standard, org_code, YEAR, 3, "--as-at", "2024-12-31")
    periods = {cell["period"] for cell in quarter["cells"] if cell["role"] == "cases"}
    assert periods == {"2024-03", "2024-06", "2024-09", "2024-12"}


def test_what_is_hidden_is_said_to_be(whole_standard: Settings, analyst: psycopg.Connection[DictRow]) -> None:
    row = analyst.execute(
        f"select org_code, indicator_code, slice from published.indicator_result where {ANNUAL} and wres_year = %s"
        " and basis = 'records' and status = 'suppressed' order by 1, 2, 3 limit 1",
        [YEAR],
    ).fetchone()
    assert row is not None
    traced = wres(
        whole_standard,
        "trace",
        row["org_code"],
        YEAR,
        row["indicator_code"],
        "--slice",
        row["slice"],
        "--basis",
        "records",
    )
    assert traced.exit_code == 0
    assert "\n  published as: suppressed. " in traced.stdout
    assert traced.stdout.splitlines()[0].endswith("SYNTHETIC")


def test_what_is_missing_has_no_cell_and_says_which_file(
    whole_standard: Settings, analyst: psycopg.Connection[DictRow]
) -> None:
    row = analyst.execute(
        f"select org_code from restricted.indicator_result where {ANNUAL} and is_headline and indicator_code = '2'"
        " and slice = 'all' and wres_year = %s and status = 'not_submitted' order by org_code limit 1",
        [YEAR],
    ).fetchone()
    assert row is not None
    found = follow(whole_standard, row["org_code"], YEAR, 2)
    assert found["cells"] == []
    assert [(gap["source"], gap["status"]) for gap in found["missing"]] == [("wres_return", "not_submitted")]
    text = wres(whole_standard, "trace", row["org_code"], YEAR, 2).stdout
    assert "  No cell of any file is behind it.\n" in text
    assert f"  wres_return {YEAR}: not_submitted. Nothing was received; it was due before" in text
    assert "warning V42: Indicator 2" in text
