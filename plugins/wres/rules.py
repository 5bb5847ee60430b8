"""The gate's rules as data: ``expectations/raw/<source>.yml`` and ``expectations/marts/<table>.yml``.

A rule has an id, a severity, a scope, a reason and a date. It names an expectation of Great Expectations and the batch it
is put to: the table itself, the rows in which a check finds something, or a named ``select`` over it that keeps the places of
its rows. A select may look labels up in the seeds that staging reads, so that what the gate lets pass has a meaning later.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from wres.settings import Settings

Severity = Literal["critical", "warning", "info"]
Scope = Literal["file", "row", "measure", "release"]
WHOLE = "table"
FAULTY = "faulty"
_Model = TypeVar("_Model", bound=BaseModel)


class RulesError(RuntimeError):
    """A file of ``expectations/`` is wrong; the message names the file and each problem in it."""


class Rule(BaseModel):
    """One rule.

    Attributes:
        id: id in the table of validation rules (docs).
        batch: name of the select it is put to; ``table`` is all rows.
        expectation: type of the expectation, as Great Expectations names it.
        arguments: its arguments.
        severity: ``critical`` stops the scope, ``warning`` and ``info`` are noted.
        scope: what a failure costs: the file, its rows, one measure (named by ``measure``), or the release.
        shows: column whose value a report names.
        measure: column that names the measure to block (scope ``measure``).
        message, action: cause and remedy, for people.
        reason: why the rule is there, or why a bound is what it is.
        since: when it came into force or was last loosened.
        sign_off: a failing warning waits for ``wres accept`` with a comment.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(pattern=r"^[A-Z]\d{2}$")
    batch: str = WHOLE
    expectation: str = Field(pattern=r"^(expect|unexpected)_[a-z_]+$")
    arguments: dict[str, Any] = Field(default_factory=dict)
    severity: Severity
    scope: Scope
    shows: str | None = None
    measure: str | None = None
    message: str = Field(min_length=5)
    action: str = Field(min_length=5)
    reason: str = Field(min_length=10)
    since: date
    sign_off: bool = False

    @model_validator(mode="after")
    def _complete(self) -> Rule:
        if (self.scope == "measure") != (self.measure is not None):
            raise ValueError(f"{self.id}: scope measure and the column 'measure' go together")
        return self


class Check(BaseModel):
    """What can be wrong with some cells of a row, whatever stands in the others.

    Attributes:
        of: columns of these cells; each different content of them is read once, however many rows have it. Without them every
            row is read, which is cheaper where nearly every row has another content.
        reading: select over the contents (``{cells}``) that the problems look at; its rows are theirs.
        batch: name of the batch of the rows in which it finds something.
        problems: by name of its column in the batch, SQL of a word for what is wrong, null where nothing is.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    of: tuple[str, ...] = ()
    reading: str = "select * from {cells} as cells"
    batch: str = FAULTY
    problems: dict[str, str] = Field(min_length=1)


class Suite(BaseModel):
    """The rules of one table, and what they are put to (``{table}`` stands for the batch being judged).

    Attributes:
        table: name of the table.
        places: columns that say where a row is; results hold them and never values.
        seeds: seeds of the dbt project, by name; ``{name}`` stands for one in SQL, all its columns text.
        derived: SQL of columns that the table has besides, by name.
        checks: of cells; the rows in which those of a batch find something are that batch, each problem a column.
        batches: selects, by name.
        rules: in the order of their results.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    table: str
    places: tuple[str, ...] = ("_load_id", "_sheet", "_row_number", "_column")
    seeds: tuple[str, ...] = ()
    derived: dict[str, str] = Field(default_factory=dict)
    checks: tuple[Check, ...] = ()
    batches: dict[str, str] = Field(default_factory=dict)
    rules: tuple[Rule, ...]

    @model_validator(mode="after")
    def _batches_exist(self) -> Suite:
        found = {check.batch for check in self.checks}
        known = {WHOLE, *found, *self.batches}
        for rule in self.rules:
            if rule.batch not in known:
                raise ValueError(f"{rule.id} names batch '{rule.batch}', which is not defined")
        if taken := sorted(found & {WHOLE, *self.batches}):
            raise ValueError(f"a batch is what checks find and something else: {', '.join(taken)}")
        if taken := sorted(known & set(self.seeds)):
            raise ValueError(f"a seed and a batch have one name: {', '.join(taken)}")
        return self


class _RawFile(BaseModel):
    model_config = ConfigDict(extra="forbid")
    source: str
    tables: tuple[Suite, ...]


def raw_suites(settings: Settings) -> dict[str, Suite]:
    """Suites of the raw gate by raw table (``staff_survey__benchmark``)."""
    return _raw_suites(settings.expectations / "raw")


def seed_file(settings: Settings, name: str) -> Path:
    """The file of a seed that a suite names.

    Raises:
        RulesError: the dbt project has no such seed.
    """
    found = sorted((settings.project / "dbt_project" / "seeds").glob(f"*/{name}.csv"))
    if not found:
        raise RulesError(f"A suite looks labels up in seed '{name}', which dbt_project/seeds does not have.")
    return found[0]


def marts_suites(settings: Settings) -> tuple[Suite, ...]:
    """Suites of the marts gate, one per candidate table."""
    return _marts_suites(settings.expectations / "marts")


@lru_cache(maxsize=8)
def _raw_suites(folder: Path) -> dict[str, Suite]:
    suites = {}
    for path in sorted(folder.glob("*.yml")):
        file = _parse(path, _RawFile)
        if file.source != path.stem:
            raise RulesError(f"{path.name}: the file is named after its source, but says source: {file.source}")
        suites.update({f"{file.source}__{suite.table}": suite for suite in file.tables})
    return suites


@lru_cache(maxsize=8)
def _marts_suites(folder: Path) -> tuple[Suite, ...]:
    suites = tuple(_parse(path, Suite) for path in sorted(folder.glob("*.yml")))
    for path, suite in zip(sorted(folder.glob("*.yml")), suites, strict=True):
        if suite.table != path.stem:
            raise RulesError(f"{path.name}: the file is named after its table, but says table: {suite.table}")
    return suites


def _parse(path: Path, model: type[_Model]) -> _Model:
    try:
        return model.model_validate(yaml.safe_load(path.read_text()))
    except (ValidationError, yaml.YAMLError) as error:
        raise RulesError(f"{path.name}: {error}") from error
