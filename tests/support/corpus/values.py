"""Numbers, dates and labels as people and spreadsheets write them. A bad cell costs its row; too many cost the file."""

from __future__ import annotations

from pathlib import Path

from corpus.case import Theme, table, write

value = Theme("Values: numbers, dates, labels")
COUNTS, STAFF, VACANCY = "workforce_counts__headcount", "workforce__staff", "recruitment__vacancy"
# (file, what, cell, words of the message): one bad head count among 110.
HEADS = (
    ("continental", "A number with continental marks (1.234,5)", "1.234,5", "V24"),
    ("blank", "A number with a blank for thousands (1 234)", "1 234", "V24"),
    ("comma", "A number with a comma for thousands (1,234)", "1,234", "V24"),
    ("version", "Two decimal points (1.2.3)", "1.2.3", "V24"),
    ("infinity", "Infinity as text", "Infinity", "V24"),
    ("nan", "NaN as text", "NaN", "V24"),
    ("digits", "Digits of another script (٣٤)", "٣٤", "V24"),
    ("exponent", "A number in exponents (1E+05)", "1E+05", "V24"),
    ("formula", "A formula in a text file", "=1+1", "V24"),
    ("negative", "A head count below zero", "-3", "V02"),
    ("fraction", "A head count of 12.5", "12.5", "V02"),
    ("huge", "A head count of fifty digits", "9" * 50, "V02"),
)
# (file, what, cell, words): one bad snapshot date among 110.
DATES = (
    ("american", "A month of 31 (12/31/2024)", "12/31/2024", "V24"),
    ("february", "A day that no calendar has (2024-02-30)", "2024-02-30", "V24"),
    ("serial", "A date as a spreadsheet's serial number (45382)", "45382", "V24"),
    ("short", "A year of two digits (31/03/24)", "31/03/24", "V24"),
    ("wide", "Digits of another width in a date", "2024-03-３１", "V24"),
)


def add(cases: tuple[tuple[str, str, str, str], ...], column: str, first: int) -> None:
    for number, (file, what, cell, rule) in enumerate(cases):

        def make(path: Path, number: int = number, cell: str = cell) -> None:
            write(path, table(COUNTS, first=first + 200 * number, **{column: cell}))

        make.__doc__ = what
        name = f"workforce_counts_{column}_{file}.csv"
        value("workforce_counts", name, "rows set aside", rule, "row 5", f"column {column}", cell)(make)


add(HEADS, "headcount", 1000)
add(DATES, "snapshot_date", 5000)


@value("workforce_counts", "workforce_counts_day_first.csv", "accepted")
def day_first(path: Path) -> None:
    """Dates as 31/03/2024: the day comes first."""
    write(path, table(COUNTS, 4, 7000, snapshot_date="31/03/2024"))


@value(
    "workforce", "workforce_day.csv", "rejected", "F05", "row 5", "2024-03-30", "not the last day of March", "quarter"
)
def other_day(path: Path) -> None:
    """A snapshot of another day than a quarter's last."""
    write(path, table(STAFF, 6, snapshot_date="2024-03-30"))


@value("workforce", "workforce_1900.csv", "rejected", "F05", "row 5", "1900-03-31", "between 2000 and 2099", "correct")
def other_century(path: Path) -> None:
    """A date of another century."""
    write(path, table(STAFF, 6, snapshot_date="1900-03-31"))


@value(
    "workforce",
    "workforce_2013.csv",
    "rejected",
    "F05",
    "row 5",
    "2013-03-31",
    "no figures before April 2014",
    "correct",
)
def before_the_first(path: Path) -> None:
    """A snapshot before the WRES began."""
    write(path, table(STAFF, 6, snapshot_date="2013-03-31"))


@value(
    "survey_responses", "survey_responses_2009.csv", "rejected", "F05", "row 5", "2009", "no figures before April 2014"
)
def survey_before_the_first(path: Path) -> None:
    """Answers to a survey before the WRES began."""
    write(path, table("survey_responses__respondent", 6, survey_year="2009"))


@value("training", "training_2009-03.csv", "rejected", "F05", "2009-03", "no figures before April 2014")
def quarter_before_the_first(path: Path) -> None:
    """A quarter, by the file's name, before the WRES began."""
    write(path, table("training__completion", 6))


@value("workforce", "workforce_future.csv", "rows set aside", "V24", "row 5", "2099-12-31", "lies in the future")
def future(path: Path) -> None:
    """A date that is still to come."""
    write(path, table(STAFF, 110, snapshot_date="2099-12-31"))


@value(
    "workforce",
    "workforce_ethnicity.csv",
    "rows set aside",
    "V13",
    "row 5",
    "'Martian'",
    "in no list",
    "ethnic_category",
)
def unknown_category(path: Path) -> None:
    """An ethnic category that no list has, in one row of 110."""
    write(path, table(STAFF, 110, first=2, ethnic_category="Martian", code_system=""))


@value(
    "workforce", "workforce_ethnicities.csv", "rejected", "V24", "more than 1%", "V13", "'Martian'", "Correct the rows"
)
def unknown_categories(path: Path) -> None:
    """The same in one row of six: more than one per cent."""
    write(path, table(STAFF, 6, ethnic_category="Martian", code_system=""))


@value("recruitment", "recruitment_more.csv", "rows set aside", "row 5", "appointed", "999")
def more_than_all(path: Path) -> None:
    """More people appointed than shortlisted."""
    write(path, table(VACANCY, 110, appointed="999"))


@value("employee_relations", "employee_relations_2024-03_word.csv", "rows set aside", "V14", "row 5", "'Discipline'")
def other_word(path: Path) -> None:
    """ "Disciplinary" in another word, which would not be counted."""
    write(path, table("employee_relations__case", 110, process="Discipline"))


@value("training", "training_2024-03_flag.csv", "rows set aside", "V24", "row 5", "'maybe'", "neither yes nor no")
def flag(path: Path) -> None:
    """A flag that is neither yes nor no."""
    write(path, table("training__completion", 110, is_mandatory="maybe"))


@value(
    "survey_responses", "survey_responses_answer.csv", "rows set aside", "V24", "row 5", "'often'", "none of its scale"
)
def answer(path: Path) -> None:
    """An answer that is not on the question's scale."""
    write(path, table("survey_responses__respondent", 110, q14a="often"))


@value("survey_responses", "survey_responses_weight.csv", "rows set aside", "V24", "row 5", "'-1'")
def weight(path: Path) -> None:
    """A weight below zero."""
    write(path, table("survey_responses__respondent", 110, 2, weight="-1"))


@value("reference_results", "reference_results_value.csv", "rejected", "V24", "row 5", "'1.59x'", "no number")
def figure(path: Path) -> None:
    """A published figure that is no number."""
    write(path, table("reference_results__figure", 8, value="1.59x"))


@value("wres_return", "wres_return_negative.csv", "rejected", "row 2", "column bme", "-5")
def negative_return(path: Path) -> None:
    """A return with a count below zero."""
    write(
        path,
        [
            "org_code,wres_year,indicator,slice,data_item,white,bme,unknown",
            "RAA,2024,1,non_clinical.band_2,headcount,9,-5,0",
        ],
    )


@value("wres_return", "wres_return_percent.csv", "rejected", "row 2", "column white", "130")
def percentage_above_100(path: Path) -> None:
    """A return with a percentage above 100."""
    write(path, ["org_code,wres_year,indicator,slice,data_item,white,bme,unknown", "RAA,2024,5,,pct,130,20,"])
