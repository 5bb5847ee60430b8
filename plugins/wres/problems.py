"""What is wrong with a file: one record per problem, with its place, its cause and what to do about it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

Scope = Literal["file", "row", "measure"]
_LONGEST_SHOWN = 200


@dataclass(frozen=True)
class Problem:
    """One problem of one file.

    Attributes:
        rule: id of the rule (``V11``; ``F01``… for what makes a file unreadable).
        scope: what it costs: the file, rows, or one measure. A measure's problem is a warning for the file.
        message: the cause, in a sentence.
        action: what the sender or the analyst can do.
        sheet, row, column: where; the row as the spreadsheet counts it, the column by letter or name.
        value: the offending text, at most 200 characters.
        count: how many places show the same problem (the first is named).
        severity: ``error`` stops the scope, ``warning`` does not.
    """

    rule: str
    scope: Scope
    message: str
    action: str
    sheet: str | None = None
    row: int | None = None
    column: str | None = None
    value: str | None = None
    count: int = 1
    severity: Literal["error", "warning"] = "error"

    def __post_init__(self) -> None:
        """Whatever a file holds, its report stays readable and can be kept in a database."""
        for name in ("sheet", "column", "value"):
            text = getattr(self, name)
            if text:
                object.__setattr__(self, name, text[:_LONGEST_SHOWN].replace("\0", "�"))

    def place(self) -> str:
        """``sheet 'X', cell G5`` or ``row 12, column name``, as far as it is known."""
        parts = []
        if self.sheet:
            parts.append(f"sheet '{shown(self.sheet)}'")
        if self.row is not None and self.column and self.column.isalpha() and self.column.isupper():
            parts.append(f"cell {self.column}{self.row}")
        else:
            if self.row is not None:
                parts.append(f"row {self.row}")
            if self.column:
                parts.append(f"column {shown(self.column)}")
        return ", ".join(parts)

    def sentence(self) -> str:
        """The problem in one line: rule, place, value, cause."""
        value = f", value '{shown(self.value)}'" if self.value not in (None, "") else ""
        more = f" (and {self.count - 1} more like it)" if self.count > 1 else ""
        place = self.place()
        return f"{self.rule}  {place + value + ': ' if place or value else ''}{shown(self.message)}{more}"

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


class FileRejected(Exception):  # noqa: N818 - the name of the verdict, as users read it
    """A reader cannot make rows of a file; carries all the problems it found."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("; ".join(problem.sentence() for problem in problems))
        self.problems = problems


def shown(text: str) -> str:
    """Text for people, on one line: what is invisible, or turns the direction of writing, is written as an escape."""
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text)


def column_letters(index: int) -> str:
    """Spreadsheet letters of a 0-based column index (0 is A, 26 is AA)."""
    letters = ""
    index += 1
    while index:
        index, remainder = divmod(index - 1, 26)
        letters = chr(65 + remainder) + letters
    return letters
