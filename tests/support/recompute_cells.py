"""What cells of the feeds mean, read a second time: ethnic categories, bands, grades, blocks, flags and dates."""

from __future__ import annotations

import re
from datetime import date, timedelta
from functools import cache

BLOCKS = ("non_clinical", "clinical_non_medical", "medical_dental")
DIGITS_OF_1995 = {"": "unknown", "0": "white", **dict.fromkeys("12345678", "bme"), "9": "unknown"}
CLINICAL_GROUPS = (
    "nursing and midwifery registered",
    "allied health professionals",
    "additional clinical services",
    "add prof scientific and technic",
    "healthcare scientists",
    "students",
)


@cache
def ethnic_group(category: str, code_system: str = "") -> str:
    """White, BME or Unknown of a code (16+1 by its first letter), a digit of 1995, a survey label or a group's name."""
    text = " ".join(category.split())
    if code_system.strip() == "1995":
        return DIGITS_OF_1995.get(text) or _no(text)
    if not text or text.lower() in ("z", "99", "unknown", "not stated", "not known", "prefer not to say"):
        return "unknown"
    if text.lower() in ("white", "bme"):
        return text.lower()
    if re.fullmatch(r"[A-Za-z]\w?", text):
        letter = text[0].upper()
        return "white" if letter in "ABCT" else "bme" if letter in "DEFGHJKLMNPRSW" else _no(text)
    # The survey prints the broad group before the detailed one: "White - Irish".
    heading = text.lower().partition(" - ")[0]
    if heading.startswith(("white", "mixed", "asian", "black", "other")):
        return "white" if heading == "white" else "bme"
    return _no(text)


@cache
def pay_band(label: str) -> str:
    """The row of a pay band, however written."""
    text = " ".join(label.lower().split())
    if text in ("vsm", "very senior manager", "very senior managers"):
        return "vsm"
    if text in ("non afc grade", "local pay", "other_pay"):
        return "other_pay"
    if "under" in text:
        return "under_1"
    found = re.search(r"8\s*(?:-\s*range\s*)?([abcd])$", text) or re.search(r"(?:^|[\s_])([1-79])$", text)
    if not found:
        return _no(label)
    return f"band_8{found[1]}" if found[1].isalpha() else f"band_{found[1]}"


@cache
def medical_grade(label: str) -> str:
    """The row of a medical or dental grade, or of a row's own name."""
    text = " ".join(label.lower().replace("_", " ").split())
    if text in ("senior medical manager", "senior medical managers"):
        return "senior_medical_manager"
    if text.startswith("consultant"):
        return "consultants"
    if text in ("associate specialist", "specialty doctor", "staff grade", "specialist", "non consultant career grade"):
        return "non_consultant_career_grade"
    if text.startswith(("specialty registrar", "core training", "foundation", "trainee grade")):
        return "trainee_grades"
    return "other"


@cache
def staff_block(staff_group: str, occupation_code: str = "") -> str:
    """The block of a staff group; without one, of the occupation code's first letter."""
    text = " ".join(staff_group.lower().replace("&", "and").split())
    if text in BLOCKS:
        return text
    if text == "medical and dental":
        return "medical_dental"
    if text in ("administrative and clerical", "estates and ancillary"):
        return "non_clinical"
    if text in CLINICAL_GROUPS:
        return "clinical_non_medical"
    if not text and occupation_code:
        first = occupation_code[0].upper()
        return "medical_dental" if first.isdigit() else "non_clinical" if first == "G" else "clinical_non_medical"
    return _no(staff_group)


@cache
def day(text: str) -> date:
    """A date in either of the two forms that files may use."""
    if found := re.fullmatch(r"(\d\d)/(\d\d)/(\d{4})", text.strip()):
        return date(int(found[3]), int(found[2]), int(found[1]))
    return date.fromisoformat(text.strip()[:10])


def flag(text: str) -> bool:
    """Yes or no, in the ways that extracts say it; blank is no."""
    word = text.strip().lower()
    return word in ("y", "yes", "true", "1") or (word not in ("n", "no", "false", "0", "") and bool(_no(text)))


def _no(text: str) -> str:
    raise ValueError(f"{text!r} means nothing here")


def month_end(year: int, month: int) -> date:
    return date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)


def year_before(on: date) -> date:
    """The month end a year earlier."""
    return month_end(on.year - 1, on.month)
