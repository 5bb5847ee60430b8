"""Headers and rows that do not make the table: missing, doubled, moved, too many, repeated."""

from __future__ import annotations

from pathlib import Path

import workbooks

from corpus.case import Theme, counts, table, write

shape = Theme("Tables: headers, rows, keys")
MAP = "sources/maps/workforce_counts.csv"


def with_header(text: str, *changes: tuple[str, str]) -> str:
    header, rows = text.split("\r\n", 1)
    for old, new in changes:
        header = header.replace(old, new)
    return f"{header}\r\n{rows}"


@shape("workforce_counts", "workforce_counts_doubled.csv", "rejected", "V11", "a second column for org_code", "Delete")
def doubled_header(path: Path) -> None:
    """Two columns of one name."""
    write(path, with_header(counts(130), ("note", "org_code")))


@shape("workforce_counts", "workforce_counts_missing.csv", "rejected", "V11", "headcount", "missing or renamed", MAP)
def missing_header(path: Path) -> None:
    """A column that is asked for is renamed."""
    write(path, with_header(counts(140), ("headcount", "heads of staff")))


@shape("workforce_counts", "workforce_counts_extra.csv", "rejected", "V11", "not registered", "'typed by'", MAP)
def extra_header(path: Path) -> None:
    """A column that nobody registered."""
    write(path, with_header(counts(150), ("note", "typed by")))


@shape(
    "workforce_counts", "workforce_counts_unnamed.csv", "rejected", "V11", "column 8", "no header", "Name the column"
)
def unnamed_header(path: Path) -> None:
    """A column without a header."""
    write(path, with_header(counts(160), (",note", ",")))


@shape("workforce_counts", "workforce_counts_moved.csv", "accepted")
def moved_headers(path: Path) -> None:
    """Columns in another order: they are read by their headers."""
    write(path, [",".join(reversed(line.split(","))) for line in counts(170).splitlines()])


@shape("board", "board_ragged.csv", "rejected", "V11", "row 3", "the row has 9 fields", "missing or extra column")
def ragged_rows(path: Path) -> None:
    """A row with a field too many: a comma outside quotation marks."""
    lines = table("board__member", 4).splitlines()
    lines[2] = lines[2].replace("Director", "Director, Finance")
    write(path, lines)


@shape("organisations", "etr_2026-07_short.csv", "rejected", "V11", "row 2", "the row has 26 fields", "27")
def short_row(path: Path) -> None:
    """A row with a field too few in a file without headers."""
    workbooks.write_csv(path, [workbooks.trust("RAA"), workbooks.trust("RBB")[:-1]])


@shape(
    "workforce_counts",
    "workforce_counts_total.csv",
    "rejected",
    "V12",
    "row 6",
    "no organisation code",
    "remove the row",
)
def total_row(path: Path) -> None:
    """A row of totals below the table."""
    write(path, counts(180) + "Total,,,,,100,,\r\n")


@shape("board", "board_repeated.csv", "rows set aside", "V12", "row 112", "more than once", "Remove the row")
def repeated_key(path: Path) -> None:
    """A member who stands on the board twice: the later row is set aside."""
    text = table("board__member", 110)
    write(path, text + text.splitlines()[4] + "\r\n")


@shape("workforce_counts", "workforce_counts_repeated.csv", "rejected", "V12", "given more than once", "not added up")
def repeated_count(path: Path) -> None:
    """A count that is given twice: neither can be told to be right."""
    text = counts(190)
    write(path, text + text.splitlines()[2] + "\r\n")


@shape(
    "peer_groups", "peer_groups_2024-03_repeated.csv", "rejected", "V12", "in the peer set more than once", "second row"
)
def repeated_member(path: Path) -> None:
    """An organisation that is in a peer set twice."""
    text = table("peer_groups__member", 4)
    write(path, text + text.splitlines()[2] + "\r\n")


@shape("reference_results", "reference_results_repeated.csv", "rejected", "V12", "given more than once")
def repeated_figure(path: Path) -> None:
    """A published figure that is given twice."""
    text = table("reference_results__figure", 4)
    write(path, text + text.splitlines()[2] + "\r\n")


@shape("peer_groups", "peer_groups_lately.csv", "rejected", "F05", "which period it is from", "--period")
def no_period(path: Path) -> None:
    """A file that says nowhere of when it is."""
    write(path, table("peer_groups__member", 4, first=20))


@shape("reference_results", "reference_results_other.csv", "rejected", "V11", "header is not registered")
def other_source(path: Path) -> None:
    """A file of another source."""
    write(path, "a,b,c\r\n1,2,3\r\n")
