"""What changed between two releases: figures by key, apart from those that moved only because others did."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from psycopg import sql

from wres import publish, warehouse
from wres.settings import Settings

KEY = (
    "level",
    "org_code",
    "wres_year",
    "as_at",
    "period_kind",
    "indicator_code",
    "slice",
    "basis",
    "denominator",
    "scope",
    "aggregation",
    "organisation_basis",
)
# Columns that compare a figure with others: they move when any of the others does.
COMPARISONS = (
    "england_value",
    "peer_median",
    "peer_percentile",
    "change_1y",
    "change_1y_low",
    "change_1y_high",
    "change_p_value",
    "change_3y",
    "change_3y_low",
    "change_3y_high",
    "change_3y_p_value",
    "change_status",
    "change_3y_status",
    "change_reason",
)

# Columns that say how a figure is made, and what their change means.
_MADE_BY = {
    "definition_version": "computed on definition {after} instead of {before}",
    "source_vintage": "vintage {after} restates what vintage {before} said",
    "base_source": "bases are {after} instead of {before}",
    "is_headline": "another basis has become the headline one",
}


@dataclass(frozen=True)
class Change:
    """One figure that differs: its key, and (old, new) by column; None on the side where the figure is absent.

    Attributes:
        kind: what became of the figure.
        key: the columns that name it.
        values: by column, comparisons with other figures left out.
        because: why, where the figure itself says so: another definition, vintage, or source of bases.
    """

    kind: Literal["added", "removed", "changed"]
    key: dict[str, Any]
    values: dict[str, tuple[Any, Any]]
    because: str | None = None


@dataclass(frozen=True)
class Difference:
    """Changed figures, how many others moved only in their comparisons, and input files that came and went.

    A figure of today's organisations (``organisation_basis`` current) is left out where it changed as the reported one did.
    """

    older: int
    newer: int
    changes: tuple[Change, ...]
    comparisons_only: int
    files_added: tuple[str, ...]
    files_removed: tuple[str, ...]


def diff(settings: Settings, older: int, newer: int) -> Difference:
    """Compare the true figures of two releases that still have their tables.

    Raises:
        publish.UnknownReleaseError: a release does not exist or is beyond retention.
    """
    known = {release.release_id: release for release in publish.releases(settings)}
    for number in (older, newer):
        if number not in known or known[number].dropped_at is not None:
            raise publish.UnknownReleaseError(
                f"Release {number} does not exist or is beyond retention; see `wres releases`."
            )
    query = sql.SQL(
        """
        select row_to_json(old), row_to_json(new)
        from {old}.restricted_indicator_result as old
        full join {new}.restricted_indicator_result as new on {same_key}
        -- As text first, which is quick: a country has half a million figures, and few of them change.
        where old::text is distinct from new::text and to_jsonb(old) is distinct from to_jsonb(new)
        order by {order}
        """
    ).format(
        old=sql.Identifier(known[older].schema_name),
        new=sql.Identifier(known[newer].schema_name),
        same_key=sql.SQL(" and ").join(sql.SQL("old.{0} = new.{0}").format(sql.Identifier(column)) for column in KEY),
        order=sql.SQL(", ").join(
            sql.SQL("coalesce(new.{0}, old.{0})").format(sql.Identifier(column)) for column in KEY
        ),
    )
    with warehouse.connect(settings, "wres_publisher", autocommit=True) as connection:
        pairs = connection.execute(query).fetchall()
        files = {
            number: {
                f"{name} ({sha256[:12]})"
                for name, sha256 in connection.execute(
                    "select file_name, file_sha256 from ops.release_input where release_id = %s", [number]
                ).fetchall()
            }
            for number in (older, newer)
        }
    changes = [_change(before, after) for before, after in pairs]
    reported = {_figure(change): (change.kind, change.values) for change in changes if not _is_current(change.key)}
    return Difference(
        older=older,
        newer=newer,
        changes=tuple(
            change
            for change in changes
            if change.values
            and not (_is_current(change.key) and reported.get(_figure(change)) == (change.kind, change.values))
        ),
        comparisons_only=sum(not change.values and not _is_current(change.key) for change in changes),
        files_added=tuple(sorted(files[newer] - files[older])),
        files_removed=tuple(sorted(files[older] - files[newer])),
    )


def _is_current(key: dict[str, Any]) -> bool:
    return bool(key["organisation_basis"] == "current")


def _figure(change: Change) -> tuple[Any, ...]:
    """Which figure changed, whichever organisation basis it stands on."""
    return tuple(change.key[column] for column in KEY if column != "organisation_basis")


def _change(before: dict[str, Any] | None, after: dict[str, Any] | None) -> Change:
    """The change of one figure, without values where only its comparisons with others moved."""
    one = after or before or {}
    key = {column: one[column] for column in KEY}
    columns = [column for column in one if column not in KEY and column not in COMPARISONS]
    values = {
        column: (before and before.get(column), after and after.get(column))
        for column in columns
        if (before or {}).get(column) != (after or {}).get(column)
    }
    if before is None:
        return Change("added", key, values)
    if after is None:
        return Change("removed", key, values)
    return Change("changed", key, values, _because(values))


def _because(values: dict[str, tuple[Any, Any]]) -> str | None:
    """What changed about how the figure is made, in words; None where only what is counted has."""
    reasons = []
    for column, sentence in _MADE_BY.items():
        if column in values:
            before, after = values[column]
            reasons.append(sentence.format(before=before, after=after))
    return "; ".join(reasons) or None
