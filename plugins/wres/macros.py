"""dbt's macros without dbt: the SQL of a macro that refers to no model, for tests and simulations of the statistics."""

from __future__ import annotations

import functools
from pathlib import Path

import jinja2

FOLDERS = ("statistics", "benchmarks")


class _Exceptions:
    """dbt's ``exceptions`` in a macro's context."""

    @staticmethod
    def raise_compiler_error(message: str) -> None:
        raise ValueError(message)


@functools.cache
def render(project: Path, call: str) -> str:
    """SQL of a macro call, from the macro files themselves (dbt renders them with the same engine).

    Args:
        project: folder of the repository.
        call: as it would stand between double braces, for example ``z_95()``.

    Raises:
        ValueError: the macro refuses its arguments.
    """
    folders = (project / "dbt_project" / "macros" / folder for folder in FOLDERS)
    text = "".join(path.read_text(encoding="utf-8") for folder in folders for path in sorted(folder.glob("*.sql")))
    environment = jinja2.Environment()  # noqa: S701 - SQL, not HTML
    environment.globals["exceptions"] = _Exceptions
    return environment.from_string(text + "{{ " + call + " }}").render().strip()
