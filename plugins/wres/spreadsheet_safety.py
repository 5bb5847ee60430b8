"""Text that people will open in a spreadsheet: no cell of ours may begin a formula, whoever wrote what stands in it."""

from __future__ import annotations

import re

# A cell that begins so is a formula to some spreadsheet, at the latest when it is saved as text and opened again.
# The wide forms are what East Asian keyboards write, and spreadsheets take them for the same.
_ACTIVE = tuple("=+-@\t\r\n＝＋－＠")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)


def neutralised(value: str) -> str:
    """Text that no spreadsheet takes for a formula: an apostrophe goes before what would begin one.

    What is a number stays one, also with a sign before it. Text made safe once is not changed again.
    """
    return f"'{value}" if value.startswith(_ACTIVE) and not _NUMBER.fullmatch(value) else value
