"""The kinds of job in the synthetic service: how many people are in each, their pay, and how many of them are BME.

A job is a staff group with an Agenda for Change band, or a medical grade. Shares follow the national workforce
statistics of September 2017 (full-time equivalents), BME shares the published levels of WRES 2024.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from wres.sample.organisations import ACUTE, AMBULANCE, BOARDS, COMMUNITY, MENTAL_HEALTH, SPECIALIST

NON_CLINICAL, CLINICAL, MEDICAL = "non_clinical", "clinical_non_medical", "medical_dental"

BANDS = "under_1 band_1 band_2 band_3 band_4 band_5 band_6 band_7 band_8a band_8b band_8c band_8d band_9 vsm".split()
# How a payroll may write the bands; an organisation keeps to one way.
BAND_LABELS = (
    ("Under Band 1", *(f"Band {band[5:]}" for band in BANDS[1:-1]), "VSM"),
    ("Under 1", *(band[5:].upper() for band in BANDS[1:-1]), "Very Senior Manager"),
    (
        "Under Band 1",
        *(f"Review Body Band {band[5:]}" for band in BANDS[1:8]),
        *(f"Review Body Band 8 - Range {letter}" for letter in "ABCD"),
        "Review Body Band 9",
        "Very Senior Manager",
    ),
)
MEDICAL_ROWS = ("consultants", "senior_medical_manager", "non_consultant_career_grade", "trainee_grades", "other")

# Staff group: block, occupation code, share of women, and thousands of people by band in the order of ``BANDS``.
GROUPS: dict[str, tuple[str, str, float, tuple[float, ...]]] = {
    "Nursing and Midwifery Registered": (
        CLINICAL,
        "N6A",
        0.88,
        (0, 0, 0, 0, 0, 128, 96, 45, 11.5, 3.2, 1.5, 0.6, 0.2, 0.25),
    ),
    "Allied Health Professionals": (CLINICAL, "S1E", 0.77, (0, 0, 0, 0, 0, 19, 36, 20, 5.2, 1.2, 0.4, 0.12, 0.03, 0)),
    "Add Prof Scientific and Technic": (
        CLINICAL,
        "S2P",
        0.72,
        (0, 0, 0, 0, 7, 10, 12, 12, 6.5, 2.3, 1.1, 0.45, 0.12, 0),
    ),
    "Healthcare Scientists": (CLINICAL, "U3A", 0.65, (0, 0, 0, 0, 3.4, 7, 11, 8.5, 2.6, 0.9, 0.35, 0.15, 0.05, 0)),
    "Additional Clinical Services": (CLINICAL, "H1A", 0.82, (0.8, 1, 95, 78, 34, 3, 0, 0, 0, 0, 0, 0, 0, 0)),
    "Students": (CLINICAL, "P2A", 0.86, (0, 0, 0, 2, 2.5, 2, 0, 0, 0, 0, 0, 0, 0, 0)),
    "Administrative and Clerical": (
        NON_CLINICAL,
        "G2A",
        0.74,
        (0.9, 1.5, 30, 38, 38, 24, 18, 15.5, 10.6, 6.9, 4.2, 2.4, 1, 1.7),
    ),
    "Estates and Ancillary": (NON_CLINICAL, "G3B", 0.5, (0.3, 10, 26, 7, 4.5, 1.5, 0.9, 0.4, 0, 0, 0, 0, 0, 0)),
}
# Medical grade: row of the return, occupation code, share of women, thousands of people, % BME, pay in £ an hour.
GRADES: dict[str, tuple[str, str, float, float, float, float]] = {
    "Foundation Doctor Year 1": ("trainee_grades", "011", 0.56, 6.1, 48, 16.5),
    "Foundation Doctor Year 2": ("trainee_grades", "011", 0.56, 6.5, 50, 19.1),
    "Core Training": ("trainee_grades", "011", 0.53, 9.7, 54, 22.7),
    "Specialty Registrar": ("trainee_grades", "011", 0.52, 30.4, 52, 27.5),
    "Staff Grade": ("non_consultant_career_grade", "011", 0.45, 0.4, 60, 29),
    "Specialty Doctor": ("non_consultant_career_grade", "011", 0.48, 6.5, 64, 30),
    "Associate Specialist": ("non_consultant_career_grade", "011", 0.42, 2.1, 62, 42),
    "Hospital Practitioner / Clinical Assistant": ("other", "011", 0.45, 0.5, 30, 40),
    "Other and Local HCHS Doctor Grades": ("other", "011", 0.45, 0.9, 62, 28),
    "Consultant (including Directors of Public Health)": ("consultants", "011", 0.38, 45.8, 44, 52),
}
NEXT_GRADE = {
    "Foundation Doctor Year 1": "Foundation Doctor Year 2",
    "Foundation Doctor Year 2": "Core Training",
    "Core Training": "Specialty Registrar",
    "Specialty Registrar": "Consultant (including Directors of Public Health)",
    "Specialty Doctor": "Associate Specialist",
}
MEDICAL_GROUP = "Medical and Dental"

# % BME of all staff by band on 31 March 2024, and by how much its log odds rise in a year.
LEVEL_YEAR = 2024
RISE_PER_YEAR = 0.11
BME_LEVEL = {
    NON_CLINICAL: (20, 25, 21, 15.5, 14.5, 18, 19, 18, 15.5, 13.5, 12.5, 12, 12, 12.5),
    CLINICAL: (25, 28, 29, 25.5, 23.5, 47, 26, 20, 16, 13.5, 12, 12, 12, 13.5),
}
HOURLY_PAY = (8.6, 12.1, 12.1, 12.6, 13.9, 15.9, 19.6, 24.2, 28.3, 33.2, 39.5, 47.0, 56.0, 74.0)

# How much more or less of a staff group an organisation has than the country.
MIX = {
    ACUTE: {MEDICAL_GROUP: 1.15},
    SPECIALIST: {MEDICAL_GROUP: 1.2, "Healthcare Scientists": 1.5},
    MENTAL_HEALTH: {MEDICAL_GROUP: 0.5, "Healthcare Scientists": 0.1, "Additional Clinical Services": 1.35},
    COMMUNITY: {MEDICAL_GROUP: 0.15, "Healthcare Scientists": 0.05, "Allied Health Professionals": 2.2},
    AMBULANCE: {
        MEDICAL_GROUP: 0.03,
        "Nursing and Midwifery Registered": 0.08,
        "Allied Health Professionals": 4.5,
        "Add Prof Scientific and Technic": 0.05,
        "Healthcare Scientists": 0.0,
        "Students": 2.0,
    },
    BOARDS: {
        MEDICAL_GROUP: 0.15,
        "Nursing and Midwifery Registered": 0.15,
        "Allied Health Professionals": 0.1,
        "Additional Clinical Services": 0.02,
        "Healthcare Scientists": 0.0,
        "Students": 0.0,
        "Administrative and Clerical": 4.0,
        "Estates and Ancillary": 0.0,
    },
}

# Closed to entrants in 2018: those in it leave or move up, and nobody follows.
CLOSED_BAND = "band_1"
# Chance to leave in a quarter; doctors in training rotate. Of the vacancies of a job with one below it, so many are
# filled by promotion from there.
LEAVE, LEAVE_TRAINEE = 0.026, 0.06
PROMOTED_SHARE = 0.55


@dataclass(frozen=True)
class Job:
    """One kind of job. ``weight`` in thousands of people; ``following`` is the position of the next job up, or -1."""

    staff_group: str
    block: str
    row: str
    grade: str
    occupation: str
    women: float
    weight: float
    bme: float
    pay: float
    following: int = -1

    @property
    def band(self) -> int:
        """Position in ``BANDS``; -1 for doctors."""
        return BANDS.index(self.row) if self.row in BANDS else -1


def _jobs() -> list[Job]:
    jobs: list[Job] = []
    for group, (block, occupation, women, weights) in GROUPS.items():
        levels = [level for level, weight in enumerate(weights) if weight]
        first = len(jobs)
        for level in levels:
            above = [place for place, one in enumerate(levels) if one > level and BANDS[one] != CLOSED_BAND]
            following = first + above[0] if above else -1
            bme, pay = BME_LEVEL[block][level], HOURLY_PAY[level]
            jobs.append(Job(group, block, BANDS[level], "", occupation, women, weights[level], bme, pay, following))
    grades = list(GRADES)
    first = len(jobs)
    for grade, (row, occupation, women, weight, bme, pay) in GRADES.items():
        following = first + grades.index(NEXT_GRADE[grade]) if grade in NEXT_GRADE else -1
        jobs.append(Job(MEDICAL_GROUP, MEDICAL, row, grade, occupation, women, weight, bme, pay, following))
    return jobs


JOBS = _jobs()
FOLLOWING = np.array([job.following for job in JOBS])
LEAVE_CHANCE = np.array([LEAVE_TRAINEE if job.row == "trainee_grades" else LEAVE for job in JOBS])
IS_OPEN = np.array([job.row != CLOSED_BAND for job in JOBS])
CONSULTANT = next(place for place, job in enumerate(JOBS) if job.row == "consultants")
# Jobs into which people are recruited from overseas, and what part of the BME joiners are.
OVERSEAS = np.array(
    [
        0.6
        if job.staff_group == "Nursing and Midwifery Registered" and job.row == "band_5"
        else 0.15
        if job.grade in ("Specialty Doctor", "Core Training", "Specialty Registrar") or job.row in ("band_3", "band_6")
        else 0.02
        for job in JOBS
    ]
)
# Rows of indicator 1 in the order of the return, and the row in which a job is counted.
ROWS = [
    *((block, band) for block in (NON_CLINICAL, CLINICAL) for band in BANDS),
    *((MEDICAL, row) for row in MEDICAL_ROWS),
]
ROW_OF_JOB = np.array([ROWS.index((job.block, job.row)) for job in JOBS])


def _promotion_chances() -> npt.NDArray[np.float64]:
    """Chance of a promotion in a quarter that keeps the jobs above as full as they are, from the top down."""
    chances = np.zeros(len(JOBS))
    for place in reversed(range(len(JOBS))):
        above = JOBS[place].following
        if above >= 0:
            vacant = JOBS[above].weight * (LEAVE_CHANCE[above] + chances[above])
            chances[place] = min(0.2, PROMOTED_SHARE * vacant / JOBS[place].weight)
    return chances


PROMOTION_CHANCE = _promotion_chances()


def label(place: int, block: str, row: str) -> str:
    """How the organisation of this number writes a row of the return in a column ``pay_band``; doctors' rows by name."""
    return row if block == MEDICAL else BAND_LABELS[place % len(BAND_LABELS)][BANDS.index(row)]


def shares(mix: dict[str, float]) -> npt.NDArray[np.float64]:
    """Share of each job in an organisation with this mix of staff groups; they add up to 1."""
    weights = np.array([job.weight * mix.get(job.staff_group, 1.0) for job in JOBS])
    result: npt.NDArray[np.float64] = weights / weights.sum()
    return result
