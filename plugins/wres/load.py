"""Loading: archive, read, ``COPY`` into raw, and the state of each load until the raw gate has judged it.

A load is ``loading`` while its transaction runs, ``loaded`` when its rows are in raw, then ``accepted`` or ``rejected``.
One transaction a file: a killed load leaves nothing but its ``loading`` row, which the next run removes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import psycopg
from psycopg import sql

from wres import archive, forget, outcome, registry, report, warehouse
from wres.problems import FileRejected, Problem
from wres.readers import Batch, read
from wres.registry import Source
from wres.settings import Settings

# Provenance, in the order in which a batch gives it; what all rows of a load have is in ``ops.load``.
_COPIED = ("_row_number", "_load_id", "_sheet")
# Counts the shapes that raw tables have had: another one is given to those that are there.
_SHAPE = 4
_DDL_LOCK = 0x57524555
_IGNORED_SUFFIXES = {".md", ".txt", ".tmp", ".part", ".crdownload"}
_IGNORED_NAMES = {"thumbs.db", "desktop.ini"}

State = Literal["known", "loaded", "rejected"]


class UnknownLoadError(ValueError):
    """A load that does not exist, or is not in the state that is asked for."""


class UnknownSourceError(ValueError):
    """A path from which the source cannot be told."""


@dataclass(frozen=True)
class Found:
    """A file waiting in a landing folder."""

    source: str
    path: Path
    sha256: str


@dataclass(frozen=True)
class Loaded:
    """What became of one file: ``known`` (accepted before, or now with another load), ``loaded`` or ``rejected``.

    ``remark`` says what a person should know of a known file: that it is superseded, or in force for another period. A file
    that could not be archived has no load, and its ``problems`` here.
    """

    path: Path
    source: str
    state: State
    load_id: int | None
    rows: int = 0
    remark: str = ""
    problems: tuple[Problem, ...] = ()


def feed_files(settings: Settings, paths: Iterable[Path], source: str | None = None) -> list[tuple[str, Path]]:
    """The files under the given paths with their sources: ``DIR/<source>/…`` gives the source, else ``source`` does.

    Hidden files, what office programs and Windows leave behind and notes (``.md``, ``.txt``) are no feeds; nor is what
    lies outside every source's folder when a whole folder is given. A link in a folder is listed, for the archive to refuse.

    Raises:
        FileNotFoundError: a path that does not exist.
        UnknownSourceError: a single file of which the source cannot be told, or a source that is not registered.
    """
    known = registry.registry(settings)
    if source is not None and source not in known:
        raise UnknownSourceError(f"There is no source {source!r}. Registered: {', '.join(sorted(known))}.")
    found = []
    for given in paths:
        path = given.resolve()
        if not path.exists():
            raise FileNotFoundError(f"{given} does not exist.")
        for file in [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file() or p.is_symlink()):
            hidden = any(part.startswith((".", "~$")) for part in file.relative_to(path.parent).parts)
            no_feed = hidden or file.suffix.lower() in _IGNORED_SUFFIXES or file.name.lower() in _IGNORED_NAMES
            if path.is_dir() and no_feed:
                continue
            of = source or next((part for part in reversed(file.parent.parts) if part in known), None)
            if of is not None:
                found.append((of, file))
            elif path.is_file():
                raise UnknownSourceError(
                    f"{given}: say which source it is with --source ({', '.join(sorted(known))}), "
                    "or put it into a folder named after its source."
                )
    return found


def discover(settings: Settings, source: str | None = None) -> list[Found]:
    """Files in the landing folder that are new, or were rejected under other rules than today's.

    A name may hold the period, and so may the folder: the same bytes under another name, or in a folder named after a
    period where none was found before, deserve a second look. What a person has withdrawn comes back by command only.
    """
    sources = [source] if source else sorted(registry.registry(settings))
    today = registry.digest(settings)
    with warehouse.connect(settings, "wres_loader", autocommit=True) as connection:
        found: list[Found] = []
        for name in sources:
            folder = settings.landing / name
            for of, path in feed_files(settings, [folder]) if folder.is_dir() else ():
                if archive.obstacle(path):
                    continue
                sha256 = archive.sha256_of(path)
                judged = connection.execute(
                    """
                    select 1 from ops.load
                    where file_sha256 = %(sha256)s and source = %(source)s and (
                        state = 'accepted'
                        or problems @> '[{"rule": "F06"}]'
                        or (
                            state = 'rejected' and registry_digest = %(today)s and file_name = %(name)s
                            and not (%(has_period)s and problems @> '[{"rule": "F05"}]')
                        )
                    )
                    """,
                    {
                        "sha256": sha256,
                        "source": of,
                        "today": today,
                        "name": archive.kept_name(path),
                        "has_period": _folder_period(path) is not None,
                    },
                ).fetchone()
                if judged is None and sha256 not in {other.sha256 for other in found}:
                    found.append(Found(of, path, sha256))
        return found


def obstructed(settings: Settings, source: str | None = None) -> list[tuple[str, Path, Problem]]:
    """Files in the landing folder that cannot be archived, by source, and why; they stay until somebody mends that."""
    folders = [settings.landing / name for name in ([source] if source else sorted(registry.registry(settings)))]
    files = feed_files(settings, [folder for folder in folders if folder.is_dir()])
    return [(of, path, problem) for of, path in files if (problem := archive.obstacle(path))]


def load_files(settings: Settings, source: str, paths: Sequence[str | Path], period: str | None = None) -> list[int]:
    """Load files of one source; returns the ids of the loads that the gate has to judge or report (not the known ones)."""
    archive.sweep(settings)
    loads = (load_file(settings, source, Path(path), period) for path in paths)
    return [loaded.load_id for loaded in loads if loaded.load_id is not None and loaded.state != "known"]


def load_file(settings: Settings, source: str, path: Path, period: str | None = None) -> Loaded:
    """Archive one file, read it and copy its rows into raw, all or nothing.

    Args:
        settings: the warehouse.
        source: name of a registered source.
        path: the file as it was dropped.
        period: fallback when neither content nor name gives the period; else a folder named after it does
            (``landing/organisations/2026-07/etr.csv``).
    """
    period = period or _folder_period(path)
    of = registry.registry(settings)[source]
    name = archive.kept_name(path)
    try:
        archived = archive.archive(settings, source, path)
    except FileRejected as refusal:
        return Loaded(path, source, "rejected", None, problems=refusal.problems)
    with warehouse.connect(settings, "wres_loader", autocommit=True) as connection:
        sync_registry(settings, connection)
        # Held by the session: a dead process frees it, so that whoever gets it may clean up after the dead one.
        connection.execute("select pg_advisory_lock(%s)", [_file_lock(archived.sha256)])
        connection.execute("delete from ops.load where file_sha256 = %s and state = 'loading'", [archived.sha256])
        earlier = connection.execute(
            "select load_id, state from ops.load"
            " where file_sha256 = %s and source = %s and state in ('accepted', 'loaded') order by load_id desc",
            [archived.sha256, source],
        ).fetchone()
        if earlier:
            if earlier[1] == "loaded":
                return Loaded(path, source, "loaded", earlier[0])
            return Loaded(path, source, "known", earlier[0], remark=_remark(connection, earlier[0], period))
        with outcome.step(connection, "load", source=source) as recorded:
            load_id = _register(settings, connection, of, archived, name)
            try:
                batch = _copy(settings, connection, of, archived, load_id, name, period)
            except FileRejected as rejection:
                reject(settings, connection, load_id, rejection.problems)
                rules = "; ".join(f"{problem.rule} {problem.message}" for problem in rejection.problems)
                recorded.status, recorded.message = "failed", f"{name}: {rules}"[:500]
                return Loaded(path, source, "rejected", load_id)
            recorded.rows_out, recorded.message = batch.count, f"{name}: {batch.layout.name} {batch.period}"
            return Loaded(path, source, "loaded", load_id, batch.count)


def accept(connection: psycopg.Connection, load_id: int, problems: Sequence[Problem], rows_rejected: int = 0) -> None:
    """Make a loaded batch current; its revision counts the accepted loads that it restates at least in part."""
    connection.execute(
        """
        update ops.load as l
        set state = 'accepted', finished_at = clock_timestamp(), problems = %(problems)s, rows_rejected = %(rejected)s,
            revision = 1 + coalesce((
                select max(earlier.revision)
                from ops.load as earlier
                inner join ops.load_content as theirs on earlier.load_id = theirs.load_id
                inner join ops.load_content as ours
                    on (theirs.source_table, theirs.period, theirs.org_code)
                    = (ours.source_table, ours.period, ours.org_code)
                where ours.load_id = l.load_id and earlier.state = 'accepted'
                    and earlier.is_synthetic = l.is_synthetic
            ), 0)
        where l.load_id = %(load_id)s and l.state = 'loaded'
        """,
        {"problems": _json(problems), "rejected": rows_rejected, "load_id": load_id},
    )


def _folder_period(path: Path) -> str | None:
    """The period that a file's folder is named after, or the folder above it (as in the archive)."""
    names = (path.parent.name, path.parent.parent.name)
    return next((name for name in names if registry.PERIOD.fullmatch(name)), None)


def withdraw(settings: Settings, load_id: int, comment: str) -> str:
    """Take an accepted load back: its rows leave raw, and what it had superseded is in force again.

    The bytes stay in the archive, and may be loaded again (under another period, say). Returns the file's name.

    Raises:
        UnknownLoadError: there is no accepted load of that number.
    """
    with warehouse.connect(settings, "wres_loader", autocommit=True) as connection:
        row = connection.execute(
            "select file_name from ops.load where load_id = %s and state = 'accepted'", [load_id]
        ).fetchone()
        if row is None:
            raise UnknownLoadError(f"There is no accepted load {load_id}; `wres status` shows the numbers.")
        with outcome.step(connection, "withdraw") as recorded:
            reject(
                settings,
                connection,
                load_id,
                [
                    Problem(
                        rule="F06",
                        scope="file",
                        message=f"withdrawn by a person: {comment}",
                        action="Nothing; load a file for the same contents if there is a better one.",
                    )
                ],
            )
            recorded.message = f"load {load_id}: {row[0]}"
        return str(row[0])


def _remark(connection: psycopg.Connection, load_id: int, period: str | None) -> str:
    in_force = connection.execute("select period from ops.load where load_id = %s", [load_id]).fetchone()
    if period and in_force and in_force[0] != period:
        return f"in force for period {in_force[0]}, not {period}; to change that: wres withdraw {load_id}, then load it again"
    newer = connection.execute(
        "select distinct l.load_id, l.file_name from ops.load_content as ours"
        " inner join ops.load_content as theirs on (ours.source_table, ours.period, ours.org_code)"
        " = (theirs.source_table, theirs.period, theirs.org_code)"
        " inner join ops.load as l on theirs.load_id = l.load_id"
        " where ours.load_id = %(load_id)s and theirs.load_id > %(load_id)s and l.state = 'accepted'"
        " order by l.load_id desc limit 1",
        {"load_id": load_id},
    ).fetchone()
    if newer is None:
        return ""
    return f"superseded by load {newer[0]} ('{newer[1]}'); to take that one back: wres withdraw {newer[0]}"


def reject(settings: Settings, connection: psycopg.Connection, load_id: int, problems: Sequence[Problem]) -> None:
    """Refuse a load: its raw rows go, the archived file and the report stay."""
    name, sha256, source, table = connection.execute(
        "select file_name, file_sha256, source, source_table from ops.load where load_id = %s",
        [load_id],
    ).fetchone()  # type: ignore[misc]
    path = report.write(settings, source, sha256, name, problems)
    with connection.transaction():
        if table:
            connection.execute(
                sql.SQL("delete from raw.{} where _load_id = %s").format(sql.Identifier(table)), [load_id]
            )
        connection.execute("delete from ops.load_content where load_id = %s", [load_id])
        connection.execute(
            "update ops.load set state = 'rejected', finished_at = clock_timestamp(), problems = %s, report = %s"
            " where load_id = %s",
            [_json(problems), str(path.relative_to(settings.home)), load_id],
        )


def _register(
    settings: Settings, connection: psycopg.Connection, of: Source, archived: archive.Archived, name: str
) -> int:
    with connection.transaction():
        connection.execute(
            "insert into ops.file (sha256, source, name, bytes, archived_as) values (%s, %s, %s, %s, %s)"
            " on conflict (sha256) do nothing",
            [
                archived.sha256,
                of.name,
                archived.name,
                archived.bytes,
                str(archived.path.relative_to(settings.home)),
            ],
        )
        row = connection.execute(
            "insert into ops.load (file_sha256, file_name, source, state, registry_digest)"
            " values (%s, %s, %s, 'loading', %s)"
            " returning load_id",
            [archived.sha256, name, of.name, registry.digest(settings)],
        ).fetchone()
    return int(row[0])  # type: ignore[index]


def _copy(
    settings: Settings,
    connection: psycopg.Connection,
    of: Source,
    archived: archive.Archived,
    load_id: int,
    name: str,
    period: str | None,
) -> Batch:
    batch = read(settings, of, archived.path, name, period)
    table = of.raw_table(batch.layout)
    columns = sql.SQL(", ").join(map(sql.Identifier, (*_COPIED, *batch.columns)))
    statement = sql.SQL("copy raw.{} ({}) from stdin (format csv)").format(sql.Identifier(table), columns)
    synthetic = batch.is_synthetic
    # What the reader refuses on the way undoes the rows that went before.
    with connection.transaction():
        with connection.cursor() as cursor, cursor.copy(statement) as copy:
            for block in _read_ahead(batch.blocks(str(load_id))):
                copy.write(block)
                synthetic = synthetic or of.synthetic_marker in block
        if batch.unstamped:
            connection.execute(
                sql.SQL("update raw.{} set _period = %s where _load_id = %s and _period is null").format(
                    sql.Identifier(table)
                ),
                [batch.period, load_id],
            )
        forgotten = forget.leave_out(settings, connection, of, batch.layout, load_id, archived.path)
        warnings = [*batch.warnings, *([_left_out(forgotten)] if forgotten else ())]
        connection.cursor().executemany(
            "insert into ops.load_content (load_id, source_table, period, org_code) values (%s, %s, %s, %s)",
            [(load_id, table, *content) for content in sorted(batch.contents)],
        )
        path = archive.settle(settings, of.name, archived, batch.period)
        connection.execute(
            "update ops.file set archived_as = %s, is_synthetic = %s where sha256 = %s",
            [str(path.relative_to(settings.home)), synthetic, archived.sha256],
        )
        connection.execute(
            "update ops.load set state = 'loaded', layout = %s, source_table = %s, period = %s, rows_loaded = %s,"
            " is_synthetic = %s, problems = %s where load_id = %s",
            [batch.layout.name, table, batch.period, batch.count - forgotten, synthetic, _json(warnings), load_id],
        )
    return batch


def _read_ahead(blocks: Iterator[str]) -> Iterator[str]:
    """Blocks as they come, the next one read while the server has the last: neither waits for the other."""
    with ThreadPoolExecutor(1, "reader") as reader:
        coming = reader.submit(next, blocks, None)
        while (block := coming.result()) is not None:
            coming = reader.submit(next, blocks, None)
            yield block


def _left_out(rows: int) -> Problem:
    return Problem(
        rule="F08",
        scope="row",
        message="people who asked to be forgotten (`wres forget`) are in the file; their lines were left out",
        action="Nothing; leave them out of the next file too.",
        count=rows,
        severity="warning",
    )


def ranges_index(table: str) -> str:
    """Name of the index by which the rows of a load are found in a raw table."""
    return f"{table}__load_id_ranges"


def _create_raw_table(connection: psycopg.Connection, table: str, columns: Sequence[str]) -> None:
    """Make the raw table, or widen it by columns that are new to it; never narrow it.

    The rows of a load lie together, so that an index of block ranges finds them: it costs ``COPY`` nothing, where a B-tree
    costs a fifth of its time.
    """
    names = {"table": sql.Identifier(table), "tree": sql.Identifier("raw", f"{table}__load_id")}
    connection.execute(
        sql.SQL(
            "create table if not exists raw.{table} (_load_id bigint not null, _sheet text, _row_number integer not null);"
            " drop index if exists {tree};"
            " create index if not exists {ranges} on raw.{table} using brin (_load_id)"
            " with (pages_per_range = 16, autosummarize = on)"
        ).format(**names, ranges=sql.Identifier(ranges_index(table)))
    )
    # A table made before 28 November 2026 has the file's hash in each row. Models stand on the column: it stays, and stays empty.
    if connection.execute(
        "select 1 from pg_attribute where attrelid = %s::regclass and attname = '_file_sha256'", [f"raw.{table}"]
    ).fetchone():
        connection.execute(
            sql.SQL(
                "alter table raw.{} alter column _file_sha256 drop not null, alter column _file_sha256 drop default"
            ).format(sql.Identifier(table))
        )
    for column in columns:
        connection.execute(
            sql.SQL("alter table raw.{} add column if not exists {} text").format(
                sql.Identifier(table), sql.Identifier(column)
            )
        )


def sync_registry(settings: Settings, connection: psycopg.Connection) -> None:
    """Keep ``ops.source``, ``ops.marker`` and the raw tables equal to the registry; a no-op while it is unchanged."""
    state = f"registry {registry.digest(settings)} {_SHAPE}"
    with connection.transaction():
        connection.execute("select pg_advisory_xact_lock(%s)", [_DDL_LOCK])
        if connection.execute("select 1 from ops.migration where digest = %s", [state]).fetchone():
            return
        connection.execute("delete from ops.migration where digest like 'registry %'")
        connection.execute("insert into ops.migration (digest) values (%s)", [state])
        for of in registry.registry(settings).values():
            for layout in of.layouts:
                _create_raw_table(connection, of.raw_table(layout), layout.raw_columns)
            values = {
                "source": of.name,
                "title": of.title,
                "publisher": of.publisher,
                "published_at": of.published_at,
                "schedule": of.schedule,
                "due": of.due.words() if of.due else None,
                "due_by": of.due.by if of.due else None,
                "due_lag_years": of.due.lag_years if of.due else None,
                "due_days_after_quarter": of.due.days_after_quarter if of.due else None,
                "indicators": list(of.indicators),
                "disclosure_policy": of.disclosure.policy if of.disclosure else None,
                "unaudited_policy": of.disclosure.unaudited_policy if of.disclosure else None,
                "disclosure_reason": of.disclosure.reason if of.disclosure else None,
                "visible_to": list(of.visible_to),
                "retention_days": of.retention_days,
            }
            names = sql.SQL(", ").join(map(sql.Identifier, values))
            places = sql.SQL(", ").join(map(sql.Placeholder, values))
            connection.execute(
                sql.SQL(
                    "insert into ops.source ({names}) values ({places})"
                    " on conflict (source) do update set ({names}) = row({places})"
                ).format(names=names, places=places),
                values,
            )
            connection.execute("delete from ops.marker where source = %s", [of.name])
            connection.cursor().executemany(
                "insert into ops.marker (source, marker, status) values (%s, %s, %s)",
                [(of.name, marker, status) for marker, status in of.markers.items()],
            )


def _file_lock(sha256: str) -> int:
    """A signed 64-bit key for an advisory lock on a file's bytes."""
    return int.from_bytes(hashlib.sha256(sha256.encode()).digest()[:8], "big", signed=True)


def _json(problems: Sequence[Problem]) -> str:
    return json.dumps([problem.as_dict() for problem in problems])
