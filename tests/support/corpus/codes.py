"""Codes that look like codes: statements, letters of other alphabets, signs that nobody sees."""

from __future__ import annotations

from pathlib import Path

import feeds
import workbooks

from corpus.case import Theme, counts, table, write

code = Theme("Codes: what looks like one and is another")
ANEW = "Type the code anew"
TIDY = {
    "board__member": "RАA",  # the second letter is Cyrillic
    "recruitment__vacancy": "RΑA",  # Greek
    "employee_relations__case": "ＲAA",  # wide
    "training__completion": "R\u200bAA",  # a blank without width
    "survey_responses__respondent": "RA\u202eA",  # turns the direction of writing
    "workforce__staff": "RA\u00adA",  # a hyphen that is not shown
    "wres_return__item": "R٣A",  # an Arabic digit
}
NAMES = {
    "board__member": ("A letter of another alphabet (Cyrillic)", "cyrillic capital letter a"),
    "recruitment__vacancy": ("A letter of another alphabet (Greek)", "greek capital letter alpha"),
    "employee_relations__case": ("A letter of another width", "fullwidth latin capital letter r"),
    "training__completion": ("A blank without width", "zero width space"),
    "survey_responses__respondent": ("A sign that turns the direction of writing", "right-to-left override"),
    "workforce__staff": ("A hyphen that is not shown", "soft hyphen"),
    "wres_return__item": ("A digit of another script", "arabic-indic digit three"),
}


def rows(name: str, strange: str) -> str:
    if name != "wres_return__item":
        return table(name, 5, org_code=strange)
    header = feeds.columns_of(name)
    line = ["RAA", "2024", "1", "non_clinical.band_2", "headcount", "9", "5", "0", "14", "", ""]
    lines = [line, line, line, [strange, *line[1:]]]
    return "\r\n".join([",".join(header), *(",".join(cells) for cells in lines)])


for table_name, strange_code in TIDY.items():

    def make(path: Path, name: str = table_name, strange: str = strange_code) -> None:
        write(path, rows(name, strange))

    what, sign = NAMES[table_name]
    make.__doc__ = f"{what} in an organisation's code"
    of = feeds.source_of(table_name)
    code(of, f"{of}_2024-03_code.csv", "rejected", "V12", "row 5", "column org_code", sign, ANEW)(make)


@code("workforce_counts", "workforce_counts_sql.csv", "rejected", "V12", "row 5", "drop table", "(apostrophe)", ANEW)
def sql_in_a_code(path: Path) -> None:
    """SQL in an organisation's code."""
    write(path, counts(200, org_code="R'; drop table ops.load; --"))


@code("workforce_counts", "workforce_counts_sql_note.csv", "accepted")
def sql_in_a_note(path: Path) -> None:
    """SQL in a note: text like any other."""
    write(path, counts(210, note="'); drop schema raw cascade; --"))


@code("workforce_counts", "workforce_counts_long.csv", "rejected", "V12", "row 5", "3,000 characters", ANEW)
def long_code(path: Path) -> None:
    """A code of three thousand letters, longer than an index takes."""
    write(path, counts(220, org_code="R" * 3000))


@code("organisations", "etr_2026-07_code.csv", "rejected", "V12", "row 2", "RB\\u200bB", "sign that no code has", ANEW)
def strange_trust(path: Path) -> None:
    """A blank without width in the list of trusts."""
    workbooks.write_csv(path, [workbooks.trust("RAA"), workbooks.trust("RB\u200bB")])


@code("peer_groups", "peer_groups_2024-03_code.csv", "rejected", "V12", "row 5", "sign that no code has", ANEW)
def strange_member(path: Path) -> None:
    """A letter of another alphabet in a peer set."""
    write(path, table("peer_groups__member", 5, 40, org_code="RАA"))


@code("staff_survey", "Benchmark code.xlsx", "rejected", "V12", "cell A3", "cyrillic capital letter a", ANEW)
def strange_benchmark(path: Path) -> None:
    """A letter of another alphabet in a workbook's code."""
    book = workbooks.benchmark((2021,))
    book.sheets["Acute&Acute Community Trusts"][2][0] = "RАB"
    book.write(path)


@code(
    "staff_survey",
    "NSS24 organisational results code.xlsx",
    "rejected",
    "V12",
    "cell A7",
    "right-to-left override",
    ANEW,
)
def strange_survey(path: Path) -> None:
    """A sign that turns the direction of writing in a workbook's code."""
    workbooks.detailed(organisations=["RAA", "R\u202eBB"]).write(path)


@code(
    "peer_groups",
    "peer_groups_2024-03_long.csv",
    "rejected",
    "V34",
    "row 5",
    "more than 100 characters",
    "a short name",
)
def long_name(path: Path) -> None:
    """A peer set whose name has five thousand letters."""
    write(path, table("peer_groups__member", 5, 60, peer_set="".join(chr(97 + n % 26) + str(n) for n in range(1500))))
