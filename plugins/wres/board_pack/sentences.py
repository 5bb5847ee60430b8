"""Figures in words, for people who read no statistics: both rates, the ratio with its interval, the base, what follows.

No sentence says "times more likely", and none claims a difference whose interval, as it is shown, includes parity.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Literal

from wres.board_pack.facts import Facts, Row

Kind = Literal["worse", "better", "unclear", "few", "none"]

NAMES = {
    "1": "Senior posts",
    "2": "Appointment from shortlisting",
    "3": "Formal disciplinary process",
    "4": "Non-mandatory training",
    "5": "Harassment by the public",
    "6": "Harassment by staff",
    "7": "Equal opportunities",
    "8": "Discrimination at work",
    "9": "The board",
    "DR": "Disparity ratio, lower to upper bands",
}
# Whose rate, and what they did: "15.4% of BME applicants who were shortlisted" + "were appointed".
_WHO = {
    "2": ("applicants who were shortlisted", "were appointed"),
    "3": ("staff", "entered the formal disciplinary process"),
    "4": ("staff", "took up non-mandatory training or professional development"),
    "5": ("staff who answered", "said that patients, relatives or the public harassed, bullied or abused them within a year"),
    "6": ("staff who answered", "said that managers or colleagues harassed, bullied or abused them within a year"),
    "7": ("staff who answered", "believe that there are equal opportunities for career progression or promotion"),
    "8": ("staff who answered", "said that a manager, team leader or colleague discriminated against them within a year"),
}  # fmt: skip
RATIO = {
    **dict.fromkeys(("2", "4", "7", "DR"), "White to BME"),
    **dict.fromkeys(("3", "5", "6", "8"), "BME to White"),
    **dict.fromkeys(("1", "9"), "BME share against the whole workforce's"),
}
SURVEY = ("5", "6", "7", "8")
_BASES = {
    "return": "the annual return",
    "records": "records of the organisation, after disclosure control",
    "survey": "the NHS Staff Survey",
}
_WORDS: dict[Kind, str] = {
    "worse": "Worse for BME staff",
    "better": "Better for BME staff",
    "unclear": "No clear difference",
    "few": "Too few people to say",
    "none": "No figure",
}
_NO_CHANGE = {
    "no_earlier_figure": "there is no earlier figure",
    "definition_break": "the definition changed in between",
    "survey_mode_break": "the survey went from a sample to all staff, or back",
    "vintage_break": "the earlier year is known from another publication only",
    "suppressed": "one of the two figures is hidden",
    "no_figure": "there is no ratio in one of the years",
}
POPULATIONS = {
    "staff": "All staff in post",
    "senior_staff": "Staff in band 8a and above",
    "medical_staff": "Doctors and dentists",
    "board": "Board members",
    "shortlisted": "Shortlisted applicants",
    "appointed": "Appointed applicants",
    "disciplined": "People who entered the disciplinary process",
    "trained": "People who took up training",
}


@dataclass(frozen=True)
class Verdict:
    """What a figure's interval says.

    Attributes:
        kind: one of five; ``none`` where nothing is to be said, or there is no figure.
        words: the same in a few words.
        because: the sentence to it.
    """

    kind: Kind
    words: str
    because: str

    @property
    def is_claim(self) -> bool:
        return self.kind in ("worse", "better")


# Numbers -------------------------------------------------------------------------------------------------------------


def count(number: Any) -> str:
    """``1,819``; of an averaged indicator 3 ``12.5``."""
    return "–" if number is None else f"{number:,.1f}".removesuffix(".0")


def people(row: Row, column: str) -> str:
    """A count of a row, or why there is none: hidden, unless nothing was sent or the row does not exist."""
    if row[column] is None and row["status"] not in ("not_submitted", "not_applicable"):
        return "hidden"
    return count(row[column])


def ratio(number: float | None) -> str:
    """A ratio as it is published, to two decimals."""
    return "–" if number is None else f"{number:.2f}"


def pct(number: float | None) -> str:
    """A percentage as it is published, to one decimal."""
    return "–" if number is None else f"{number:.1f}%"


def points(number: float) -> str:
    """Percentage points with their sign."""
    return "0.0" if round(number, 1) == 0 else f"{number:+.1f}".replace("-", "−")


def interval(low: float | None, high: float | None) -> str:
    """``1.73 to 2.36``, or that there is none."""
    return "no interval" if low is None or high is None else f"{low:.2f} to {high:.2f}"


def share(row: Row, group: str) -> str:
    """``15.4% (168 of 1,090)``, with as much of it as is published."""
    counted, base, percentage = row[f"{group}_count"], row[f"{group}_base"], row[f"{group}_pct"]
    if percentage is None and None in (counted, base):
        return "hidden" if row["status"] in ("suppressed", "suppressed_source") else "–"
    if counted is None or base is None:
        return pct(percentage)
    if percentage is None:
        return f"{count(counted)} of {count(base)}"
    return f"{pct(percentage)} ({count(counted)} of {count(base)})"


# What an interval says -----------------------------------------------------------------------------------------------


def verdict(row: Row | None) -> Verdict:
    """What may be said of a figure: its published evidence, unless the interval as shown reaches parity."""
    if row is None:
        return _verdict("none", "The release has no such figure of this organisation and year.")
    if row["indicator_code"] == "9" and row["bme_count"] is not None and row["bme_base"]:
        members = f"{count(row['bme_count'])} of {count(row['bme_base'])} are BME"
        return _verdict("none", "A board is about a dozen people, too few for a verdict: read the people.", members)
    if row["status"] != "ok":
        return _verdict("none", row["status_reason"] or "There is no figure.", _status(row["status"]))
    low, high, evidence = row["ratio_low"], row["ratio_high"], row["evidence"]
    if evidence == "too_few":
        return _verdict("few", "It rests on too few people to say whether the groups differ.")
    if evidence is None or low is None or high is None:
        return _verdict(
            "none", "How many people are behind it is not known, so that nobody can say what is chance.", "Cannot say"
        )
    if low <= 1 <= high:
        edge = " One end of the interval is parity itself." if evidence != "no_clear_difference" else ""
        return _verdict(
            "unclear", f"The interval includes 1, which is parity: no clear difference, and no proof of equality.{edge}"
        )
    if evidence in ("worse", "better"):
        return _verdict(
            evidence, f"The whole interval lies on the side that is {evidence} for BME staff: more than chance."
        )
    return _verdict("unclear", "No clear difference, and no proof of equality.")


def _verdict(kind: Kind, because: str, words: str | None = None) -> Verdict:
    return Verdict(kind, words or _WORDS[kind], because)


def _status(status: str) -> str:
    return {
        "suppressed": "Hidden",
        "suppressed_source": "Hidden by the publisher",
        "not_submitted": "Not submitted",
        "not_applicable": "Does not apply",
        "unreliable": "Unreliable",
    }.get(status, "No ratio")


# Sentences -----------------------------------------------------------------------------------------------------------


def headline(facts: Facts, indicator_code: str) -> list[str]:
    """The sentences on an indicator's figure: both groups, the ratio and its interval, the gap; none where nothing is known."""
    row = facts.result(indicator_code)
    if row is None:
        return []
    said = _figure(row)
    if row["ratio"] is not None:
        limits = (
            f"95% interval {interval(row['ratio_low'], row['ratio_high'])}"
            if row["ratio_low"] is not None
            else "without an interval, since how many people are behind it is not known"
        )
        said.append(f"Ratio ({RATIO[indicator_code]}) {ratio(row['ratio'])}; {limits}.")
    if row["gap_points"] is not None:
        whom = "White staff" if indicator_code in SURVEY else "the whole workforce"
        limits = (
            f" (95% interval {points(row['gap_low'])} to {points(row['gap_high'])})"
            if row["gap_low"] is not None
            else ""
        )
        said.append(f"BME against {whom}: {points(row['gap_points'])} percentage points{limits}.")
    return said


def base(row: Row) -> str:
    """Where a figure comes from and how many people are behind it."""
    where = f"From {_BASES[row['basis']]}"
    if row["basis"] == "survey" and row["survey_year"]:
        where += f" of {row['survey_year']}"
    if row["base_source"] == "q28_respondents":
        return f"{where}. How many answered is not published; the interval goes by those who stated their ethnicity."
    unknown = row["unknown_count"]
    if row["indicator_code"] in ("2", "3", "4") and unknown:
        return f"{where}. {count(unknown)} more, of unknown ethnicity, are in neither group."
    return f"{where}."


def _figure(row: Row) -> list[str]:
    code = row["indicator_code"]
    if code == "1":
        return _senior(row)
    if code == "9":
        return _board(row)
    if code == "DR":
        return _tiers(row)
    who, did = _WHO[code]
    white, bme = row["white_pct"], row["bme_pct"]
    if white is None and bme is None:
        return []
    # Small rates are people in a thousand; both groups in the same way.
    per_thousand = code in ("2", "3", "4") and all(each is None or each < 10 for each in (white, bme))

    def rate(group: str, name: str) -> str:
        percentage, counted, of = row[f"{group}_pct"], row[f"{group}_count"], row[f"{group}_base"]
        if percentage is None:
            return f"a hidden share of {name} {who}"
        what = f"{percentage * 10:.0f} in 1,000 {name} {who}" if per_thousand else f"{pct(percentage)} of {name} {who}"
        return what + (f" ({count(counted)} of {count(of)})" if counted is not None and of is not None else "")

    first = rate("bme", "BME")
    return [f"{first[0].upper()}{first[1:]} {did}, against {rate('white', 'White')}."]


def _senior(row: Row) -> list[str]:
    if row["bme_pct"] is None:
        return []
    workforce = workforce_bme_pct(row)
    against = f", against {pct(workforce)} of the whole workforce" if workforce is not None else ""
    return [
        f"{share(row, 'bme')} of staff in band 8a and above, very senior managers among them, are BME{against}."
        f" {_unknown(row)}."
    ]


def _unknown(row: Row) -> str:
    unknown = row["unknown_count"]
    if unknown is None:
        return "Of how many ethnicity is not known is hidden"
    return (
        "The ethnicity of all of them is known" if unknown == 0 else f"The ethnicity of {count(unknown)} is not known"
    )


def workforce_bme_pct(row: Row) -> float | None:
    """BME percentage of the whole workforce that a row of indicator 1 or 9 is compared with, those of unknown ethnicity in it."""
    staff = [row[f"workforce_{group}_count"] for group in ("white", "bme", "unknown")]
    if any(each is None for each in staff) or not sum(staff):
        return None
    exact = Decimal(100) * Decimal(row["workforce_bme_count"]) / Decimal(sum(staff))
    return float(exact.quantize(Decimal("0.1"), ROUND_HALF_UP))


def _board(row: Row) -> list[str]:
    members, bme = row["bme_base"], row["bme_count"]
    if members is None or bme is None:
        return []
    workforce = workforce_bme_pct(row)
    said = [f"{count(bme)} of {count(members)} board members are BME. {_unknown(row)}."]
    if workforce is not None and members:
        said.append(
            f"The whole workforce is {pct(workforce)} BME, which of {count(members)} seats is about"
            f" {float(members) * workforce / 100:.1f}; one seat is {100 / float(members):.1f} points."
        )
    return said


def _tiers(row: Row) -> list[str]:
    if row["white_count"] is None or row["bme_count"] is None:
        return []
    return [
        f"For {count(row['bme_base'])} BME staff in band 5 and below there are {count(row['bme_count'])} in band 8a and above;"
        f" for {count(row['white_base'])} White staff {count(row['white_count'])}."
        + (" A count was zero, and 0.5 was added to all four." if row["is_adjusted"] else "")
    ]


def change(facts: Facts, indicator_code: str) -> str:
    """What became of the ratio in a year, or why nobody can say."""
    row = facts.result(indicator_code)
    if row is None or row["ratio"] is None:
        return ""
    if row["change_1y"] is None:
        return f"No comparison with the year before: {_NO_CHANGE.get(row['change_status'], 'there is none')}."
    before = facts.result(indicator_code, year=facts.wres_year - 1)
    was = f"from {ratio(before['ratio'])} " if before and before["ratio"] is not None else ""
    text = f"In a year the ratio went {was}to {ratio(row['ratio'])}"
    low, high = row["change_1y_low"], row["change_1y_high"]
    if low is None or high is None:
        return f"{text}; whether that is more than chance cannot be said."
    limits = f"(new over old {ratio(row['change_1y'])}; 95% interval {interval(low, high)})"
    return f"{text}, which {'is more than' if is_clear_change(row) else 'may be'} chance {limits}."


def is_clear_change(row: Row | None) -> bool:
    """Whether the interval of the change in a year, as it is shown, leaves out no change."""
    if row is None or row["change_1y_low"] is None or row["change_1y_high"] is None:
        return False
    return not row["change_1y_low"] <= 1 <= row["change_1y_high"]


def against_peers(peer: Row | None, organisation_type: str | None) -> str:
    """Where a figure stands among organisations of the same type, and whether that is more than chance."""
    if peer is None:
        return "" if organisation_type else "Of what type the organisation is, no file says: there are no peers."
    if peer["peer_median"] is None:
        return peer["status_reason"] or "There are too few peers with a figure."
    text = (
        f"The middle (median) of {count(peer['peers_count'])} organisations of type {peer['peer_set_name']}"
        f" is {ratio(peer['peer_median'])}"
    )
    if peer["differs_from_peers"] is None:
        return f"{text}; whether this one differs was not tested."
    if peer["differs_from_peers"]:
        return f"{text}; this one is different, also after allowing for how many were looked at."
    return f"{text}; this one is not clearly different from them."


def goal(row: Row) -> str:
    """What a leadership goal takes, in a sentence or two."""
    if row["status"] == "at_or_above_target":
        return f"{row['status_reason']}"
    need, recruits = row["recruits_needed_per_year"], row["bme_share_of_recruits_pct"]
    if need is None or recruits is None:
        return row["status_reason"] or "There is no goal."
    text = f"{need:.1f} BME recruits or promotions a year, {pct(recruits)} of the posts to be filled"
    return f"{text}. {row['status_reason']}" if row["status_reason"] else f"{text}."
