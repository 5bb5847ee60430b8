"""Board packs without a warehouse: what is said of every kind of figure, what is drawn, and what is never said."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wres import board_pack
from wres.board_pack import charts, page, pdf, sentences
from wres.board_pack.facts import HEADLINE, Facts, PackError

SOURCES = Path(board_pack.__file__).parent
# What the standard's own reports are criticised for: a ratio read as an excess.
LIKELIER = re.compile(r"times\s+(?:as\s+|more\s+|less\s+)?likel|likelier", re.IGNORECASE)


def figure(indicator_code: str = "3", **changes: Any) -> dict[str, Any]:
    """A row of ``indicator_result`` as a pack reads it: 23 of 1,000 BME staff and 60 of 4,000 White staff, parity excluded."""
    return {
        "org_code": "ZB0", "indicator_code": indicator_code, "slice": HEADLINE[indicator_code], "wres_year": 2025,
        "basis": "return", "denominator": "not_applicable", "white_count": 60, "white_base": 4000, "bme_count": 23,
        "bme_base": 1000, "unknown_count": 2, "workforce_white_count": 3000, "workforce_bme_count": 1000,
        "workforce_unknown_count": 100, "white_pct": 1.5, "bme_pct": 2.3, "unknown_pct": 0.0, "ratio": 1.53,
        "ratio_low": 1.01, "ratio_high": 2.33, "is_adjusted": False, "gap_points": None, "gap_low": None, "gap_high": None,
        "evidence": "worse", "base_source": "reported", "survey_year": None, "change_1y": None, "change_1y_low": None,
        "change_1y_high": None, "change_status": "no_earlier_figure", "status": "ok", "status_reason": None, **changes,
    }  # fmt: skip


def hidden(
    indicator_code: str = "3", status: str = "suppressed", reason: str = "Hidden by disclosure control."
) -> dict:
    return figure(
        indicator_code, status=status, status_reason=reason, evidence="too_few", base_source="none",
        **dict.fromkeys((
            "white_count", "white_base", "bme_count", "bme_base", "unknown_count", "white_pct", "bme_pct", "ratio",
            "ratio_low", "ratio_high", "workforce_white_count", "workforce_bme_count", "workforce_unknown_count",
        )),
    )  # fmt: skip


def facts(*rows: dict[str, Any], name: str = "Kestrelwick NHS Trust", **changes: Any) -> Facts:
    """What a pack knows: these figures, and nothing else."""
    known: dict[str, Any] = {
        "organisation": {
            "org_code": "ZB0", "display_name": name, "org_type": "Acute", "region_name": "London",
        },
        "wres_year": 2025,
        "release": {
            "release_id": 7, "published_at": datetime(2025, 7, 1, tzinfo=UTC), "is_synthetic": False, "code_revision": "abc",
            "fingerprint": "f" * 64,
        },
        "results": {(row["indicator_code"], row["slice"], row["wres_year"]): row for row in rows},
        "peers": {}, "goals": [], "declared": [], "findings": [], "files": [], "definitions": {}, "notes": [], "labels": {},
    }  # fmt: skip
    return Facts(**{**known, **changes})


class Words(HTMLParser):
    """Text of a page, styles left out."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.parts: list[str] = []
        self.is_style = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.is_style = tag == "style"

    def handle_data(self, data: str) -> None:
        if not self.is_style:
            self.parts.append(data)


def words(text: str) -> str:
    return " ".join(" ".join(Words(text).parts).split())


# What is said --------------------------------------------------------------------------------------------------------


def test_small_rates_are_people_in_a_thousand_with_base_ratio_and_interval() -> None:
    said = " ".join(sentences.headline(facts(figure()), "3"))
    assert said == (
        "23 in 1,000 BME staff (23 of 1,000) entered the formal disciplinary process, against 15 in 1,000 White staff (60 of"
        " 4,000). Ratio (BME to White) 1.53; 95% interval 1.01 to 2.33."
    )


def test_larger_rates_are_percentages() -> None:
    said = sentences.headline(facts(figure("2", bme_pct=15.4, white_pct=31.1)), "2")
    assert said[0] == (
        "15.4% of BME applicants who were shortlisted (23 of 1,000) were appointed, against 31.1% of White applicants who were"
        " shortlisted (60 of 4,000)."
    )


def test_survey_rates_say_that_their_base_is_not_published() -> None:
    row = figure(
        "8", white_count=None, white_base=None, bme_count=None, bme_base=None, unknown_count=None, gap_points=7.8, gap_low=6.3,
        gap_high=9.5, basis="survey", base_source="q28_respondents", survey_year=2024,
    )  # fmt: skip
    said = sentences.headline(facts(row), "8")
    assert said[-1] == "BME against White staff: +7.8 percentage points (95% interval +6.3 to +9.5)."
    assert sentences.base(row) == (
        "From the NHS Staff Survey of 2024. How many answered is not published; the interval goes by those who stated their"
        " ethnicity."
    )


def test_a_ratio_without_a_base_has_no_interval_and_no_verdict() -> None:
    row = figure("8", ratio_low=None, ratio_high=None, evidence=None, base_source="none")
    assert (
        "without an interval, since how many people are behind it is not known"
        in sentences.headline(facts(row), "8")[1]
    )
    judged = sentences.verdict(row)
    assert (judged.kind, judged.words) == ("none", "Cannot say")


@pytest.mark.parametrize(
    ("changes", "kind", "says"),
    [
        ({}, "worse", "The whole interval lies on the side that is worse for BME staff"),
        (
            {"evidence": "better", "ratio": 0.7, "ratio_low": 0.5, "ratio_high": 0.9},
            "better",
            "The whole interval lies on the side that is better for BME staff",
        ),
        ({"evidence": "no_clear_difference", "ratio_low": 0.9}, "unclear", "no clear difference, and no proof of equality"),
        # Rounded, the interval reaches parity: then nothing is claimed, whatever the unrounded one says.
        ({"ratio_low": 1.0}, "unclear", "One end of the interval is parity itself."),
        ({"evidence": "too_few"}, "few", "It rests on too few people to say whether the groups differ."),
        (
            {"status": "zero_numerator", "status_reason": "No BME person of 148.", "ratio": None, "evidence": "too_few"},
            "none",
            "No BME person of 148.",
        ),
        ({"status": "not_submitted", "status_reason": "Nothing came.", "evidence": None}, "none", "Nothing came."),
    ],
)  # fmt: skip
def test_verdict(changes: dict[str, Any], kind: str, says: str) -> None:
    judged = sentences.verdict(figure(**changes))
    assert judged.kind == kind
    assert says in judged.because


@given(
    st.sampled_from(["worse", "better", "no_clear_difference", "too_few", None]),
    st.one_of(st.none(), st.floats(0.01, 20)),
    st.one_of(st.none(), st.floats(0.01, 20)),
    st.sampled_from(sorted(HEADLINE)),
)
def test_no_difference_is_claimed_unless_the_interval_as_shown_leaves_out_parity(
    evidence: str | None, low: float | None, high: float | None, indicator_code: str
) -> None:
    limits = sorted(round(each, 2) for each in (low, high) if each is not None)
    row = figure(
        indicator_code, evidence=evidence, **dict(zip(("ratio_low", "ratio_high"), [*limits, None, None], strict=False))
    )
    judged = sentences.verdict(row)
    if judged.kind in ("worse", "better"):
        assert len(limits) == 2 and not limits[0] <= 1 <= limits[1]
        assert judged.kind == evidence


@pytest.mark.parametrize("status", ["suppressed", "suppressed_source"])
@pytest.mark.parametrize("indicator_code", sorted(HEADLINE))
def test_what_is_hidden_is_said_to_be_hidden(indicator_code: str, status: str) -> None:
    text = words(page.render(facts(hidden(indicator_code, status))))
    assert "Hidden by disclosure control." in text
    assert sentences.verdict(hidden(indicator_code, status)).words.startswith("Hidden")
    assert "None" not in text and "nan" not in text.split()


def test_one_hidden_group_leaves_the_other() -> None:
    row = hidden() | {"white_pct": 2.5, "white_count": 100, "white_base": 4000}
    assert sentences.headline(facts(row), "3") == [
        "A hidden share of BME staff entered the formal disciplinary process, against 25 in 1,000 White staff (100 of 4,000)."
    ]


@pytest.mark.parametrize("indicator_code", sorted(HEADLINE))
@pytest.mark.parametrize(
    "shown", [("bme_base",), ("bme_count",), ("white_base", "bme_base"), ("workforce_white_count",)]
)
def test_counts_beside_a_hidden_one_make_no_figure(indicator_code: str, shown: tuple[str, ...]) -> None:
    row = hidden(indicator_code) | dict.fromkeys(shown, 4000)
    assert sentences.share(row, "bme") == "hidden"
    text = words(page.render(facts(row)))
    assert "Hidden by disclosure control." in text
    assert "None" not in text and "nan" not in text.split()


def test_a_group_of_nobody_is_zero_and_no_ratio() -> None:
    row = figure(
        status="zero_numerator", status_reason="No BME member of staff.", bme_count=0, bme_pct=0.0, ratio=None, ratio_low=None,
        ratio_high=None, evidence="too_few",
    )  # fmt: skip
    assert sentences.headline(facts(row), "3")[0].startswith("0 in 1,000 BME staff (0 of 1,000) entered")
    nobody = row | {"status": "zero_denominator", "bme_base": 0, "bme_pct": None}
    assert sentences.share(nobody, "bme") == "0 of 0"


def test_what_was_not_sent_is_not_said_to_be_hidden() -> None:
    assert sentences.people(hidden(), "bme_count") == "hidden"
    assert sentences.people(hidden(status="not_submitted"), "bme_count") == "–"
    # A small count of unknown ethnicity is hidden in a row that is otherwise whole.
    assert sentences.people(figure(unknown_count=None), "unknown_count") == "hidden"
    bands = [
        hidden("1", status) | {"slice": f"all.band_{band}"}
        for band, status in (("2", "not_submitted"), ("3", "suppressed"))
    ]
    text = words(page.render(facts(*bands)))
    assert "Band 2: not sent; Band 3: hidden." in text


def test_the_board_is_in_people_and_never_judged() -> None:
    row = figure(
        "9", bme_count=2, bme_base=13, unknown_count=1, bme_pct=15.4, gap_points=-9.0, ratio=0.63, evidence="worse"
    )
    said = sentences.headline(facts(row), "9")
    assert said[0] == "2 of 13 board members are BME. The ethnicity of 1 is not known."
    # 1,000 of 4,100 is 24.4%: of 13 seats, 3.2.
    assert said[1] == "The whole workforce is 24.4% BME, which of 13 seats is about 3.2; one seat is 7.7 points."
    assert sentences.verdict(row).kind == "none"


def test_senior_posts_stand_beside_the_workforce() -> None:
    row = figure("1", bme_count=51, bme_base=460, bme_pct=11.1, unknown_count=0)
    assert sentences.headline(facts(row), "1")[0] == (
        "11.1% (51 of 460) of staff in band 8a and above, very senior managers among them, are BME, against 24.4% of the whole"
        " workforce. The ethnicity of all of them is known."
    )


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"change_1y": 0.8, "change_1y_low": 0.6, "change_1y_high": 1.1}, "from 1.90 to 1.53, which may be chance (new over old"),
        ({"change_1y": 0.8, "change_1y_low": 0.7, "change_1y_high": 0.9}, "from 1.90 to 1.53, which is more than chance (new"),
        ({"change_1y": 0.8, "change_1y_low": 0.7, "change_1y_high": 1.0}, "which may be chance"),
        ({"change_1y": 0.8}, "whether that is more than chance cannot be said."),
        ({"change_status": "definition_break"}, "No comparison with the year before: the definition changed in between."),
    ],
)  # fmt: skip
def test_change(changes: dict[str, Any], says: str) -> None:
    of = facts(figure(**changes), figure(wres_year=2024, ratio=1.9))
    assert says in sentences.change(of, "3")


def peer(**changes: Any) -> dict[str, Any]:
    return {
        "indicator_code": "3", "slice": "all", "peer_set_name": "Acute", "peers_count": 24, "peer_median": 1.12, "ratio": 1.53,
        "ratio_low": 1.01, "ratio_high": 2.33, "differs_from_peers": False, "differs_from_parity": True, "status_reason": None,
        "funnel_low_95": 0.6, "funnel_high_95": 1.9, "funnel_low_99_8": 0.5, "funnel_high_99_8": 2.4, **changes,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        (
            {},
            "The middle (median) of 24 organisations of type Acute is 1.12; this one is not clearly different from them.",
        ),
        ({"differs_from_peers": True}, "this one is different, also after allowing for how many were looked at."),
        ({"differs_from_peers": None}, "whether this one differs was not tested."),
        ({"peer_median": None, "status_reason": "Peer set too small."}, "Peer set too small."),
    ],
)
def test_peers(changes: dict[str, Any], says: str) -> None:
    assert says in sentences.against_peers(peer(**changes), "Acute")
    text = words(page.render(facts(figure(), peers={("3", "all"): peer(**changes)})))
    listed = "Figures that differ from those of peers" in text
    assert listed == bool(changes.get("differs_from_peers"))
    assert ("Nothing could be tested" in text) == (peer(**changes)["differs_from_peers"] is None)


def test_an_organisation_of_no_known_type_has_no_peers() -> None:
    assert sentences.against_peers(None, None) == "Of what type the organisation is, no file says: there are no peers."


# The page ------------------------------------------------------------------------------------------------------------


def test_a_page_of_nothing_says_so_everywhere() -> None:
    text = words(page.render(facts()))
    for says in (
        "The release has no such figure of this organisation and year.",
        "The release has no pay bands",
        "The release has no ratio",
        "The release has no leadership goal",
        "No rule found anything",
    ):
        assert says in text


def test_text_from_data_is_no_markup() -> None:
    nasty = "<script>alert(1)</script>"
    html = page.render(
        facts(
            figure(status="not_submitted", status_reason=nasty, ratio=None),
            name=nasty,
            findings=[{"rule_id": "V06", "severity": "warning", "message": nasty}],
            files=[
                {
                    "source": "board", "period": "2025", "file_name": nasty, "revision": 1, "file_sha256": "0" * 64,
                    "status": "received", "due_on": date(2025, 8, 31),
                }
            ],
            peers={("3", "all"): peer(peer_set_name=nasty, differs_from_peers=True)},
            labels={("1", "all.band_2"): nasty},
        )
    )  # fmt: skip
    assert "<script" not in html
    assert html.count("&lt;script&gt;") >= 5


def test_no_text_reads_a_ratio_as_an_excess() -> None:
    for path in SOURCES.iterdir():
        if path.suffix in (".py", ".jinja"):
            spoken = re.sub(r'^""".*?"""', "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
            assert not LIKELIER.search(spoken), path.name
    assert not LIKELIER.search(words(page.render(facts(*(figure(code) for code in HEADLINE)))))
    assert LIKELIER.search("1.5 times more likely")


def test_a_synthetic_release_says_so_first() -> None:
    release = facts().release | {"is_synthetic": True}
    assert "SYNTHETIC: every figure on this page is made up." in words(page.render(facts(release=release)))
    assert "SYNTHETIC" not in words(page.render(facts()))


# Charts --------------------------------------------------------------------------------------------------------------


def drawn(svg: str) -> ElementTree.Element:
    return ElementTree.fromstring(svg)


def test_a_chart_of_ratios_has_a_title_a_description_and_parity_in_its_place() -> None:
    marks = [
        charts.Mark("even", 1.0, 0.5, 2.0, "unclear", note="1.00"),
        charts.Mark("far", 200.0, 10.0, 4000.0, "worse", note="200.00"),
        charts.Mark("none", None, None, None, "none", note="Hidden"),
    ]
    svg = drawn(charts.ratios("x", "A & B", "What < it shows.", marks, ("left", "right")))
    assert svg.find("title").text == "A & B"  # type: ignore[union-attr]
    assert svg.find("desc").text == "What < it shows."  # type: ignore[union-attr]
    assert svg.get("aria-labelledby") == "x-title x-desc"
    (parity,) = (line for line in svg.findall("line") if line.get("class") == "parity")
    circle = svg.find("circle")
    assert circle is not None and circle.get("cx") == parity.get("x1")
    width = float(svg.get("viewBox", "").split()[2])
    for line in svg.findall("line"):
        assert 0 <= float(line.get("x1", "")) <= float(line.get("x2", "")) <= width
    assert {"▸"} <= {text.text for text in svg.findall("text")}  # the interval goes on beyond the scale
    assert "Hidden" in {text.text for text in svg.findall("text")}


def test_each_kind_of_evidence_has_a_shape_of_its_own() -> None:
    shapes = {
        kind: re.sub(r'class="[^"]*"', "", charts.shape(kind, 10, 10)) for kind in ("worse", "better", "unclear", "few")
    }
    assert len(set(shapes.values())) == 4


def test_columns_of_the_pipeline_are_as_high_as_their_shares() -> None:
    columns = [
        charts.Column("Band 2", "100", 70.0, 10.0, 20.0),
        charts.Column("VSM", "–", None, None, None, note="hidden"),
    ]
    svg = drawn(charts.pipeline("p", "t", "d", columns, 25.0))
    heights = {each.get("class"): float(each.get("height", "")) for each in svg.findall("rect")}
    assert heights["white"] / heights["bme"] == pytest.approx(3.5)
    assert heights["bme"] / heights["unknown"] == pytest.approx(2.0)
    assert "hidden" in heights
    assert {"20.0%", "hidden", "VSM"} <= {text.text for text in svg.findall("text")}
    drawn_after = list(svg)[[each.get("class") for each in svg].index("workforce") + 1 :]
    assert [each.text for each in drawn_after] == ["20.0%", "hidden"], "the line crosses no number"


# PDF -----------------------------------------------------------------------------------------------------------------


def test_without_a_browser_there_is_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert pdf.chromium() is None


def test_a_browser_that_fails_is_one_sentence(tmp_path: Path) -> None:
    browser = tmp_path / "chromium"
    browser.write_text("#!/bin/sh\necho 'no display' >&2\nexit 3\n")
    browser.chmod(0o755)
    (tmp_path / "a.html").write_text("<p>")
    with pytest.raises(PackError, match=r"made no PDF of a.html \(no display\); --no-pdf leaves it out"):
        pdf.print_pdf(str(browser), tmp_path / "a.html", tmp_path / "a.pdf")
