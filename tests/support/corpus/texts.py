"""Text as programs save it: encodings, line ends, quotation marks."""

from __future__ import annotations

from pathlib import Path

from corpus.case import Theme, counts, table, write

text = Theme("Text: encodings, line ends, quotation marks")
UTF8 = "Save the file as 'CSV UTF-8' and send it again."


@text("workforce_counts", "workforce_counts_cp1252.csv", "rejected", "F03", "row 5", "café", "Windows-1252", UTF8)
def windows_1252(path: Path) -> None:
    """Windows-1252, with an accent and a curly quotation mark."""
    write(path, counts(10, note="café’s own"), "cp1252")


@text("board", "board_latin1.csv", "rejected", "F03", "row 5", "not UTF-8", UTF8)
def latin_1(path: Path) -> None:
    """Latin-1, with bytes that neither UTF-8 nor Windows-1252 has."""
    write(path, table("board__member", 5, role_title="Chair \x81\x8d\xe9"), "latin-1")


@text("organisations", "succ_bom.csv", "accepted")
def byte_order_mark(path: Path) -> None:
    """UTF-8 with a byte order mark, as Excel saves it."""
    write(path, '03A,X2C4Y,R,20210401,""\r\n', "utf-8-sig")


@text("training", "training_2024-03_utf16.csv", "rejected", "F03", "UTF-16", UTF8)
def utf_16(path: Path) -> None:
    """UTF-16 with a byte order mark ("Unicode text")."""
    write(path, table("training__completion", 5), "utf-16")


@text("recruitment", "recruitment_utf16le.csv", "rejected", "F03", "row 1", "NUL characters", "UTF-16", UTF8)
def utf_16_without_mark(path: Path) -> None:
    """UTF-16 without a byte order mark."""
    write(path, table("recruitment__vacancy", 5), "utf-16-le")


@text("workforce_counts", "workforce_counts_nul.csv", "rejected", "F03", "row 5", "NUL characters", UTF8)
def nul_bytes(path: Path) -> None:
    """NUL bytes in the midst of a text."""
    write(path, counts(20, note="a\0b"))


@text("workforce_counts", "workforce_counts_nul_1252.csv", "rejected", "F03", "row 5", "not UTF-8", UTF8)
def nul_and_windows_1252(path: Path) -> None:
    """NUL bytes and Windows-1252 in one line: the report shows the line, and a database keeps no NUL."""
    write(path, counts(25, note="a\0é"), "cp1252")


@text("workforce_counts", "workforce_counts_cr.csv", "accepted")
def carriage_returns(path: Path) -> None:
    """Lines that end in CR alone (old Macintosh)."""
    write(path, counts(30).replace("\r\n", "\r"))


@text("workforce_counts", "workforce_counts_mixed.csv", "accepted")
def mixed_line_ends(path: Path) -> None:
    """LF, CR and CR LF in one file."""
    lines = counts(40).splitlines()
    write(path, lines[0] + "\r\n" + lines[1] + "\n" + lines[2] + "\r" + "\n".join(lines[3:]))


@text(
    "workforce", "workforce_quote.csv", "rejected", "F02", "row 5", "is a quotation mark not closed?", "Mend the line"
)
def open_quotation_mark(path: Path) -> None:
    """A quotation mark that is never closed."""
    write(path, table("workforce__staff", 8, gender="QUOTE").replace("QUOTE", '"'))


@text(
    "workforce_counts", "workforce_counts_long_cell.csv", "rejected", "F02", "row 5", "field larger", "export the file"
)
def cell_of_ten_million_characters(path: Path) -> None:
    """A cell of ten million characters."""
    write(path, counts(50, note="x" * 10_000_000))


@text("organisations", "succ_endless.csv", "rejected", "F02", "row 1", "more than 20,000,000 characters", "Export")
def endless_line(path: Path) -> None:
    """A line of 25 million characters without an end."""
    write(path, "x," * 12_500_000)


@text("workforce_counts", "workforce_counts_end_of_copy.csv", "accepted")
def end_of_copy(path: Path) -> None:
    r"""A cell with ``\.`` on a line of its own, which ends data for Postgres."""
    write(path, counts(60, note="one\n\\.\ntwo"))


@text(
    "workforce_counts", "workforce_counts_semicolon.csv", "rejected", "V11", "row 1", "separated by ';'", "with commas"
)
def semicolons(path: Path) -> None:
    """Semicolons between the fields (a spreadsheet with continental settings)."""
    write(path, counts(70).replace(",", ";"))


@text("workforce_counts", "workforce_counts_tabs.csv", "rejected", "V11", "row 1", "separated by tabs", "with commas")
def tabs(path: Path) -> None:
    """Tabs between the fields."""
    write(path, counts(80).replace(",", "\t"))
