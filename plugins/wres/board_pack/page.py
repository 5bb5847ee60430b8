"""The page of a board pack: facts, sentences and charts put into the template."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from wres.board_pack import charts, sentences
from wres.board_pack.charts import Column, Mark
from wres.board_pack.facts import HEADLINE, YEARS, Facts, Row
from wres.board_pack.sentences import NAMES, Verdict, verdict

_BANDS = {
    **{f"all.band_{band}": f"Band {band}" for band in ("2", "3", "4", "5", "6", "7", "8a", "8b", "8c", "8d", "9")},
    "all.vsm": "VSM",
}
_TIERS = {
    "lower_to_middle": "lower to middle",
    "middle_to_upper": "middle to upper",
    "lower_to_upper": "lower to upper",
}
_BLOCKS = {"all": "All", "clinical_non_medical": "Clinical", "non_clinical": "Non-clinical"}
_BOARD = {
    "board.total": "Whole board",
    "board.voting": "Voting members",
    "board.executive": "Executive members",
    "board.non_executive": "Non-executive members",
}
_PARTS_OF_2 = {
    "clinical_non_medical": "Clinical, non-medical posts",
    "medical_dental": "Medical and dental posts",
    "non_clinical": "Non-clinical posts",
    "excluding_international": "All posts without international recruitment",
}
# Notes of data quality that are written out; the rest are counted.
_FINDINGS_SHOWN = 25
_TO_WORSE = ("better for BME staff", "worse for BME staff")


@functools.cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        autoescape=True,
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters: dict[str, Callable[..., str]] = {
        "count": sentences.count,
        "ratio": sentences.ratio,
        "pct": sentences.pct,
        "points": sentences.points,
        "day": _day,
    }
    environment.filters |= filters
    environment.globals |= {
        "interval": sentences.interval,
        "people": sentences.people,
        "share": sentences.share,
        "symbol": charts.symbol,
    }
    return environment.get_template("page.html.jinja")


def _day(value: date | datetime | None) -> str:
    return "–" if value is None else f"{value.day} {value:%B %Y}"


def render(facts: Facts) -> str:
    """The page as HTML: one file, in which nothing is fetched and nothing runs."""
    indicators = [_indicator(facts, code) for code in HEADLINE]
    return _template().render(
        facts=facts,
        organisation=facts.organisation,
        year=facts.wres_year,
        release=facts.release,
        indicators=indicators,
        by_verdict=_by_verdict(indicators),
        changes=[
            (each, before)
            for each in indicators
            if sentences.is_clear_change(each["row"])
            and (before := facts.result(each["code"], year=facts.wres_year - 1))
        ],
        bands=_bands(facts),
        pipeline=_pipeline(facts),
        rows_of_1=_rows_of_1(facts),
        ratios=_ratios(indicators),
        tiers=(tiers := _tiers(facts)),
        tiers_chart=_tiers_chart(tiers),
        trends=_trends(facts),
        years=_years(facts),
        funnel=_funnel(indicators),
        is_compared=any(row["differs_from_peers"] is not None for row in facts.peers.values()),
        peers_of=next((row["peer_set_name"] for row in facts.peers.values()), None),
        differ_from_peers=_differing(facts, "differs_from_peers", only_headlines=False),
        differ_from_parity=_differing(facts, "differs_from_parity", only_headlines=True),
        goals=_goals(facts),
        declared=[(sentences.POPULATIONS.get(row["population"], row["population"]), row) for row in facts.declared],
        findings=facts.findings[:_FINDINGS_SHOWN],
        findings_left=max(len(facts.findings) - _FINDINGS_SHOWN, 0),
        findings_by=Counter(row["severity"] for row in facts.findings),
        definitions=[facts.definitions[code] for code in HEADLINE if code in facts.definitions],
        board_views=[
            (name, row)
            for slice_, name in _BOARD.items()
            if (row := facts.result("9", slice_)) and row["status"] != "not_submitted"
        ],
        parts_of_2=[
            (name, row, verdict(row)) for slice_, name in _PARTS_OF_2.items() if (row := facts.result("2", slice_))
        ],
    )


# Parts of the page ---------------------------------------------------------------------------------------------------


def _indicator(facts: Facts, code: str) -> dict[str, Any]:
    row = facts.result(code)
    # Of an organisation that has sent no staff there are no pay bands, but a row of the workforce that says so.
    judged = row or (facts.result("1", "all") if code == "1" else None)
    peer = facts.peers.get((code, HEADLINE[code]))
    return {
        "code": code,
        "name": NAMES[code],
        "row": row,
        "peer": peer,
        "verdict": verdict(judged if judged and judged["status"] != "ok" else row),
        "said": sentences.headline(facts, code),
        "base": sentences.base(row) if row and row["status"] != "not_submitted" else "",
        "change": sentences.change(facts, code),
        "peers": sentences.against_peers(peer, facts.organisation["org_type"])
        if row and row["ratio"] is not None
        else "",
        "ratio_of": sentences.RATIO[code],
        "is_survey": code in sentences.SURVEY,
    }


def _by_verdict(indicators: list[dict[str, Any]]) -> list[tuple[str, list[dict[str, Any]]]]:
    headings = {
        "worse": "More than chance, and worse for BME staff",
        "better": "More than chance, and better for BME staff",
        "unclear": "No clear difference, which is no proof of equality",
        "few": "Too few people to say",
        "none": "No verdict",
    }
    return [
        (heading, found)
        for kind, heading in headings.items()
        if (found := [each for each in indicators if each["verdict"].kind == kind])
    ]


def _mark(label: str, row: Row | None, peer: Row | None = None) -> Mark:
    judged = verdict(row)
    if row is None or row["ratio"] is None:
        return Mark(label, None, None, None, "none", note=judged.words)
    limits = f" ({sentences.interval(row['ratio_low'], row['ratio_high'])})" if row["ratio_low"] is not None else ""
    return Mark(
        label,
        row["ratio"],
        row["ratio_low"],
        row["ratio_high"],
        judged.kind,
        peers=peer["peer_median"] if peer else None,
        note=f"{row['ratio']:.2f}{limits}",
    )


def _label(code: str) -> str:
    return "Disparity ratio, lower to upper" if code == "DR" else f"{code}  {NAMES[code]}"


def _described(marks: list[Mark]) -> str:
    return "; ".join(f"{mark.label.strip()}: {mark.note}" for mark in marks) + "."


def _ratios(indicators: list[dict[str, Any]]) -> Markup:
    marks = [
        _mark(_label(each["code"]), each["row"], each["peer"]) for each in indicators if each["code"] not in ("1", "9")
    ]
    return charts.ratios(
        "ratios",
        "Ratios of indicators 2 to 8, and the disparity ratio, with their 95% intervals",
        f"Right of 1 is worse for BME staff. {_described(marks)}",
        marks,
        _TO_WORSE,
    )


def _bands(facts: Facts) -> list[tuple[str, Row, Verdict]]:
    return [(name, row, verdict(row)) for slice_, name in _BANDS.items() if (row := facts.result("1", slice_))]


def _pipeline(facts: Facts) -> Markup | None:
    bands = _bands(facts)
    if not bands:
        return None
    notes = {"not_submitted": "not sent", "not_applicable": "no staff"}
    columns = [
        Column(
            name,
            sentences.count(row["bme_base"]),
            row["white_pct"],
            row["unknown_pct"],
            row["bme_pct"],
            note=notes.get(row["status"], "hidden"),
        )
        for name, row, _ in bands
    ]
    whole = facts.result("1", "all")
    workforce = whole["bme_pct"] if whole else None
    said = "; ".join(
        f"{each.label}: " + (each.note if each.bme_pct is None else f"{each.bme_pct:.1f}% BME of {each.people}")
        for each in columns
    )
    line = f" The dashed line is the whole workforce, {workforce:.1f}% BME." if workforce is not None else ""
    return charts.pipeline(
        "pipeline",
        "Staff of each pay band by ethnicity, from band 2 to very senior managers",
        f"BME staff stand at the bottom of each column, then unknown, then White.{line} {said}.",
        columns,
        workforce,
    )


def _rows_of_1(facts: Facts) -> list[tuple[str, Row]]:
    """Blocks and their rows; rows that do not exist in the organisation are left out."""
    rows = [
        (facts.labels.get(("1", slice_), slice_), row)
        for (code, slice_, year), row in facts.results.items()
        if code == "1"
        and year == facts.wres_year
        and not slice_.startswith("all")
        and row["status"] != "not_applicable"
    ]
    return sorted(
        rows,
        key=lambda each: (
            each[0].partition(":")[0],
            each[1]["slice"].replace(".under_1", ".band_0").replace(".vsm", ".band_z"),
        ),
    )


def _tiers(facts: Facts) -> list[tuple[str, Row | None, Verdict]]:
    return [
        (f"{block}: {tier}", row := facts.result("DR", f"{block_code}.{tier_code}"), verdict(row))
        for block_code, block in _BLOCKS.items()
        for tier_code, tier in _TIERS.items()
    ]


def _tiers_chart(tiers: list[tuple[str, Row | None, Verdict]]) -> Markup | None:
    if not any(row and row["ratio"] is not None for _, row, _ in tiers):
        return None
    marks = [_mark(label, row) for label, row, _ in tiers]
    return charts.ratios(
        "tiers",
        "Disparity ratios between tiers of pay bands, with their 95% intervals",
        f"Right of 1, BME staff are scarcer in the higher tier than White staff are. {_described(marks)}",
        marks,
        ("BME staff less scarce", "BME staff scarcer higher up"),
    )


def _years(facts: Facts) -> list[int]:
    """The years of the trends: from the first that has a ratio of anything."""
    known = [year for (_, _, year), row in facts.results.items() if row["ratio"] is not None]
    first = min([*known, facts.wres_year - 1])
    return list(range(max(first, facts.wres_year - YEARS + 1), facts.wres_year + 1))


def _trends(facts: Facts) -> list[tuple[str, Markup]]:
    years = _years(facts)
    codes = [code for code in HEADLINE if code != "9"]
    by_code = {
        code: [(year, _mark(str(year), row) if (row := facts.result(code, year=year)) else None) for year in years]
        for code in codes
    }
    values = [
        value
        for marks in by_code.values()
        for _, mark in marks
        if mark
        for value in (mark.ratio, mark.low, mark.high)
        if value
    ]
    bounds = (max(min([0.5, *values]), 1 / 8), min(max([2.0, *values]), 8))
    drawn = []
    for code, marks in by_code.items():
        if not any(mark and mark.ratio for _, mark in marks):
            continue
        said = "; ".join(f"{year}: {mark.note if mark else 'not in the release'}" for year, mark in marks)
        caption = "1  Senior posts (below 1: scarcer)" if code == "1" else _label(code)
        drawn.append(
            (caption, charts.trend(f"trend-{code}", f"{caption}, ratio by WRES year", f"{said}.", marks, bounds))
        )
    return drawn


def _funnel(indicators: list[dict[str, Any]]) -> Markup | None:
    marks = []
    for each in indicators:
        peer = each["peer"]
        if peer is None or peer["ratio"] is None or peer["funnel_low_95"] is None:
            continue
        expected = (peer["funnel_low_95"], peer["funnel_high_95"], peer["funnel_low_99_8"], peer["funnel_high_99_8"])
        inside = "inside" if expected[0] <= peer["ratio"] <= expected[1] else "outside"
        marks.append(
            Mark(
                _label(each["code"]),
                peer["ratio"], None, None, "unclear", peers=peer["peer_median"], expected=expected,
                note=f"{peer['ratio']:.2f}, {inside} {expected[0]:.2f} to {expected[1]:.2f}",
            )
        )  # fmt: skip
    if not marks:
        return None
    return charts.ratios(
        "funnel",
        "Each ratio in the funnel of its peers",
        f"The ratio beside the range in which 95% of organisations of this size and type are expected. {_described(marks)}",
        marks,
        ("lower", "higher"),
    )


def _differing(facts: Facts, column: str, *, only_headlines: bool) -> list[tuple[str, Row]]:
    found = []
    for (code, slice_), row in facts.peers.items():
        if row[column] and (not only_headlines or HEADLINE.get(code) == slice_):
            name = NAMES[code] if code == "DR" else f"Indicator {code}, {NAMES[code].lower()}"
            part = "" if HEADLINE.get(code) == slice_ else f": {facts.labels.get((code, slice_), slice_)}"
            found.append((name + part, row))
    return found


def _goals(facts: Facts) -> dict[str, Any]:
    """The goal of the senior bands together, by turnover; and of each band, by its own turnover or else by 12%."""
    together = [row for row in facts.goals if row["slice"] == "all.band_8a_to_vsm"]
    horizon = min((row["horizon_year"] for row in facts.goals), default=None)
    bands: dict[str, Row] = {}
    for row in facts.goals:
        if row["slice"] != "all.band_8a_to_vsm" and row["horizon_year"] == horizon and row["scenario"] == "12":
            bands[row["slice"]] = row
    return {
        "together": [(row, sentences.goal(row)) for row in together],
        "bands": [(row, sentences.goal(row)) for row in bands.values()],
        "horizon": horizon,
        "start": together[0] if together else None,
    }
