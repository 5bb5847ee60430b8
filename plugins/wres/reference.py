"""The reference pages of ``docs/``, written from what the code itself reads, so that they cannot drift from it.

``rules.md`` from ``expectations/`` and the models' tests, ``data_dictionary.md`` from the models' YAML, ``sources.md`` from the
registry, ``commands.md`` from the command line itself. No server and no dbt are needed: YAML is read as it lies,
``{{ doc('…') }}`` is filled in from ``docs.md``.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import click
import yaml

from wres import registry, rules
from wres.registry import BenchmarkWorkbook, Delimited, Layout, Source, SurveyWorkbook
from wres.rules import Rule
from wres.settings import Settings

_NOTE = "<!-- Written by `make docs`; a test compares it. Change what it is written from, not this page. -->"
_EFFECTS = {
    "file": "rejects the file",
    "row": "sets the rows aside",
    "measure": "blocks the measure",
    "release": "blocks the release",
}


class PageError(RuntimeError):
    """A page cannot be written: a model names a description that does not exist."""


@dataclass(frozen=True)
class Elsewhere:
    """A rule that is code rather than data: what it refuses, and where it lives (path from the project's root)."""

    rule: str
    check: str
    home: str
    scope: str
    severity: str
    where: str


# Kept by hand, since these rules are code. A test compares the ids with those the readers and the loader name.
ELSEWHERE: tuple[Elsewhere, ...] = (
    Elsewhere(
        "F01",
        "the file is empty, has no rows, or is not what its name says: a web page, an archive, a PDF, no workbook",
        "reader",
        "file",
        "critical",
        "plugins/wres/readers/opening.py",
    ),
    Elsewhere(
        "F01",
        "the text file has a header but no data rows",
        "reader",
        "file",
        "critical",
        "plugins/wres/readers/delimited.py",
    ),
    Elsewhere(
        "F02",
        "the workbook is damaged, cut off in transfer, or takes more memory or time than `WRES_WORKBOOK_MEGABYTES` and"
        " `WRES_WORKBOOK_SECONDS` allow",
        "reader",
        "file",
        "critical",
        "plugins/wres/readers/opening.py",
    ),
    Elsewhere(
        "F02",
        "a line cannot be read as CSV (a quotation mark is open), or the header has more than 1,000 columns",
        "reader",
        "file",
        "critical",
        "plugins/wres/readers/delimited.py",
    ),
    Elsewhere(
        "F02",
        "a line of a text file has more than 20,000,000 characters",
        "reader",
        "file",
        "critical",
        "plugins/wres/readers/content.py",
    ),
    Elsewhere(
        "F02",
        "a sheet of the staff survey has more than 1,000 columns",
        "reader",
        "file",
        "critical",
        "plugins/wres/readers/survey_workbook.py",
    ),
    Elsewhere(
        "F02",
        "the packed file is damaged, cut off in transfer, or unpacks to more than 200 times its size",
        "reader",
        "file",
        "critical",
        "plugins/wres/readers/packed.py",
    ),
    Elsewhere(
        "F03",
        "the text is not UTF-8 (Windows-1252, NUL characters, UTF-16 without a mark)",
        "reader",
        "file",
        "critical",
        "plugins/wres/readers/content.py",
    ),
    Elsewhere(
        "F03",
        "the file begins with the mark of UTF-16",
        "reader",
        "file",
        "critical",
        "plugins/wres/readers/opening.py",
    ),
    Elsewhere(
        "F04",
        "the workbook is protected with a password",
        "reader",
        "file",
        "critical",
        "plugins/wres/readers/opening.py",
    ),
    Elsewhere(
        "F04",
        "the ZIP archive of a table is protected with a password",
        "reader",
        "file",
        "critical",
        "plugins/wres/readers/packed.py",
    ),
    Elsewhere(
        "F05",
        "neither content nor name nor `--period` nor the folder says which period the file is from, or in the wrong kind",
        "reader",
        "file",
        "critical",
        "plugins/wres/readers/content.py",
    ),
    Elsewhere(
        "F05",
        "a snapshot is not the last day of a quarter, a date lies before April 2014 or after 2099, or no row holds a date",
        "reader",
        "file",
        "critical",
        "plugins/wres/readers/delimited.py",
    ),
    Elsewhere(
        "F06",
        "a person takes an accepted file back (`wres withdraw`), and says why",
        "loader",
        "file",
        "critical",
        "plugins/wres/load.py",
    ),
    Elsewhere(
        "F07",
        "the file cannot be archived: it is a link, may not be read, changes meanwhile, or has a name that is no text; it"
        " stays where it is",
        "archive",
        "file",
        "critical",
        "plugins/wres/archive.py",
    ),
    Elsewhere(
        "F08",
        "lines of people who are to be forgotten (`wres forget`) are left out",
        "loader",
        "row",
        "warning",
        "plugins/wres/load.py",
    ),
    Elsewhere(
        "V12",
        "an organisation code holds a sign that no code has (a letter of another alphabet, one that nobody sees)",
        "reader",
        "file",
        "critical",
        "plugins/wres/readers/content.py",
    ),
    Elsewhere(
        "V11",
        "no registered layout of the source fits the file",
        "reader",
        "file",
        "critical",
        "plugins/wres/readers/__init__.py",
    ),
    Elsewhere(
        "V11",
        "a sheet, key, question or answer that the map of the year requires is missing, renamed, unknown or there twice",
        "reader",
        "file",
        "critical",
        "plugins/wres/readers/survey_workbook.py",
    ),
    Elsewhere(
        "V11",
        "a benchmarking group's sheet or a column of the four indicators is missing, renamed or there twice",
        "reader",
        "file",
        "critical",
        "plugins/wres/readers/benchmark_workbook.py",
    ),
    Elsewhere(
        "V11",
        "a header is missing, unknown or there twice, or a row has more or fewer fields than the layout",
        "reader",
        "file",
        "critical",
        "plugins/wres/readers/delimited.py",
    ),
    Elsewhere(
        "V11",
        "a sheet that nobody asks for, or one that may be missing, is not there: it is named and not read",
        "reader",
        "file",
        "warning",
        "plugins/wres/readers/benchmark_workbook.py",
    ),
    Elsewhere(
        "V32",
        "the survey year has no map, or a question number stands above another question's text",
        "reader",
        "file",
        "critical",
        "plugins/wres/readers/survey_workbook.py",
    ),
    Elsewhere(
        "V24",
        "more than 1 % of a file's rows would have to be set aside",
        "raw gate",
        "file",
        "critical",
        "plugins/wres/gate/loads.py",
    ),
    Elsewhere(
        "V31",
        "a change over time compares the same definition, denominator and vintage only",
        "model",
        "measure",
        "critical",
        "dbt_project/macros/indicators/indicator_result.sql",
    ),
    Elsewhere(
        "D01",
        "return and records of one organisation and year differ: listed with both values",
        "model",
        "measure",
        "info",
        "dbt_project/macros/quality/two_bases_finding.sql",
    ),
    Elsewhere(
        "V06",
        "records count more people in indicators 3 and 4 than there are staff: listed as an error",
        "model",
        "measure",
        "warning",
        "dbt_project/macros/quality/two_bases_finding.sql",
    ),
    Elsewhere(
        "V17",
        "White and BME of a year's survey indicators may be swapped, in a return too: listed",
        "model",
        "measure",
        "warning",
        "dbt_project/macros/quality/swapped_finding.sql",
    ),
    Elsewhere(
        "V20",
        "ethnicity is unknown for too many, or more than a year before: listed",
        "model",
        "measure",
        "warning",
        "dbt_project/macros/quality/completeness_finding.sql",
    ),
    Elsewhere(
        "V21",
        "a headcount jumps within a year without a merger: listed",
        "model",
        "measure",
        "warning",
        "dbt_project/macros/quality/jump_finding.sql",
    ),
    Elsewhere(
        "V22",
        "a band's BME percentage jumps within a year: listed",
        "model",
        "measure",
        "warning",
        "dbt_project/macros/quality/jump_finding.sql",
    ),
    Elsewhere(
        "V43",
        "a group's rate in 2, 3 or 4, or a percentage of 5 to 8 in a return, jumps within a year: listed",
        "model",
        "measure",
        "warning",
        "dbt_project/macros/quality/jump_finding.sql",
    ),
    Elsewhere(
        "V15",
        "a figure's ratio lies outside 0.1 to 10: listed",
        "model",
        "measure",
        "warning",
        "dbt_project/macros/quality/figure_finding.sql",
    ),
    Elsewhere(
        "V18",
        "the staff blocks of a return's appointments do not add up to all of them: listed",
        "model",
        "measure",
        "warning",
        "dbt_project/macros/quality/two_bases_finding.sql",
    ),
    Elsewhere(
        "V27",
        "harassment from staff is lower than from managers or colleagues alone, or higher than from both: listed",
        "model",
        "measure",
        "warning",
        "dbt_project/macros/quality/figure_finding.sql",
    ),
    Elsewhere(
        "V30",
        "another vintage said something else by more than a point: listed",
        "model",
        "measure",
        "info",
        "dbt_project/macros/quality/figure_finding.sql",
    ),
    Elsewhere(
        "V31",
        "a figure and that of the year before stand on different definitions, or come from different bases: listed",
        "model",
        "measure",
        "warning",
        "dbt_project/macros/quality/figure_finding.sql",
    ),
    Elsewhere(
        "V33",
        "an organisation with figures is unknown, closed or not in England: listed, and in no total",
        "model",
        "measure",
        "warning",
        "dbt_project/models/intermediate/quality/int_quality__organisation_finding.sql",
    ),
    Elsewhere(
        "V36",
        "a closed organisation has neither a successor nor a decision: listed",
        "model",
        "measure",
        "warning",
        "dbt_project/models/intermediate/quality/int_quality__organisation_finding.sql",
    ),
    Elsewhere(
        "V42",
        "an organisation has not submitted an indicator, or fewer than 98 % have: listed",
        "model",
        "measure",
        "warning",
        "dbt_project/macros/quality/figure_finding.sql",
    ),
    Elsewhere(
        "V44",
        "other bytes for the same contents are a new revision, and restate exactly what they contain",
        "loader",
        "file",
        "info",
        "plugins/wres/load.py",
    ),
    Elsewhere(
        "M01",
        "the same bytes are accepted once (unique index `load_accepted_once`)",
        "migration",
        "file",
        "critical",
        "plugins/wres/warehouse.sql",
    ),
    Elsewhere(
        "M02",
        "there is one current release (unique index `release_current`)",
        "migration",
        "release",
        "critical",
        "plugins/wres/warehouse.sql",
    ),
    Elsewhere(
        "M03",
        "a rule is signed off with a comment (check on `ops.acceptance`)",
        "migration",
        "release",
        "critical",
        "plugins/wres/warehouse.sql",
    ),
)

# The views of the migration: they show the bookkeeping, so no model describes them. Purpose, grain, then type and meaning
# of each column.
BOOKKEEPING: dict[str, tuple[str, str, dict[str, tuple[str, str]]]] = {
    "published.release": (
        "Every release there ever was.",
        "One row per release.",
        {
            "release_id": ("integer, never null", "Number of the release; its tables are in schema `release_NNNN`."),
            "published_at": ("timestamptz, never null", "When it was published."),
            "is_current": ("boolean, never null", "True for the one that `published` and `restricted` show."),
            "is_pinned": ("boolean, never null", "True when it is kept beyond retention."),
            "is_synthetic": ("boolean, never null", "True when it was built from synthetic files."),
            "code_revision": ("text, never null", "Fingerprint of models, rules and registry."),
            "fingerprint": (
                "text, never null",
                "Fingerprint of code and input files together: equal inputs give an equal release.",
            ),
            "is_queryable": ("boolean, never null", "False once its tables have been dropped."),
        },
    ),
    "published.release_input": (
        "What each release was built from.",
        "One row per release, load and period.",
        {
            "release_id": ("integer, never null", "Release."),
            "source": ("text, never null", "Registered source."),
            "source_table": ("text, never null", "Raw table that holds the file's rows."),
            "period": ("text, never null", "Period of the content: survey year, or year and month."),
            "revision": (
                "integer",
                "1 for the first accepted file with these contents, 2 for the first that restates it, and so on.",
            ),
            "file_name": ("text, never null", "Name of the file as it was sent."),
            "file_sha256": (
                "text, never null",
                "Hash of its bytes; the archive keeps it under the first twelve characters.",
            ),
            "disclosure_policy": ("text, never null", "Policy of the source at the time."),
            "organisations": (
                "integer, never null",
                "Organisations for which this load is the one in force (1 for files of reference data).",
            ),
            "unaudited_policy": (
                "text",
                "Policy at the time of what the audit does not read (`retention`, `promotion`, `time_in_band`,"
                " `pay_gap`): `hidden`, `already_public`, or `nhs_round5` for rounding alone; null in releases made before"
                " it was noted.",
            ),
        },
    ),
    "published.gate_result": (
        "What the gate found on the release and its files, and what a person signed off: counts and rules, never values.",
        "One row per release, rule and batch that it was put to.",
        {
            "release_id": ("integer, never null", "Release."),
            "gate": ("text, never null", "`raw` (one file) or `marts` (the candidate)."),
            "source": ("text", "Source of the file; null for the candidate."),
            "file_name": ("text", "File; null for the candidate."),
            "table_name": ("text, never null", "Table that was judged."),
            "rule_id": ("text, never null", "Rule (see rules.md)."),
            "severity": ("text, never null", "`critical`, `warning` or `info`."),
            "scope": ("text, never null", "What a failure costs: `file`, `row`, `measure` or `release`."),
            "success": ("boolean, never null", "Whether the rule holds."),
            "unexpected_count": (
                "bigint",
                "In how many places it does not; null for rows of a file about people, which may be as many people.",
            ),
            "message": ("text, never null", "What a failure means."),
            "judged_at": ("timestamptz, never null", "When it was judged."),
            "accepted_at": ("timestamptz", "When a person signed the rule off for this release; null otherwise."),
            "acceptance_comment": ("text", "Why it was signed off; null where it was not."),
        },
    ),
}


def pages(settings: Settings) -> dict[str, str]:
    """The pages by file name in ``docs/``, as text.

    Raises:
        PageError: a model refers to a description that does not exist.
        registry.RegistryError, rules.RulesError: the registry or the rules are not well-formed.
    """
    return {
        "rules.md": _rules(settings),
        "data_dictionary.md": _data_dictionary(settings),
        "sources.md": _sources(settings),
        "commands.md": _commands(),
    }


def write(settings: Settings) -> list[Path]:
    """Write the pages into ``docs/``; returns those that changed."""
    changed = []
    for name, text in pages(settings).items():
        path = settings.project / "docs" / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
            changed.append(path)
    return changed


# Rules ---------------------------------------------------------------------------------------------------------------


def _rules(settings: Settings) -> str:
    raw = [
        (source, suite.table, rule)
        for source, suite in ((name.split("__")[0], suite) for name, suite in rules.raw_suites(settings).items())
        for rule in suite.rules
    ]
    marts = [(suite.table, rule) for suite in rules.marts_suites(settings) for rule in suite.rules]
    homes: dict[str, list[str]] = {}
    for each in ELSEWHERE:
        homes.setdefault(each.rule, []).append(each.home)
    for source, _, rule in raw:
        homes.setdefault(rule.id, []).append(f"raw gate ({source})")
    for _, rule in marts:
        homes.setdefault(rule.id, []).append("marts gate")
    return _page(
        "Validation rules",
        "Which rule lives where. A rule is stated once for each thing it is put to; this page is read from those places.",
        "`V` numbers are the methodology's and stay with their meaning, so that gaps belong to feeds which are not read "
        "yet; `D` compares what one organisation says in two places, and is listed in `data_quality`; `F` is what makes a file "
        "unreadable; `G` and `M` (migration) guard the warehouse's own promises.",
        "**Scope** says what a failure costs. `critical` carries it out: "
        + "; ".join(f"`{scope}` {effect}" for scope, effect in _EFFECTS.items())
        + ". `warning` is a note in the report or beside the release; one marked *sign-off* blocks the release until "
        '`wres accept RULE --comment "…"`. `info` is only recorded. Readers report all problems of a file in one pass, and '
        "so does the gate; a file that a reader refuses does not reach the gate.",
        "## Index",
        _table(("Rule", "Lives in"), ((rule, ", ".join(sorted(set(homes[rule])))) for rule in sorted(homes))),
        "## Readers, loader, models, migration",
        _table(
            ("Rule", "Refuses, or sees to it that", "Home", "Scope", "Severity", "Where"),
            (
                (e.rule, e.check, e.home, e.scope, e.severity, f"[{Path(e.where).name}](../{e.where})")
                for e in sorted(ELSEWHERE, key=lambda e: e.rule)
            ),
        ),
        "## Raw gate",
        "Great Expectations puts these to every loaded file, before any of its rows counts.",
        *_gate_tables(
            ((source, f"`{table}`", rule) for source, table, rule in raw), "../expectations/raw/{}.yml", "Table"
        ),
        "## Marts gate",
        "Great Expectations puts these to the candidate, before it is published.",
        *_gate_tables(
            ((table, "", rule) for table, rule in marts),
            "../expectations/marts/{}.yml",
            None,
        ),
        "## dbt tests",
        "Keys, relations and logic of the models; a failing one stops the build, so that there is no candidate. "
        "Columns marked *never null* in the [data dictionary](data_dictionary.md) are guarded by the contract besides.",
        _table(("Model", "Must hold"), _dbt_tests(settings)),
    )


def _gate_tables(rows: Iterable[tuple[str, str, Rule]], path: str, second: str | None) -> Iterator[str]:
    """One table for each file of rules."""
    by_file: dict[str, list[tuple[str, Rule]]] = {}
    for file, table, rule in rows:
        by_file.setdefault(file, []).append((table, rule))
    for file, listed in sorted(by_file.items()):
        yield f"### [{file}]({path.format(file)})"
        yield _table(
            ("Rule", *((second,) if second else ()), "Fails when", "Scope", "Severity", "Why", "Since"),
            (
                (
                    rule.id,
                    *((table,) if second else ()),
                    rule.message,
                    rule.scope,
                    rule.severity + (", *sign-off*" if rule.sign_off else ""),
                    rule.reason,
                    rule.since.isoformat(),
                )
                for table, rule in sorted(listed, key=lambda pair: pair[1].id)
            ),
        )


def _dbt_tests(settings: Settings) -> Iterator[tuple[str, str]]:
    for _, model in _models(settings):
        held = [_test_in_words(test, None) for test in model.get("data_tests", ())]
        for column in model.get("columns", ()):
            held += [_test_in_words(test, column["name"]) for test in column.get("data_tests", ())]
        if held:
            yield f"`{model['name']}`", "; ".join(held)


def _test_in_words(test: str | dict[str, Any], column: str | None) -> str:
    name, body = (test, {}) if isinstance(test, str) else next(iter(test.items()))
    arguments = (body or {}).get("arguments", {})
    match name:
        case "unique_combination":
            return f"one row per {', '.join(arguments['columns'])}"
        case "expression_is_true":
            return f"`{arguments['expression']}`"
        case "accepted_values":
            return f"`{column}` is {' or '.join(f'`{value}`' for value in arguments['values'])}"
        case "never_null":
            return f"never null: {', '.join(arguments['columns'])}"
        case "unique":
            return f"`{column}` is unique"
        case "relationships":
            target = re.sub(r"ref\('(.+?)'\)", r"\1", str(arguments["to"]))
            return f"`{column}` is in `{target}.{arguments['field']}`"
        case _:
            return f"{name}" + (f" of `{column}`" if column else "")


# Data dictionary -----------------------------------------------------------------------------------------------------


def _data_dictionary(settings: Settings) -> str:
    texts = _doc_blocks(settings.dbt_project)
    tables: dict[str, list[tuple[str, dict[str, Any]]]] = {}
    indicators = []
    for path, model in _models(settings):
        if path.relative_to(settings.dbt_project / "models").parts[0] != "marts":
            continue
        base = model["name"].removeprefix("restricted_")
        schema = "restricted" if model["name"].startswith("restricted_") else "published"
        tables.setdefault(base, []).append((schema, model))
        if indicator := model.get("config", {}).get("meta", {}).get("indicator"):
            indicators.append(indicator)
    sections: list[str] = []
    for base in sorted(tables, key=lambda name: (name != "indicator_result", name)):
        twins = sorted(tables[base], key=lambda pair: pair[0])
        sections.append(f"## {base}")
        for schema, model in twins:
            purpose, grain = _purpose_and_grain(_resolved(model["description"], texts))
            sections.append(f"`{schema}.{base}`: {purpose}" + (f" **{grain}**" if grain else ""))
        first = _columns(twins[0][1], texts)
        sections.append(_table(("Column", "Type", "Meaning"), first))
        for schema, model in twins[1:]:
            if _columns(model, texts) != first:
                sections.append(f"In `{schema}`:")
                sections.append(_table(("Column", "Type", "Meaning"), _columns(model, texts)))
    for view, (purpose, grain, columns) in BOOKKEEPING.items():
        sections.append(f"## {view.split('.')[1]}")
        sections.append(f"`{view}`: {purpose} **{grain}**")
        rows = ((f"`{name}`", kind, text) for name, (kind, text) in columns.items())
        sections.append(_table(("Column", "Type", "Meaning"), rows))
    return _page(
        "Data dictionary",
        "What readers see. `published` holds what passed disclosure control, rounded, for everybody (`bi_reader`); "
        "`restricted` holds true values at full precision, for analysts. Both are views on the current release; an earlier "
        "release has the same tables in its own schema `release_NNNN`, the restricted ones with the prefix `restricted_`.",
        "Units are in the names: `_pct` runs from 0 to 100, `_points` are percentage points, `_count` and `_base` are people. "
        "A column may be added; none is removed or renamed.",
        "## Indicators",
        _table(
            ("Indicator", "WRES years", "Counted", "Out of", "Ratio", "Questions"),
            (
                (
                    f"{indicator['code']} {indicator['title']}",
                    f"{version['valid_from_year']} to {version['valid_to_year'] or 'today'}",
                    version["numerator"],
                    version["denominator_rule"],
                    version["ratio_direction"].replace("_over_", " ÷ ").replace("bme", "BME").replace("white", "White"),
                    version["question_codes"] or "",
                )
                for indicator in sorted(indicators, key=lambda one: one["code"])
                for version in indicator["versions"]
            ),
        ),
        "The same as a table to join: `published.indicator_definition`.",
        *sections,
    )


def _columns(model: dict[str, Any], texts: dict[str, str]) -> list[tuple[str, str, str]]:
    rows = []
    for column in model["columns"]:
        required = any(constraint["type"] == "not_null" for constraint in column.get("constraints", ()))
        kind = column.get("data_type", "") + (", never null" if required else "")
        rows.append((f"`{column['name']}`", kind, _resolved(column.get("description", ""), texts)))
    return rows


def _purpose_and_grain(description: str) -> tuple[str, str]:
    """A description without its sentence "One row per …", and that sentence."""
    found = re.search(r"One row per .+?\.(?= |$)", description)
    if found is None:
        return description, ""
    rest = f"{description[: found.start()].strip()} {description[found.end() :].strip()}"
    return rest.strip(), found[0]


def _resolved(text: str, texts: dict[str, str]) -> str:
    def block(found: re.Match[str]) -> str:
        if found[1] not in texts:
            raise PageError(f"There is no docs block {found[1]!r} in dbt_project/models.")
        return texts[found[1]]

    return " ".join(re.sub(r"\{\{\s*doc\(['\"](\w+)['\"]\)\s*\}\}", block, text).split())


def _doc_blocks(dbt_project: Path) -> dict[str, str]:
    """Texts of ``{% docs name %}`` blocks by name."""
    blocks = {}
    for path in sorted((dbt_project / "models").rglob("*.md")):
        for found in re.finditer(r"{%\s*docs (\w+)\s*%}(.*?){%\s*enddocs\s*%}", path.read_text(), re.DOTALL):
            blocks[found[1]] = " ".join(found[2].split())
    return blocks


def _models(settings: Settings) -> list[tuple[Path, dict[str, Any]]]:
    """Models with the file that describes them, in the order of the tree."""
    return _parsed(settings.dbt_project / "models")


@lru_cache(maxsize=4)
def _parsed(folder: Path) -> list[tuple[Path, dict[str, Any]]]:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return [
        (path, model)
        for path in sorted(folder.rglob("*.yml"))
        for model in (yaml.load(path.read_text(), Loader=loader) or {}).get("models", ())  # noqa: S506 - a safe loader
    ]


# Sources -------------------------------------------------------------------------------------------------------------


def _sources(settings: Settings) -> str:
    sections = []
    for source in registry.registry(settings).values():
        sections += _source(settings, source)
    return _page(
        "Sources",
        "What the warehouse reads, from its registry ([sources/](../sources)). A file belongs into "
        "`.wres/landing/<source>/`, or is named to `wres run --source SOURCE FILE`. Which layout it has is told by its "
        "content; names only break ties. Where neither content nor name says which period a file is from, `--period` does, or a "
        "folder named after it: `.wres/landing/organisations/2026-07/etr.csv`.",
        *sections,
    )


def _source(settings: Settings, source: Source) -> list[str]:
    disclosure = (
        f"`{source.disclosure.policy}`. {source.disclosure.reason}"
        if source.disclosure
        else "none: nothing is published"
    )
    if source.disclosure and source.disclosure.unaudited == "rounded":
        disclosure += " What the audit does not read is rounded."
    facts = [
        ("Publisher", source.publisher),
        ("Published at", f"<{source.published_at}>"),
        ("Feeds indicators", ", ".join(source.indicators) or "none (reference data)"),
        ("Owner", source.owner),
        ("Looked for", f"{_cron_in_words(source.schedule)} (UTC), and whenever a file is dropped"),
        ("Due", source.due.words() if source.due else "no fixed day"),
        ("Disclosure", disclosure),
        ("Lines about", _people_in_words(source)),
        ("Kept", f"{source.retention_days} days" if source.retention_days else "until somebody sets `retention_days`"),
        ("Visible to", ", ".join(f"`{role}`" for role in source.visible_to)),
        (
            "Markers",
            ", ".join(f"`{marker}` {status}" for marker, status in source.markers.items()) or "none: cells hold values",
        ),
        ("Header maps", _maps_in_words(settings, source)),
    ]
    result = [
        f"## {source.name}",
        f"{source.title}. {' '.join(source.description.split())}",
        _table(("", ""), facts),
        "### Layouts",
        _table(
            ("Layout", "Files", "Raw table", "Period from", "Shape"),
            (
                (
                    f"`{layout.name}`",
                    ", ".join(f"`{pattern}`" for pattern in layout.files),
                    f"`raw.{source.raw_table(layout)}`",
                    _period_in_words(layout),
                    _shape_in_words(layout),
                )
                for layout in source.layouts
            ),
        ),
    ]
    if any(isinstance(layout, SurveyWorkbook) for layout in source.layouts):
        result += ["### Questions by survey year", _question_table(settings, source)]
    for layout in source.layouts:
        if isinstance(layout, BenchmarkWorkbook):
            result += [
                f"### Sheets and columns of `{layout.name}`",
                "Columns: "
                + ", ".join(f"`{measure}` is indicator {code}" for measure, code in layout.measures.items())
                + ".",
                _table(
                    ("Benchmarking group", "Sheet's name matches", "May be missing"),
                    (
                        (sheet.group, f"`{sheet.pattern}`", "no" if sheet.required else f"yes: {sheet.reason}")
                        for sheet in layout.sheets
                    ),
                ),
            ]
    return result


def _question_table(settings: Settings, source: Source) -> str:
    spans: dict[tuple[int, int], dict[str, str]] = {}
    for row in registry.survey_map(settings.sources, source.name):
        if row.item:
            spans.setdefault((row.first_year, row.last_year), {})[row.item] = row.question
    items = list(dict.fromkeys(item for questions in spans.values() for item in questions))
    years = sorted(spans)
    return _table(
        ("Item", *(f"{first} to {last}" if first != last else str(first) for first, last in years)),
        ((f"`{item}`", *(spans[span].get(item, "") for span in years)) for item in items),
    )


def _people_in_words(source: Source) -> str:
    columns = {
        layout.person_column for layout in source.layouts if isinstance(layout, Delimited) and layout.person_column
    }
    return (
        f"single people, told apart by {', '.join(f'`{name}`' for name in sorted(columns))}"
        if columns
        else "nobody by themselves"
    )


def _maps_in_words(settings: Settings, source: Source) -> str:
    paths = sorted((settings.sources / "maps").glob(f"{source.name}*.csv"))
    return ", ".join(f"[{path.name}](../sources/maps/{path.name})" for path in paths) or "none"


def _period_in_words(layout: Layout) -> str:
    if layout.period.row_period == "own":
        return f"`{layout.period.column}`, row by row"
    if layout.period.origin == "name" and layout.period.column:
        newest = f"the quarter of the newest `{layout.period.column}`"
        return f"the file's name, else `--period`, else the folder's name, else {newest}"
    origin = {
        "title": "the title on the sheets",
        "column": f"newest `{layout.period.column}`",
        "name": "the file's name",
        "headers": "newest year in the headers",
    }[layout.period.origin]
    if layout.period.origin == "headers":
        return origin
    return (
        f"{origin}, else `--period`, else the folder's name"
        if layout.period.origin == "name"
        else f"{origin}, else the file's name, else `--period`, else the folder's name"
    )


def _shape_in_words(layout: Layout) -> str:
    if isinstance(layout, Delimited):
        sheet = f"; or a workbook's sheet `{layout.sheet}`" if layout.sheet else ""
        return f"{len(layout.columns)} columns, {'header in row 1' if layout.header else 'no header'}{sheet}"
    if isinstance(layout, BenchmarkWorkbook):
        return "workbook; header in row 1, a sheet per benchmarking group, a row per organisation"
    strict = f"; every header is checked in {', '.join(map(str, layout.strict_years))}" if layout.strict_years else ""
    return (
        f"workbook; surveys {layout.first_year} to {layout.last_year}, labels in row {layout.label_row}, "
        f"data from row {layout.first_data_row}{strict}"
    )


_MONTHS = "January February March April May June July August September October November December".split()
_WEEKDAYS = "Sundays Mondays Tuesdays Wednesdays Thursdays Fridays Saturdays".split()


def _cron_in_words(schedule: str) -> str:
    """A schedule of the simple kinds the registry uses; any other as it is written."""
    parts = schedule.split()
    if len(parts) != 5 or "*" in parts[:2]:
        return f"`{schedule}`"
    minute, hour, day, month, weekday = parts
    months = [part.split("-") for part in month.split(",") if month != "*"]
    plain = [part for part in (minute, hour, day, weekday) if part != "*"] + [part for span in months for part in span]
    if not all(part.isdigit() for part in plain):
        return f"`{schedule}`"
    words = [f"{int(hour):02d}:{int(minute):02d}"]
    words.append("every day" if (day, weekday) == ("*", "*") else "")
    if weekday != "*":
        words.append(_WEEKDAYS[int(weekday) % 7])
    if day != "*":
        words.append(f"on day {day} of the month" if month == "*" else f"on day {day}")
    if month != "*":
        *first, last = (" to ".join(_MONTHS[int(number) - 1] for number in span) for span in months)
        words.append(f"in {', '.join(first)} and {last}" if first else f"in {last}")
    return " ".join(filter(None, words))


# Commands ------------------------------------------------------------------------------------------------------------


def _commands() -> str:
    from wres.cli import main

    parts = [
        "Every command of `wres`, as its `--help` has it. The set-up installs it into `.venv/bin`. Where its state lies is in the"
        " environment: the variables are listed in the [README](../README.md#a-server-of-your-own).",
        "Exit codes: 0 done, or nothing to do; 1 a file was rejected; 2 wrong use; 3 the gate blocks; 4 something is broken; 130"
        " interrupted.",
    ]
    # Under the whole command's settings: a command remembers the spellings of its help by the first context it meets.
    whole = click.Context(main, info_name="wres", **main.context_settings)
    for name, command in sorted(main.commands.items()):
        context = click.Context(command, info_name=name, parent=whole)
        usage = command.get_usage(context).removeprefix("Usage: ")
        records = [each.get_help_record(context) for each in command.params if isinstance(each, click.Option)]
        options = [record for record in records if record]
        section = [f"## {name}", f"`{usage}`", inspect.cleandoc(command.help or "")]
        if options:
            section.append(_table(("Option", "Meaning"), [(f"`{option}`", meaning) for option, meaning in options]))
        parts.append("\n\n".join(section))
    return _page("Commands", *parts)


# Markdown ------------------------------------------------------------------------------------------------------------


def _page(title: str, *parts: str) -> str:
    return "\n\n".join((f"# {title}", _NOTE, *parts)) + "\n"


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(header)} |", "|" + "---|" * len(header)]
    lines += [f"| {' | '.join(_cell(cell) for cell in row)} |" for row in rows]
    return "\n".join(lines)


def _cell(text: str) -> str:
    return " ".join(str(text).split()).replace("|", "\\|")
