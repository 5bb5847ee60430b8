"""Files loaded into one warehouse and judged in one call: starting Great Expectations costs seconds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wres import gate, load, warehouse
from wres.settings import Settings


@dataclass
class Judged:
    """A warehouse with one judged load a file, and the verdicts by the file's name in the test."""

    settings: Settings
    verdicts: dict[Any, gate.Verdict]

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        with warehouse.connect(self.settings, "wres_loader") as connection:
            return connection.execute(query, values).fetchall()  # type: ignore[call-overload]

    def rejected_rows(self, name: Any) -> list[tuple[Any, ...]]:
        """Rule, row, column, value, reason and content of the rows that were set aside, by row and rule."""
        return self.rows(
            "select rule_id, row_number, column_name, value, reason, content from ops.rejected_row"
            " where load_id = %s order by row_number, rule_id",
            self.verdicts[name].load_id,
        )

    def results(self, name: Any) -> list[tuple[Any, ...]]:
        """Rule, message, severity, scope, success and number of places of every rule that was put to the file."""
        return self.rows(
            "select rule_id, message, severity, scope, success, unexpected_count from ops.gate_result where load_id = %s",
            self.verdicts[name].load_id,
        )


def judge(of: Settings, files: Mapping[Any, tuple[str, Path]]) -> Judged:
    """Load and judge files, given as source and path by name. None of them may be one that the reader refuses."""
    loads = {}
    for name, (source, path) in files.items():
        loaded = load.load_file(of, source, path)
        assert loaded.state == "loaded", f"{name}: what readers refuse is tested with them"
        loads[name] = loaded.load_id or 0
    return Judged(of, dict(zip(loads, gate.judge_loads(of, list(loads.values())), strict=True)))
