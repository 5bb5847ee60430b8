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
COMPARISONS = ("england_value", "peer_median", "peer_percentile", "change_1y", "change_p_value")


@dataclass(frozen=True)
class Change:
    """One figure that differs: its key, and (old, new) by column; None on the side where the figure is absent."""

    kind: Literal["added", "removed", "changed"]
    key: dict[str, Any]
    values: dict[str, tuple[Any, Any]]


@dataclass(frozen=True)
class Difference:
    """Changed figures, how many others moved only in their comparisons, and input files that came and went."""

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
        with old as (
            select to_jsonb(t) as figure, row_to_json(t) as in_order from {old}.restricted_indicator_result as t
        ),
        new as (
            select to_jsonb(t) as figure, row_to_json(t) as in_order from {new}.restricted_indicator_result as t
        )
        select old.in_order, new.in_order
        from old
        full join new on {same_key}
        where old.figure is distinct from new.figure
        order by {order}
        """
    ).format(
        old=sql.Identifier(known[older].schema_name),
        new=sql.Identifier(known[newer].schema_name),
        same_key=sql.SQL(" and ").join(
            sql.SQL("old.figure -> {0} = new.figure -> {0}").format(sql.Literal(column)) for column in KEY
        ),
        order=sql.SQL(", ").join(
            sql.SQL("coalesce(new.figure ->> {0}, old.figure ->> {0})").format(sql.Literal(column)) for column in KEY
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
    return Difference(
        older=older,
        newer=newer,
        changes=tuple(change for change in changes if change is not None),
        comparisons_only=sum(change is None for change in changes),
        files_added=tuple(sorted(files[newer] - files[older])),
        files_removed=tuple(sorted(files[older] - files[newer])),
    )


def _change(before: dict[str, Any] | None, after: dict[str, Any] | None) -> Change | None:
    """The change of one figure; None where only its comparisons with others moved."""
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
    return Change("changed", key, values) if values else None
