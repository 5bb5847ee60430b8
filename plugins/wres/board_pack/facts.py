"""What board packs say, read from ``published`` as ``bi_reader``: a dozen queries, for one organisation as for all of them."""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from psycopg import sql
from psycopg.rows import dict_row

from wres import publish, warehouse
from wres.settings import Settings

Row = dict[str, Any]

# The figure that stands for each indicator, in the order of the page.
HEADLINE = {
    "1": "all.band_8a_to_vsm",
    "2": "all",
    "3": "all",
    "4": "all",
    "5": "all",
    "6": "all",
    "7": "all",
    "8": "all",
    "9": "board.total",
    "DR": "all.lower_to_upper",
}
# The year and the three before it: a change over three years has four points.
YEARS = 4


class PackError(ValueError):
    """A pack cannot be made or written as it was asked for; the message says what there is."""


@dataclass(frozen=True)
class Facts:
    """All that one organisation's pack says, as rows of published tables.

    Attributes:
        organisation: row of ``organisation``.
        wres_year: year of the pack.
        release: row of ``release``.
        results: headline annual rows of ``indicator_result`` by (indicator, slice, WRES year).
        peers: rows of ``benchmark`` by (indicator, slice), among organisations of the same type.
        goals: rows of ``leadership_goal`` towards the share of the whole workforce.
        declared: rows of ``declaration_rate`` at 31 March.
        findings: rows of ``data_quality``.
        files: rows of ``submission`` with the hash that ``release_input`` has of each file.
        definitions: rows of ``indicator_definition`` in force in the year, by indicator.
        notes: what the release's own gate published with a note.
        labels: names of slices by (indicator, slice).
    """

    organisation: Row
    wres_year: int
    release: Row
    results: dict[tuple[str, str, int], Row]
    peers: dict[tuple[str, str], Row]
    goals: list[Row]
    declared: list[Row]
    findings: list[Row]
    files: list[Row]
    definitions: dict[str, Row]
    notes: list[Row]
    labels: dict[tuple[str, str], str]

    def result(self, indicator_code: str, slice_: str | None = None, year: int | None = None) -> Row | None:
        """A figure of the year (or another); by default the one that stands for its indicator."""
        return self.results.get((indicator_code, slice_ or HEADLINE[indicator_code], year or self.wres_year))


_OF_ORGANISATIONS = {
    "organisations": "select * from published.organisation where org_code = any(%(codes)s) order by org_code",
    # Of 2 and DR there are a hundred parts, of which a pack shows a few.
    "results": """
        select
            org_code, indicator_code, slice, wres_year, basis, denominator, white_count, white_base, bme_count, bme_base,
            unknown_count, workforce_white_count, workforce_bme_count, workforce_unknown_count, white_pct, bme_pct, unknown_pct,
            ratio, ratio_low, ratio_high, is_adjusted, gap_points, gap_low, gap_high, evidence, base_source, survey_year,
            change_1y, change_1y_low, change_1y_high, change_status, status, status_reason
        from published.indicator_result
        where level = 'organisation' and org_code = any(%(codes)s) and is_headline and period_kind = 'annual'
            and (
                wres_year between %(first_year)s and %(year)s
                and (indicator_code, slice) in (select * from unnest(%(indicators)s::text[], %(slices)s::text[]))
                or wres_year = %(year)s and (
                    indicator_code in ('1', '6', '9')
                    or indicator_code = '2'
                    and slice in ('clinical_non_medical', 'medical_dental', 'non_clinical', 'excluding_international')
                    or indicator_code = 'DR' and slice similar to '%%(lower_to_middle|middle_to_upper|lower_to_upper)'
                )
            )
    """,
    "peers": """
        select * from published.benchmark
        where org_code = any(%(codes)s) and wres_year = %(year)s and peer_set_kind = 'org_type'
        order by indicator_code, slice
    """,
    "goals": """
        select * from published.leadership_goal
        where level = 'organisation' and org_code = any(%(codes)s) and wres_year = %(year)s and target_basis = 'workforce_all'
            and scenario in ('own', '8', '12', '16') and growth_pct = 0
        order by slice, horizon_year, scenario = 'own' desc, turnover_pct
    """,
    "declared": """
        select * from published.declaration_rate
        where level = 'organisation' and org_code = any(%(codes)s) and wres_year = %(year)s and is_headline
            and as_at = make_date(%(year)s, 3, 31)
        order by population
    """,
    "findings": """
        select * from published.data_quality
        where org_code = any(%(codes)s) and wres_year = %(year)s
        order by array_position(array['error', 'warning', 'info'], severity), rule_id, indicator_code, slice, message
    """,
    "files": """
        select
            sent.org_code, sent.source, sent.period, sent.due_on, sent.status, sent.status_reason, sent.latest_received_on,
            coalesce(file.file_name, sent.file_name) as file_name, coalesce(file.revision, sent.revision) as revision,
            file.file_sha256
        from published.submission as sent
        left join published.release_input as file
            on sent.source = file.source and sent.period = file.period and file.release_id = %(release)s
            and position(', ' || file.file_name || ',' in ', ' || sent.file_name || ',') > 0
        where sent.org_code = any(%(codes)s) and sent.wres_year = %(year)s
        order by sent.source, sent.period, file_name
    """,
}
_OF_THE_RELEASE = {
    "definitions": """
        select distinct on (indicator_code) * from published.indicator_definition
        where %(year)s between valid_from_year and coalesce(valid_to_year, 9999) and denominator not in ('known_only', 'yes_no')
        order by indicator_code, definition_version desc
    """,
    "notes": """
        select rule_id, message, unexpected_count, accepted_at, acceptance_comment from published.gate_result
        where release_id = %(release)s and gate = 'marts' and not success and severity <> 'info'
        order by rule_id, message
    """,
    "labels": """
        select distinct indicator_code, slice, slice_label
        from (
            select '1' as indicator_code, slice, slice_label, level, wres_year, is_headline
            from published.indicator_1_representation
            union all
            select '2', slice, slice_label, level, wres_year, is_headline from published.indicator_2_appointment
            union all
            select '9', slice, slice_label, level, wres_year, is_headline from published.indicator_9_board
            union all
            select 'DR', slice, slice_label, level, wres_year, is_headline from published.disparity_ratio
        ) as named
        where level = 'england' and wres_year = %(year)s and is_headline
    """,
}
_VIEWS = (
    "release", "release_input", "gate_result", "organisation", "indicator_result", "benchmark", "leadership_goal",
    "declaration_rate", "data_quality", "submission", "indicator_definition", "indicator_1_representation",
    "indicator_2_appointment", "indicator_9_board", "disparity_ratio",
)  # fmt: skip
_FIGURES = """
    select distinct {what} from published.indicator_result
    where level = 'organisation' and is_headline and period_kind = 'annual' and status not in ('not_submitted', 'not_applicable')
"""


def read_facts(
    settings: Settings, wres_year: int, org_code: str | None, say: Callable[[str], None] = lambda text: None
) -> list[Facts]:
    """Read the facts of an organisation, or of all that have a figure of the year, in the order of their codes.

    Raises:
        PackError: no such organisation, or no figure of that year.
        publish.PublishError: nothing is published.
    """
    publish.queryable(settings)
    with warehouse.connect(settings, "bi_reader") as connection:
        cursor = connection.cursor(row_factory=dict_row)
        # Compiling these queries to machine code takes longer than answering them (measured: 18 s against 1 s).
        cursor.execute("set jit = off")
        # Held until the end of the transaction, so that no publish comes between two of the queries.
        for view in _VIEWS:
            cursor.execute(sql.SQL("select from published.{} limit 0").format(sql.Identifier(view)))
        release = cursor.execute("select * from published.release where is_current").fetchone()
        assert release is not None
        codes = _codes(cursor, wres_year, org_code)
        values = {
            "codes": codes,
            "year": wres_year,
            "first_year": wres_year - YEARS + 1,
            "indicators": list(HEADLINE),
            "slices": list(HEADLINE.values()),
            "release": release["release_id"],
        }
        found: dict[str, list[Row]] = {}
        for name, query in (_OF_ORGANISATIONS | _OF_THE_RELEASE).items():
            say(f"reading {name}")
            found[name] = cursor.execute(query, values).fetchall()
    by_code: dict[str, dict[str, list[Row]]] = {name: _grouped(found[name]) for name in _OF_ORGANISATIONS}
    definitions = {row["indicator_code"]: row for row in found["definitions"]}
    labels = {(row["indicator_code"], row["slice"]): row["slice_label"] for row in found["labels"]}
    return [
        Facts(
            organisation=by_code["organisations"].get(code, [_unknown(code)])[0],
            wres_year=wres_year,
            release=release,
            results={
                (row["indicator_code"], row["slice"], row["wres_year"]): row for row in by_code["results"].get(code, [])
            },
            peers={(row["indicator_code"], row["slice"]): row for row in by_code["peers"].get(code, [])},
            goals=by_code["goals"].get(code, []),
            declared=by_code["declared"].get(code, []),
            findings=by_code["findings"].get(code, []),
            files=by_code["files"].get(code, []),
            definitions=definitions,
            notes=found["notes"],
            labels=labels,
        )
        for code in codes
    ]


def _unknown(code: str) -> Row:
    """An organisation that sends figures and that no file of organisations names."""
    return {"org_code": code, "display_name": code, "org_type": None, "region_name": None}


def _grouped(rows: list[Row]) -> dict[str, list[Row]]:
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        groups[row["org_code"]].append(row)
    return groups


def _codes(cursor: Any, wres_year: int, asked: str | None) -> list[str]:
    """Codes to make packs of; for none, says which organisation or year there is instead."""
    code = asked.strip().upper() if asked else None
    values = {"year": wres_year, "code": code}
    whose = " and org_code = %(code)s" if asked else ""
    codes = cursor.execute(_FIGURES.format(what="org_code") + " and wres_year = %(year)s" + whose, values).fetchall()
    if codes:
        return sorted(row["org_code"] for row in codes)
    years = cursor.execute(_FIGURES.format(what="wres_year") + whose + " order by 1", values).fetchall()
    if years:
        have = ", ".join(str(row["wres_year"]) for row in years)
        raise PackError(f"{code or 'The release'} has no figures of WRES {wres_year}; it has those of {have}.")
    known = {
        row["org_code"]: row["display_name"]
        for row in cursor.execute(
            "select org_code, display_name from published.organisation order by display_name"
        ).fetchall()
    }
    if code in known or not asked:
        raise PackError(f"{code or 'The release'} has no figures of {'any year' if asked else 'organisations'}.")
    # People know the name of their trust, and seldom its code.
    named = [of for of, name in known.items() if len(asked) > 2 and asked.strip().casefold() in str(name).casefold()]
    near = named or difflib.get_close_matches(str(code), known, n=3)
    hint = (
        f" {'Of that name' if named else 'Near it'}: {'; '.join(f'{of} {known[of]}' for of in near[:8])}."
        if near
        else ""
    )
    raise PackError(f"The release knows no organisation {asked!r}.{hint} published.organisation lists them all.")
