"""Files that are not what their names say, or nothing at all."""

from __future__ import annotations

import gzip
import io
import zipfile
from pathlib import Path

import msoffcrypto.format.ooxml
import workbooks

from corpus.case import Theme, counts, table, write
from corpus.packages import ole, repacked

kind = Theme("Kinds: what a file is by its bytes")
PAGE = "<!DOCTYPE html><html><head><title>Sign in</title></head><body>{}</body></html>"
AGAIN = "Download the file again from the publisher"


@kind("staff_survey", "survey_page.xls", "rejected", "F01", "web page (HTML)", "download the file itself")
def page_as_xls(path: Path) -> None:
    """A web page under a workbook's old name (.xls)."""
    write(path, PAGE.format("<table><tr><td>RAA</td></tr></table>"))


@kind("staff_survey", "survey_page.xlsx", "rejected", "F01", "web page (HTML)", "download the file itself")
def page_as_xlsx(path: Path) -> None:
    """A sign-in page under a workbook's name (.xlsx)."""
    write(path, "\n " + PAGE.format("Please sign in"), "utf-8-sig")


@kind("wres_return", "wres_return_text.xlsx", "rejected", "F01", "named as a workbook but is none", AGAIN)
def text_as_xlsx(path: Path) -> None:
    """A text file under a workbook's name."""
    write(path, "org_code,wres_year\r\nRAA,2024\r\n")


@kind("staff_survey", "Benchmark named.xls", "accepted")
def xlsx_as_xls(path: Path) -> None:
    """A sound workbook (.xlsx) under the old name (.xls): it is read for what it is."""
    workbooks.benchmark((2019,)).write(path)


@kind("staff_survey", "Benchmark old.xlsx", "rejected", "F02", "damaged", AGAIN)
def xls_as_xlsx(path: Path) -> None:
    """An old workbook (.xls) that is damaged, under the new name."""
    path.write_bytes(ole("Workbook"))


@kind("workforce", "workforce_protected.xlsx", "rejected", "F04", "password", "Save it without a password")
def protected(path: Path) -> None:
    """A workbook protected with a password."""
    plain = workbooks.benchmark((2018,)).write(path.with_name("plain.xlsx"))
    with plain.open("rb") as file, path.open("wb") as out:
        msoffcrypto.format.ooxml.OOXMLFile(file).encrypt("secret", out)
    plain.unlink()


@kind("staff_survey", "Benchmark truncated.xlsx", "rejected", "F02", "cut off in transfer", AGAIN)
def truncated(path: Path) -> None:
    """A workbook of which the second half is missing."""
    whole = workbooks.benchmark((2017,)).write(path).read_bytes()
    path.write_bytes(whole[: len(whole) // 2])


@kind("staff_survey", "Benchmark corrupt.xlsx", "rejected", "F02", "damaged", AGAIN)
def corrupt_member(path: Path) -> None:
    """A workbook of which one member no longer unpacks."""
    whole = bytearray(workbooks.benchmark((2016,)).write(path).read_bytes())
    at = whole.index(b"xl/worksheets/sheet1.xml") + 60
    whole[at : at + 80] = bytes(80)
    path.write_bytes(bytes(whole))


@kind("staff_survey", "Benchmark no sheet.xlsx", "rejected", "F02", "damaged", AGAIN)
def missing_member(path: Path) -> None:
    """A workbook whose list of sheets names one that is not there."""
    plain = workbooks.benchmark((2015,)).write(path)
    repacked(plain, lambda name, content: None if name.endswith("sheet2.xml") else content)


@kind("workforce_counts", "workforce_counts.zip", "accepted")
def zipped(path: Path) -> None:
    """A table in a ZIP archive, as a member that would lie outside the folder: it is read, and never unpacked onto the disk."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("../../escaped.csv", counts(90))


@kind("workforce_counts", "workforce_counts_twice.zip", "rejected", "F01", "ZIP archive of 2 files", "Unpack it")
def zipped_twice(path: Path) -> None:
    """Two tables in a ZIP archive."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("one.csv", counts(90))
        archive.writestr("other.csv", counts(91))


@kind(
    "workforce_counts", "workforce_counts.csv.gz", "rejected", "F02", "more than 200 times its size", "send it unpacked"
)
def gzipped(path: Path) -> None:
    """A table that is compressed: forty megabytes in forty kilobytes."""
    written = io.BytesIO()
    header, row = counts(90).splitlines()[:2]
    with gzip.GzipFile(fileobj=written, mode="wb", mtime=0) as file:
        file.write(f"{header}\n".encode() + f"{row}\n".encode() * 600_000)
    path.write_bytes(written.getvalue())


@kind("board", "board_paper.csv", "rejected", "F01", "a PDF", "send the table")
def pdf(path: Path) -> None:
    """A PDF under a table's name."""
    path.write_bytes(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n")


@kind("peer_groups", "peer_groups_2024-03_empty.csv", "rejected", "F01", "the file is empty", AGAIN)
def empty(path: Path) -> None:
    """An empty file."""
    path.touch()


@kind("employee_relations", "employee_relations_2024-03_blank.csv", "rejected", "F01", "the file is empty", AGAIN)
def blank(path: Path) -> None:
    """Blanks and line ends alone."""
    write(path, " \r\n\t\r\n")


@kind("survey_responses", "survey_responses_header.csv", "rejected", "F01", "no data rows", "with its rows")
def header_alone(path: Path) -> None:
    """A header and no rows."""
    write(path, table("survey_responses__respondent", 1).splitlines()[0] + "\r\n")


@kind("workforce", "workforce_dump.csv", "rejected", "F03", "row 1")
def binary(path: Path) -> None:
    """Bytes of no kind at all."""
    path.write_bytes(bytes(range(250, -1, -1)) * 20)
