"""What is small to send and large to read: bombs, cells in the last corner, millions of blanks."""

from __future__ import annotations

import zipfile
from pathlib import Path

import workbooks

from corpus.case import Theme, counts, write
from corpus.packages import repacked

size = Theme("Sizes: more than is read")
SHEET = "xl/worksheets/sheet1.xml"
ALONE = "Copy the table alone into a new workbook"
# A formatted sheet of an open document: one cell that is said to be repeated.
REPEATED = (
    '<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"'
    ' xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"'
    ' xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><office:body><office:spreadsheet>'
    '<table:table table:name="Return"><table:table-row table:number-rows-repeated="1000000">'
    '<table:table-cell table:number-columns-repeated="16000" office:value-type="string"><text:p>x</text:p>'
    "</table:table-cell></table:table-row></table:table></office:spreadsheet></office:body></office:document-content>"
)


def with_rows(path: Path, rows: bytes, year: int) -> Path:
    """A benchmark workbook with rows added to the end of its first sheet."""
    plain = workbooks.benchmark((year,)).write(path)
    end = b"</sheetData>"
    return repacked(plain, lambda name, content: content.replace(end, rows + end) if name == SHEET else content)


def bomb(path: Path, megabytes: int, year: int) -> Path:
    """A workbook whose first sheet unpacks to so many megabytes of blanks; written in pieces, a thousandth of that."""
    plain = workbooks.benchmark((year,)).write(path)
    with zipfile.ZipFile(plain) as package:
        members = {name: package.read(name) for name in package.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in members.items():
            with package.open(name, "w", force_zip64=True) as member:
                head, end, tail = content.partition(b"</sheetData>")
                member.write(head)
                for _ in range(megabytes if name == SHEET else 0):
                    member.write(b" " * 1_048_576)
                member.write(end + tail)
    return path


@size("staff_survey", "Benchmark bomb.xlsx", "rejected", "F02", "unpacks to", "are the most that is read", ALONE)
def zip_bomb(path: Path) -> None:
    """A workbook of some hundred kilobytes that unpacks to more than the limit."""
    bomb(path, 140, 2011)


@size("staff_survey", "Benchmark lying.xlsx", "rejected", "F02", "damaged", "larger than its declared")
def lying_bomb(path: Path) -> None:
    """The same, with a directory that says it is small."""
    packed = bytearray(bomb(path, 140, 2010).read_bytes())
    declared = packed.rindex(b"PK\x01\x02", 0, packed.rindex(SHEET.encode())) + 24
    packed[declared : declared + 4] = (1000).to_bytes(4, "little")
    path.write_bytes(bytes(packed))


@size(
    "staff_survey",
    "Benchmark corner.xlsx",
    "rejected",
    "F02",
    "more than 5,000,000 cells",
    "far outside the table?",
    ALONE,
)
def cell_in_the_last_corner(path: Path) -> None:
    """A cell in the last row and column of a sheet: everything between would be 17 thousand million cells."""
    with_rows(path, b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>', 2009)


@size("wres_return", "wres_return_repeated.ods", "rejected", "F02", "damaged")
def repeated_cell(path: Path) -> None:
    """A cell of an open document that is said to be repeated 16 thousand million times."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        package.writestr("META-INF/manifest.xml", "<manifest/>")
        package.writestr("content.xml", REPEATED)


@size("staff_survey", "Benchmark entities.xlsx", "rejected", "F02")
def entities(path: Path) -> None:
    """XML entities that stand for one another, a thousand million times over."""
    lines = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
    declared = f'<!DOCTYPE x [<!ENTITY e0 "bomb">{lines}]>'.encode()
    cell = b'<row r="9"><c r="A9" t="e"><v>&e9;</v></c></row></sheetData>'

    def declare(name: str, content: bytes) -> bytes:
        if name != SHEET:
            return content
        return content.replace(b"<worksheet", declared + b"<worksheet", 1).replace(b"</sheetData>", cell)

    repacked(workbooks.benchmark((2008,)).write(path), declare)


@size("workforce_counts", "workforce_counts_wide.csv", "rejected", "F02", "row 1", "20,008 columns", "table alone")
def wide_rows(path: Path) -> None:
    """Twenty thousand columns beside the table."""
    beside = "," + ",".join(f"x{number}" for number in range(20_000))
    write(path, [line + beside for line in counts(100).splitlines()])


@size("workforce_counts", "workforce_counts_blanks.csv", "accepted")
def million_blank_rows(path: Path) -> None:
    """A million blank rows between the rows."""
    head, first, rest = counts(110).split("\r\n", 2)
    write(path, f"{head}\r\n{first}\r\n" + ",,,,,,\r\n" * 500_000 + "\r\n" * 500_000 + rest)


@size("wres_return", "wres_return_blanks.xlsx", "rejected", "F02", "more than 5,000,000 cells", ALONE)
def blank_at_the_bottom(path: Path) -> None:
    """A blank typed into the last row of a table of eleven columns."""
    from corpus.sheets import returned

    returned(path, "RX4", lambda book, page: page.write_string(1_048_575, 10, " "))


@size("workforce_counts", "workforce_counts_long_top.csv", "rejected", "the table has to start")
def blanks_at_the_top(path: Path) -> None:
    """A million blank rows above the header."""
    write(path, "\r\n" * 1_000_000 + counts(120))
