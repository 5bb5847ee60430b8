"""Sound rows of the tidy feeds, as dictionaries that a test can change before they are written."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from wres import registry
from wres.settings import settings

Feed = dict[str, str]

# Every way of naming a category that the raw gate must let pass: codes, second characters, old digits, labels, groups.
ETHNICITIES = (
    ("A", ""),
    ("c2", ""),
    ("H", ""),
    ("SC", ""),
    ("Z", ""),
    ("99", ""),
    ("", ""),
    ("T", ""),
    ("N1", ""),
    ("0", "1995"),
    ("7", "1995"),
    ("White: Roma", "2021"),
    ("Asian/Asian British - Any other Asian background", ""),
    ("black_african", ""),
    (" White ", ""),
    ("BME", ""),
    ("not stated", ""),
    ("A White - British", ""),
)
BANDS = (
    "Band 5",
    "8A",
    "Band 8 - Range A",
    "Review Body Band 8 - Range C",
    "Very Senior Manager",
    "Non AfC Grade",
    "XR07",
    "under band 1",
)
GRADES = ("Consultant", "Specialty Doctor", "Foundation Doctor Year 1", "", "trust grade")
GROUPS = (
    "Nursing and Midwifery Registered",
    "Add Prof Scientific and Technic",
    "Estates & Ancillary",
    "Administrative and Clerical",
)
FLAGS = ("y", "No", "TRUE", "0", "")
DATES = ("2024-03-31", "31/03/2024", "2024-03-31T00:00:00")
ANSWERS = {
    "q14a": ("never", "1 to 2", "More than 10", ""),
    "q14b": ("Never", "3-5", "6 - 10", "more_than_10"),
    "q14c": ("never", "1_to_2"),
    "q15": ("Yes", "no", "Don't know", "dont_know", ""),
    "q16b": ("yes", "No"),
    "q14d": ("Yes, I reported it", "not applicable", ""),
    "q16a": ("no", "yes"),
}


def _person(number: int, identifier: str) -> Feed:
    category, system = ETHNICITIES[number % len(ETHNICITIES)]
    return {
        "org_code": ("RAA", "RBB", "RCC")[number % 3],
        identifier: f"P{number:06d}",
        "ethnic_category": category,
        "code_system": system,
    }


def workforce(number: int) -> Feed:
    medical = number % 5 == 4
    coded = number % 7 == 0
    return _person(number, "person_id") | {
        "snapshot_date": DATES[number % len(DATES)],
        "staff_group": "" if coded else "Medical and Dental" if medical else GROUPS[number % len(GROUPS)],
        "occupation_code": ("021" if medical else "N6A") if coded else "",
        "pay_band": "" if medical else BANDS[number % len(BANDS)],
        "medical_grade": GRADES[number % len(GRADES)] if medical else "",
        "is_medical_manager": FLAGS[number % len(FLAGS)],
        "is_bank_only": FLAGS[(number + 1) % len(FLAGS)],
        "gender": "female",
        "fte": ("1", "0.6", ".8", "")[number % 4],
        "hourly_rate_gbp": ("17.35", "")[number % 2],
        "joined_on": ("2015-09-01", "01/09/2015", "")[number % 3],
        "band_start_date": "2020-02-29",
        "overseas_joined_on": ("", "2022-01-10")[number % 2],
    }


def workforce_counts(number: int) -> Feed:
    medical = number % 3 == 2
    category, system = ETHNICITIES[number % len(ETHNICITIES)]
    return {
        "snapshot_date": DATES[number % len(DATES)],
        # An organisation of its own for each row, so that no count is given twice.
        "org_code": f"R{number:05d}",
        "staff_block": ("non_clinical", "Clinical_Non_Medical", "medical_dental")[number % 3],
        "pay_band": GRADES[number % len(GRADES)] if medical else BANDS[number % len(BANDS)],
        "ethnic_category": category,
        "code_system": system,
        "headcount": str(number % 40),
    }


def board(number: int) -> Feed:
    return _person(number, "member_id") | {
        "as_at": DATES[number % len(DATES)],
        "role_title": "Director",
        "is_voting": FLAGS[number % len(FLAGS)],
        "is_executive": FLAGS[(number + 2) % len(FLAGS)],
    }


def recruitment(number: int) -> Feed:
    if number == 0:
        return {"period_start": "2024-01-01", "period_end": "2024-03-31", "org_code": "RNL", "vacancy_id": "nil_return"}
    medical = number % 3 == 2
    return _person(number, "vacancy_id") | {
        "period_start": ("2024-01-01", "01/04/2023")[number % 2],
        "period_end": DATES[number % len(DATES)],
        "staff_block": ("non_clinical", "Nursing and Midwifery Registered", "medical_dental")[number % 3],
        "pay_band": GRADES[number % len(GRADES)] if medical else BANDS[number % len(BANDS)],
        "is_international": FLAGS[number % len(FLAGS)],
        "applied": ("", "30")[number % 2],
        "shortlisted": str(number % 7 + 3),
        "appointed": str(number % 3),
    }


def employee_relations(number: int) -> Feed:
    if number == 0:
        return {"org_code": "RNL", "case_id": "nil_return", "entered_on": "2024-03-31"}
    return _person(number, "person_id") | {
        "case_id": f"C{number:06d}",
        "process": ("disciplinary", "Grievance", "sickness_absence")[number % 3],
        "entered_on": ("2024-02-29", "01/03/2024")[number % 2],
    }


def training(number: int) -> Feed:
    if number == 0:
        return {"org_code": "RNL", "person_id": "nil_return", "completed_on": "2024-03-31"}
    return _person(number, "person_id") | {
        "completed_on": ("2024-02-29", "01/03/2024")[number % 2],
        "is_mandatory": FLAGS[number % len(FLAGS)],
        "definition_note": "CPD",
    }


def survey_responses(number: int) -> Feed:
    answers = {question: values[number % len(values)] for question, values in ANSWERS.items()}
    backgrounds = ("white_british", "Black/African/Caribbean/Black British - African", "Other ethnic group - Arab", "")
    return answers | {
        "survey_year": "2023",
        "org_code": ("RAA", "RBB", "RCC")[number % 3],
        "respondent_id": f"P{number:06d}",
        "ethnic_background": backgrounds[number % len(backgrounds)],
        "weight": ("1", "0.87", "")[number % 3],
    }


def reference_results(number: int) -> Feed:
    measure, value = (("ratio", "1.59"), ("bme_pct", "26.4"), ("bme_count", ""))[number % 3]
    return {
        "publisher": "NHS England",
        "vintage": "2024",
        "scope": ("Trusts", "trusts_and_icbs")[number % 2],
        "wres_year": "2023",
        "indicator_code": ("2", "1", "dr")[number % 3],
        "slice": f"slice {number}",
        "measure": measure,
        "value": value,
    }


def peer_groups(number: int) -> Feed:
    return {"peer_set": ("Coast", "inner cities")[number % 2], "org_code": f"R{number:05d}"}


_ROWS = {
    "workforce__staff": workforce,
    "workforce_counts__headcount": workforce_counts,
    "board__member": board,
    "recruitment__vacancy": recruitment,
    "employee_relations__case": employee_relations,
    "training__completion": training,
    "survey_responses__respondent": survey_responses,
    "reference_results__figure": reference_results,
    "peer_groups__member": peer_groups,
}
TABLES = tuple(_ROWS)


def sound(table: str, count: int) -> list[Feed]:
    """Rows of a table that break no rule; in line ``place + 2`` of the file that they are written to."""
    return [_ROWS[table](number) for number in range(count)]


def source_of(table: str) -> str:
    return table.split("__")[0]


def columns_of(table: str) -> list[str]:
    """Columns of the table's layout, in their order."""
    of = registry.registry(settings())[source_of(table)]
    layout = next(layout for layout in of.layouts if of.raw_table(layout) == table)
    return [column for column in layout.raw_columns if not column.startswith("_")]


def text(table: str, rows: Sequence[Feed]) -> str:
    """The rows as CSV, header first."""
    written = io.StringIO(newline="")
    writer = csv.DictWriter(written, columns_of(table), restval="")
    writer.writeheader()
    writer.writerows(rows)
    return written.getvalue()


def write(table: str, rows: Sequence[Feed], folder: Path) -> Path:
    """A CSV file of the table, under the name its layout expects, of the first quarter of 2024."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{source_of(table)}_2024-03.csv"
    path.write_bytes(text(table, rows).encode())
    return path
