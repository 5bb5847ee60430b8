"""The report on a rejected file: text for the log, a workbook to send back to the supplier."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from wres.problems import Problem
from wres.settings import Settings
from wres.spreadsheet_safety import neutralised


def text(name: str, source: str, verdict: str, problems: Sequence[Problem]) -> str:
    """All problems of a file, one paragraph each: rule, place, value, cause, what to do; what decides comes first."""
    lines = [f"{verdict.upper()}  {name} ({source})"]
    for problem in sorted(problems, key=lambda problem: problem.severity):
        lines.append(f"  {'note: ' if problem.severity == 'warning' else ''}{problem.sentence()}")
        lines.append(f"      what to do: {problem.action}")
    return "\n".join(lines)


def write(settings: Settings, source: str, sha256: str, name: str, problems: Sequence[Problem]) -> Path:
    """Write ``rejected/<source>/<sha256[:12]>/report.txt`` and ``report.xlsx``; returns the text report's path."""
    import xlsxwriter

    folder = settings.rejected / source / sha256[:12]
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    written_at = datetime.now(UTC).isoformat(timespec="seconds")
    report = folder / "report.txt"
    report.write_text(
        f"{text(name, source, 'rejected', problems)}\n\nfile sha256 {sha256}\nwritten {written_at}\n", encoding="utf-8"
    )
    # Cells are strings and never formulas: a supplier's value may begin with an equals sign.
    with xlsxwriter.Workbook(
        str(folder / "report.xlsx"), {"strings_to_formulas": False, "strings_to_urls": False}
    ) as book:
        sheet = book.add_worksheet("Problems")
        bold = book.add_format({"bold": True})
        headers = ("Rule", "Sheet", "Row", "Column", "Value", "Problem", "Places", "What to do")
        sheet.write_row(0, 0, [neutralised(f"{name}: rejected {written_at}")], bold)
        sheet.write_row(2, 0, headers, bold)
        for number, problem in enumerate(problems, start=3):
            cells = (
                problem.rule,
                problem.sheet or "",
                "" if problem.row is None else problem.row,
                problem.column or "",
                problem.value or "",
                problem.message,
                problem.count,
                problem.action,
            )
            sheet.write_row(number, 0, [neutralised(cell) if isinstance(cell, str) else cell for cell in cells])
        sheet.autofit()
    return report
