"""The registry of sources: one YAML per source in ``sources/``, header drift as data in ``sources/maps/``.

Unknown keys are refused, so that a misspelt setting is an error and not a silence.
"""

from __future__ import annotations

import calendar
import csv
import hashlib
import re
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from wres.settings import Settings, settings

PUBLIC = "already_public"
ROUNDING = "nhs_round5"
# The number is the k of the scheme.
DisclosurePolicy = Annotated[str, Field(pattern=rf"^({PUBLIC}|{ROUNDING}|suppress_below_([3-9]|[1-9][0-9]))$")]
MarkerStatus = Literal["suppressed_source", "missing", "not_applicable"]
# Which period the date of an Airflow backfill stands for: the one it lies in, or that of the year before.
Backfill = Literal["month", "quarter", "year", "previous_year"]
Role = Literal["bi_reader", "analyst"]


def _compiles(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"not a regular expression: {error}") from error
    return pattern


Pattern = Annotated[str, AfterValidator(_compiles)]


class RegistryError(RuntimeError):
    """A file of ``sources/`` is wrong; the message names the file and each problem in it."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Disclosure(_Strict):
    """How the counts of a source are controlled before anything of it is published, and why.

    ``unaudited`` is what becomes of what the audit does not read (``retention``, ``promotion``, ``time_in_band``, ``pay_gap``):
    it is not published, unless an organisation decides that rounding alone is enough.
    """

    policy: DisclosurePolicy
    reason: str = Field(min_length=10)
    unaudited: Literal["hidden", "rounded"] = "hidden"

    @model_validator(mode="after")
    def _round_what_is_to_be_rounded(self) -> Disclosure:
        if self.unaudited == "rounded" and self.policy != ROUNDING:
            raise ValueError(f"unaudited: rounded needs the policy {ROUNDING}; {self.policy} rounds nothing")
        return self

    @property
    def unaudited_policy(self) -> str:
        """The policy of counts that the audit does not read: rounding alone may protect them, where that is wanted."""
        return self.policy if self.policy == PUBLIC or self.unaudited == "rounded" else "hidden"


PERIOD = re.compile(r"20\d\d(-(0[1-9]|1[0-2]))?", re.ASCII)
# The first WRES year is that to March 2015: of what lies before, no figure is defined.
FIRST_DAY, FIRST_SURVEY = date(2014, 4, 1), 2014
QUARTER_MONTHS = frozenset({"03", "06", "09", "12"})


class Period(_Strict):
    """Where a file's period comes from: its title, a column, or its name; ``--period`` serves when it gives none.

    ``step`` says what a period is: a year (``2024``), a month (``2024-06``), or a quarter by its last month (``2024-06``).
    A column holds dates (ISO or DD/MM/YYYY, unless ``date_format`` names another form) where periods are months or
    quarters, else a year, alone or as ``pattern`` finds it in the cell. With ``row_period`` every raw row carries a period
    in ``_period``: its ``own``, so that one file may hold several, or the ``file``'s, which is that of its name and else of
    the newest date in ``column``. A row's own quarter is a snapshot: its date is the quarter's last day.
    """

    origin: Literal["title", "column", "name", "headers"]
    step: Literal["year", "month", "quarter"] = "year"
    row_period: Literal["own", "file"] | None = None
    pattern: Pattern | None = None
    column: str | None = None
    date_format: str | None = None

    @model_validator(mode="after")
    def _complete(self) -> Period:
        if self.origin == "column" and self.column is None:
            raise ValueError("origin: column needs the column's name")
        if self.origin in ("title", "name") and self.pattern is None:
            raise ValueError(f"origin: {self.origin} needs a pattern")
        if self.pattern is not None and "year" not in re.compile(self.pattern).groupindex:
            raise ValueError("the pattern needs a group named year")
        if self.row_period == "own" and self.origin != "column":
            raise ValueError("row_period: own needs origin: column")
        if self.date_format is not None and (self.column is None or self.step == "year"):
            raise ValueError("a date_format is that of a column of dates")
        return self

    def holds(self, period: str) -> bool:
        """Whether a text is a period of this kind."""
        if PERIOD.fullmatch(period) is None or ("-" in period) == (self.step == "year"):
            return False
        return self.step != "quarter" or period[-2:] in QUARTER_MONTHS


class Due(_Strict):
    """When a source's files are expected, and which period they are of then: yearly or quarterly.

    ``by`` is MM-DD, and ``lag_years`` 1 says that what is due in 2026 is the file of period 2025. ``days_after_quarter``
    counts from the last day of the quarter that the file is of.
    """

    by: str | None = Field(default=None, pattern=r"^(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$")
    lag_years: int = Field(default=0, ge=0, le=5)
    days_after_quarter: int | None = Field(default=None, ge=1, le=365)

    @model_validator(mode="after")
    def _one_kind(self) -> Due:
        if (self.by is None) == (self.days_after_quarter is None):
            raise ValueError("give either by, with lag_years, or days_after_quarter")
        return self

    def words(self) -> str:
        """When, for people and for ``ops.source``."""
        if self.days_after_quarter is not None:
            return f"{self.days_after_quarter} days after the end of the quarter"
        month, day = map(int, str(self.by).split("-"))
        lag = {0: "the same year", 1: "the year before"}.get(self.lag_years, f"{self.lag_years} years before")
        return f"by {day} {calendar.month_name[month]}, the period of {lag}"

    def newest(self, today: date) -> tuple[str, date]:
        """The newest period that was due before a day, and when: (``2025``, 31 March 2026) or (``2026-06``, 30 July 2026)."""
        if self.days_after_quarter is not None:
            end = last_quarter(today - timedelta(days=self.days_after_quarter + 1))
            return f"{end:%Y-%m}", end + timedelta(days=self.days_after_quarter)
        month, day = map(int, str(self.by).split("-"))
        due = date(today.year, month, day)
        if today <= due:
            due = due.replace(year=today.year - 1)
        return str(due.year - self.lag_years), due


def last_quarter(today: date) -> date:
    """The newest last day of March, June, September or December that is not after a day."""
    tomorrow = today + timedelta(days=1)
    return date(tomorrow.year, (tomorrow.month - 1) // 3 * 3 + 1, 1) - timedelta(days=1)


class _Layout(_Strict):
    name: str
    table: str
    files: tuple[str, ...] = ()
    period: Period
    organisation_column: str | None = None

    @property
    def one_content(self) -> bool:
        """Whether a file states its period as a whole (reference data) rather than organisation by organisation."""
        return self.organisation_column is None


class SurveyWorkbook(_Layout):
    """A detailed survey workbook: questions across, filled right over merged cells; a row per organisation or group.

    Row numbers are those of the spreadsheet (1-based). ``strict_years`` are the years whose map lists every question of
    every sheet, so that an unlisted header is an error; for others only the questions of the map are looked for.
    """

    reader: Literal["survey_workbook"]
    map: str
    first_year: int
    last_year: int
    strict_years: tuple[int, ...] = ()
    question_rows: tuple[int, ...]
    question_pattern: Pattern
    label_row: int
    unit_row: int | None = None
    first_data_row: int
    keys: dict[str, str]
    ignored_sheets: tuple[str, ...] = ()

    @property
    def raw_columns(self) -> tuple[str, ...]:
        return ("_column", "survey_year", *self.keys, "question", "label", "item", "answer", "value")


class BenchmarkSheet(_Strict):
    """One benchmarking group's sheet; ``required: false`` needs a reason, and its absence is a warning."""

    group: str
    pattern: Pattern
    required: bool = True
    reason: str | None = None

    @model_validator(mode="after")
    def _explained(self) -> BenchmarkSheet:
        if not self.required and not self.reason:
            raise ValueError("a sheet that may be missing needs a reason")
        return self


class BenchmarkWorkbook(_Layout):
    """A benchmark workbook: a sheet per benchmarking group, header in row 1, a column per measure, group and year."""

    reader: Literal["benchmark_workbook"]
    sheets: tuple[BenchmarkSheet, ...]
    column_pattern: Pattern
    measures: dict[str, str]
    ethnicity_groups: tuple[str, ...]
    ignored_sheets: tuple[str, ...] = ()

    @property
    def raw_columns(self) -> tuple[str, ...]:
        return (
            "_column",
            "vintage",
            "organisation_code",
            "header",
            "measure",
            "ethnicity_group",
            "survey_year",
            "value",
        )


class Delimited(_Layout):
    """A delimited text file, with a header (its own names, or matched through the source's map) or with columns by position.

    Where ``sheet`` is given, a workbook may hold the same table there, its header in row 1. ``person_column`` is what tells
    single people of an organisation apart, where there is a line for each: by it a person is found who is to be forgotten.
    """

    reader: Literal["delimited"]
    header: bool
    columns: tuple[str, ...]
    optional: tuple[str, ...] = ()
    person_column: str | None = None
    sheet: str | None = None
    ignored_sheets: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> Delimited:
        named = {*self.optional, *filter(None, (self.period.column, self.organisation_column, self.person_column))}
        if unknown := sorted(named - set(self.columns)):
            raise ValueError(f"not among the columns: {', '.join(unknown)}")
        if self.ignored_sheets and self.sheet is None:
            raise ValueError("ignored_sheets without a sheet that is read")
        if self.person_column and (self.organisation_column is None or self.sheet is not None):
            raise ValueError(
                "a person_column needs an organisation_column, and text: a person's cells cannot leave a workbook"
            )
        return self

    @property
    def raw_columns(self) -> tuple[str, ...]:
        return ("_period", *self.columns) if self.period.row_period else self.columns


Layout = Annotated[SurveyWorkbook | BenchmarkWorkbook | Delimited, Field(discriminator="reader")]


class Source(_Strict):
    """One source: what it is, when it comes, who may see it, how it is protected, and the layouts of its files."""

    source: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title: str
    publisher: str
    published_at: str
    description: str
    owner: str
    schedule: str
    due: Due | None = None
    backfill: Backfill
    indicators: tuple[str, ...] = ()
    disclosure: Disclosure | None = None
    visible_to: tuple[Role, ...]
    retention_days: int | None = None
    synthetic_marker: str = "SYNTHETIC"
    markers: dict[str, MarkerStatus] = Field(default_factory=dict)
    layouts: tuple[Layout, ...] = Field(min_length=1)

    @property
    def name(self) -> str:
        return self.source

    def raw_table(self, layout: Layout) -> str:
        """Name of the table of schema ``raw`` that a layout's rows land in."""
        return f"{self.source}__{layout.table}"

    def layout(self, name: str) -> Layout:
        return next(layout for layout in self.layouts if layout.name == name)


class MapRow(_Strict):
    """One question of a survey layout over a span of years, with the scale of its answers and the WRES item it serves."""

    layout: str
    first_year: int
    last_year: int
    sheet: str | None
    question: str
    scale: str
    item: str | None
    text_contains: str | None


class Scale(_Strict):
    """Answer labels of a question in printed order, each with the key the warehouse knows it by.

    A label may hold ``{question}``, for scores that are printed with the code of what they score.
    """

    labels: tuple[str, ...]
    answers: tuple[str, ...]

    def printed(self, question: str) -> dict[str, str]:
        """Answer key by label as printed for a question."""
        labels = (label.replace("{question}", question) for label in self.labels)
        return dict(zip(labels, self.answers, strict=True))


def registry(of: Settings | None = None) -> dict[str, Source]:
    """All sources by name.

    Raises:
        RegistryError: listing every problem of every file.
    """
    return _registry((of or settings()).sources)


@lru_cache(maxsize=8)
def _registry(folder: Path) -> dict[str, Source]:
    sources: dict[str, Source] = {}
    problems: list[str] = []
    for path in sorted(folder.glob("*.yml")):
        try:
            source = Source.model_validate(yaml.safe_load(path.read_text()))
        except (ValidationError, yaml.YAMLError) as error:
            problems.append(f"{path.name}: {error}")
            continue
        if source.source != path.stem:
            problems.append(f"{path.name}: the file is named after its source, but says source: {source.source}")
        sources[source.source] = source
    schemes: dict[str, list[str]] = {}
    for name, source in sources.items():
        if source.disclosure and source.disclosure.policy != PUBLIC:
            schemes.setdefault(source.disclosure.policy, []).append(name)
    if len(schemes) > 1:
        named = "; ".join(f"{policy}: {', '.join(names)}" for policy, names in schemes.items())
        problems.append(f"one release has one scheme of disclosure control, and these sources have several: {named}")
    if problems:
        raise RegistryError("\n".join(problems))
    if not sources:
        raise RegistryError(f"No source is registered in {folder}.")
    return sources


@lru_cache(maxsize=8)
def survey_map(folder: Path, source: str) -> tuple[MapRow, ...]:
    """Questions by layout and year from ``sources/maps/<source>.csv``."""
    rows = []
    for row in _read_csv(folder / "maps" / f"{source}.csv"):
        rows.append(MapRow.model_validate({key: value or None for key, value in row.items()}))
    return tuple(rows)


@lru_cache(maxsize=8)
def survey_scales(folder: Path, source: str) -> dict[str, Scale]:
    """Answer scales by name from ``sources/maps/<source>_scales.csv``."""
    collected: dict[str, list[dict[str, str]]] = {}
    for row in _read_csv(folder / "maps" / f"{source}_scales.csv"):
        collected.setdefault(row["scale"], []).append(row)
    return {
        name: Scale(
            labels=tuple(row["label"] for row in sorted(rows, key=lambda row: int(row["position"]))),
            answers=tuple(row["answer"] for row in sorted(rows, key=lambda row: int(row["position"]))),
        )
        for name, rows in collected.items()
    }


@lru_cache(maxsize=8)
def header_map(folder: Path, source: str) -> dict[tuple[str, str], str]:
    """Column by (layout, ``header_key`` of a header) from ``sources/maps/<source>.csv`` of a delimited source."""
    return {
        (row["layout"], header_key(row["header"])): row["column"]
        for row in _read_csv(folder / "maps" / f"{source}.csv")
    }


def header_key(header: str) -> str:
    """A header as it is compared: lower case, with white space, hyphens and underscores alike."""
    return re.sub(r"[\s_-]+", "_", header.strip().lower())


def digest(of: Settings) -> str:
    """Fingerprint of registry, maps, gate rules and the seeds they look labels up in.

    A file rejected under other rules, or for a label that has got a row since, deserves a second look.
    """
    running = hashlib.sha256()
    for folder in (of.sources, of.expectations, of.project / "dbt_project" / "seeds"):
        for path in sorted([*folder.rglob("*.yml"), *folder.rglob("*.csv")]):
            running.update(path.name.encode())
            running.update(path.read_bytes())
    return running.hexdigest()


def _read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))
