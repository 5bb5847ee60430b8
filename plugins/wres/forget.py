"""Forgetting a person: their rows leave the warehouse, and do not come back with any file or backup.

What remains is a keyed hash per organisation (a tombstone), in ``ops.forgotten`` and, since a database may be restored from a
backup, in ``forgotten.txt`` beside the credentials that hold the key. A person is known by the identifier under which an
organisation has sent them: the same identifier at another organisation may be somebody else.
"""

from __future__ import annotations

import csv
import hmac
import io
import mmap
import os
import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO, cast

import psycopg
from psycopg import sql
from psycopg.types.json import Json

from wres import archive, credentials, outcome, registry, report, warehouse
from wres.problems import FileRejected, Problem
from wres.readers import read
from wres.readers.packed import GZIP, ZIP, unpacked
from wres.registry import Delimited, Source
from wres.settings import Settings

_ERASED = "(forgotten)"
_NOBODY = {"", "nil_return"}


class UnknownPersonError(ValueError):
    """Nothing that is held names this person."""


class AmbiguousPersonError(ValueError):
    """An identifier under which more than one person may be held; the message says how to tell them apart."""


@dataclass(frozen=True)
class _Table:
    """A raw table with lines about single people."""

    source: Source
    layout: Delimited

    @property
    def name(self) -> str:
        return self.source.raw_table(self.layout)

    @property
    def person(self) -> str:
        return str(self.layout.person_column)

    @property
    def organisation(self) -> str:
        return str(self.layout.organisation_column)


@dataclass(frozen=True, order=True)
class _Person:
    """Whom a line is about: the column that says so, organisation and identifier, both trimmed."""

    column: str
    org_code: str
    identifier: str


@dataclass(frozen=True)
class Forgotten:
    """What ``forget`` has removed.

    Attributes:
        rows: number of rows by table.
        rewritten: names of archived files that are kept without the person's lines.
        deleted: names of archived files, rejected ones, that are kept no more.
        reports: how many reports, and logs, quoted the identifier and no longer do.
        landing: files in the landing folder that hold it still, for a person to delete.
        again: whether the person had been forgotten before.
    """

    rows: dict[str, int]
    rewritten: tuple[str, ...]
    deleted: tuple[str, ...]
    reports: int
    landing: tuple[Path, ...]
    again: bool


def forget(
    settings: Settings,
    identifier: str,
    *,
    org_codes: Collection[str] = (),
    sources: Collection[str] = (),
    comment: str = "",
    wait_seconds: float = 600,
    waiting: Callable[[], None] = lambda: None,
) -> Forgotten:
    """Erase a person from raw, rejects, archive, reports and logs, and keep them out from now on. Repeatable.

    What the builds have made of their rows (staging to marts) goes with the next one, which counts everything afresh.

    Args:
        settings: the warehouse.
        identifier: as it stands in the files.
        org_codes: organisations whose person is meant; by default the one that has sent the identifier.
        sources: sources to look in; by default all with lines about people.
        comment: why, or for whom (never the identifier); kept with the tombstone.
        wait_seconds: how long to wait for a build to end.
        waiting: is called when it has to wait.

    Raises:
        UnknownPersonError: nothing names the person, and they have not been forgotten before.
        AmbiguousPersonError: more than one organisation, or kind of identifier, has it.
        warehouse.WriterBusyError: a build holds the warehouse.
    """
    identifier, wanted = identifier.strip(), {code.strip() for code in org_codes}
    if identifier.lower() in _NOBODY:
        raise UnknownPersonError(f"{identifier!r} is nobody's identifier.")
    tables = _tables(settings, sources)
    with (
        warehouse.writer(settings, wait_seconds=wait_seconds, waiting=waiting),
        warehouse.connect(settings, "wres_loader", autocommit=True) as connection,
    ):
        held = _held(connection, tables, identifier)
        people = {person for person in held if not wanted or person.org_code in wanted}
        _only_one(identifier, held, people, wanted, bool(sources))
        before, key = _tombstones(connection), _key(settings)
        asked = people or _candidates(connection, tables, identifier, wanted)
        known = {person for person in asked if _digest(key, person) in before}
        if not people and not known:
            in_files = _unread_files(settings, connection, tables, identifier)
            if not in_files or not wanted:
                raise UnknownPersonError(_nowhere(identifier, tables, in_files))
            known = asked
        people = people or known
        with outcome.step(connection, "forget") as recorded:
            _remember(settings, connection, {_digest(key, person): comment for person in people})
            done = _erase(settings, connection, tables, people)
            recorded.rows_out, recorded.message = sum(done.rows.values()), comment or None
        return replace(done, again=all(_digest(key, person) in before for person in people))


def leave_out(
    settings: Settings,
    connection: psycopg.Connection,
    source: Source,
    layout: registry.Layout,
    load_id: int,
    path: Path,
) -> int:
    """Take people who were forgotten out of a load that is being copied, and out of its archived file; how many rows.

    The caller has an open transaction in which the rows were copied. Costs nothing while nobody was forgotten.
    """
    if not isinstance(layout, Delimited) or layout.person_column is None:
        return 0
    tombstones = _tombstones(connection)
    if not tombstones:
        return 0
    table = _Table(source, layout)
    people = _matching(settings, connection, table, tombstones, load_id)
    if not people:
        return 0
    _blank(settings, connection, table.source, path, people)
    return sum(_delete(connection, table, people, load_id).values())


def renew(settings: Settings) -> None:
    """Let database and home remember the same people, and erase again whom a backup has brought back.

    The caller holds the writer's place.
    """
    with warehouse.connect(settings, "wres_loader", autocommit=True) as connection:
        in_database, in_home = set(_tombstones(connection)), set(_file_digests(settings))
        if in_database == in_home:
            return
        _remember(settings, connection, dict.fromkeys(in_database | in_home, "kept beside the credentials"))
        tables = _tables(settings, ())
        back = in_home - in_database
        people = {
            person
            for table in tables
            if _exists(connection, table)
            for person in _matching(settings, connection, table, back)
        }
        if people:
            with outcome.step(connection, "forget") as recorded:
                done = _erase(settings, connection, tables, people)
                recorded.rows_out, recorded.message = sum(done.rows.values()), "brought back by a backup"


def digests(settings: Settings, connection: psycopg.Connection) -> list[str]:
    """Tombstones of database and home: inputs of a build like any other."""
    return sorted({*_tombstones(connection), *_file_digests(settings)})


# Whom ----------------------------------------------------------------------------------------------------------------


def _tables(settings: Settings, sources: Collection[str]) -> list[_Table]:
    found = [
        _Table(source, layout)
        for source in registry.registry(settings).values()
        for layout in source.layouts
        if isinstance(layout, Delimited) and layout.person_column
    ]
    names = {table.source.name for table in found}
    if unknown := sorted(set(sources) - names):
        raise UnknownPersonError(
            f"{', '.join(unknown)} has no lines about single people. Sources that have: {', '.join(sorted(names))}."
        )
    return [table for table in found if not sources or table.source.name in sources]


def _exists(connection: psycopg.Connection, table: _Table) -> bool:
    return connection.execute("select to_regclass(%s)", [f"raw.{table.name}"]).fetchone() != (None,)


def _held(connection: psycopg.Connection, tables: Sequence[_Table], identifier: str) -> dict[_Person, Counter[str]]:
    """Rows by table, raw or set aside, of everybody who has the identifier."""
    found: dict[_Person, Counter[str]] = {}
    for table in tables:
        if not _exists(connection, table):
            continue
        in_raw = sql.SQL(
            "select btrim({organisation}), count(*) from raw.{table} where btrim({person}) = %s group by 1"
        ).format(
            organisation=sql.Identifier(table.organisation),
            table=sql.Identifier(table.name),
            person=sql.Identifier(table.person),
        )
        set_aside = (
            "select btrim(r.content ->> %s), count(*) from ops.rejected_row as r inner join ops.load as l"
            " on r.load_id = l.load_id where l.source_table = %s and btrim(r.content ->> %s) = %s group by 1"
        )
        for place, rows in (
            (table.name, connection.execute(in_raw, [identifier])),
            (
                "rows set aside",
                connection.execute(set_aside, [table.organisation, table.name, table.person, identifier]),
            ),
        ):
            for org_code, number in rows.fetchall():
                found.setdefault(_Person(table.person, org_code or "", identifier), Counter())[place] += number
    return found


def _only_one(
    identifier: str,
    held: dict[_Person, Counter[str]],
    people: set[_Person],
    org_codes: Collection[str],
    sources_given: bool,
) -> None:
    organisations, columns = {person.org_code for person in people}, {person.column for person in people}
    if (len(organisations) > 1 and not org_codes) or (len(columns) > 1 and not sources_given):
        raise AmbiguousPersonError(
            f"{identifier!r} may be more than one person:\n"
            + "\n".join(
                f"  {person.org_code}, {person.column}: "
                + ", ".join(f"{n} in {place}" for place, n in held[person].items())
                for person in sorted(people)
            )
            + "\nSay whose with --org CODE (once for each organisation that is meant) and --source SOURCE."
        )


def _candidates(
    connection: psycopg.Connection, tables: Sequence[_Table], identifier: str, org_codes: Collection[str]
) -> set[_Person]:
    """Everybody who could have the identifier: at the organisations that are meant, or at any that has sent a file."""
    codes = org_codes or {
        row[0]
        for row in connection.execute(
            "select distinct org_code from ops.load_content where source_table = any(%s)",
            [[table.name for table in tables]],
        )
    }
    return {_Person(table.person, code, identifier) for table in tables for code in codes}


def _nowhere(identifier: str, tables: Sequence[_Table], in_files: Sequence[str]) -> str:
    if in_files:
        return (
            f"No row names {identifier!r}, but these rejected files do: {', '.join(in_files)}. Say whose it is with --org CODE,"
            " and their bytes are deleted."
        )
    return f"No row names {identifier!r}, in {', '.join(table.name for table in tables)} or among the rows set aside."


# Tombstones ----------------------------------------------------------------------------------------------------------


def _key(settings: Settings) -> bytes:
    return credentials.password(settings, "forget_key").encode()


def _digest(key: bytes, person: _Person) -> str:
    text = "\x1f".join((person.column, person.org_code.upper(), person.identifier))
    return hmac.digest(key, text.encode(), "sha256").hex()


def _tombstones(connection: psycopg.Connection) -> dict[str, str]:
    return dict(connection.execute("select digest, comment from ops.forgotten").fetchall())


def _file(settings: Settings) -> Path:
    return settings.credentials.with_name("forgotten.txt")


def _file_digests(settings: Settings) -> list[str]:
    return _file(settings).read_text().split() if _file(settings).exists() else []


def _remember(settings: Settings, connection: psycopg.Connection, comments: dict[str, str]) -> None:
    """Write tombstones, before anything is erased: what is killed half-way is finished by the same command."""
    path, known = _file(settings), _file_digests(settings)
    path.touch(mode=0o600)
    with path.open("a") as file:
        file.writelines(f"{digest}\n" for digest in sorted(set(comments) - set(known)))
    connection.cursor().executemany(
        "insert into ops.forgotten (digest, comment) values (%s, %s) on conflict do nothing", list(comments.items())
    )


def _matching(
    settings: Settings,
    connection: psycopg.Connection,
    table: _Table,
    tombstones: Collection[str],
    load_id: int | None = None,
) -> set[_Person]:
    """People of a table, or of one load in it, who have a tombstone."""
    query = sql.SQL("select distinct btrim({}), btrim({}) from raw.{}{}").format(
        sql.Identifier(table.organisation),
        sql.Identifier(table.person),
        sql.Identifier(table.name),
        sql.SQL("") if load_id is None else sql.SQL(" where _load_id = {}").format(sql.Literal(load_id)),
    )
    key = _key(settings)
    rows = connection.cursor().stream(query)
    people = (_Person(table.person, org_code or "", identifier or "") for org_code, identifier in rows)
    return {person for person in people if _digest(key, person) in tombstones}


# Erasing -------------------------------------------------------------------------------------------------------------


def _erase(
    settings: Settings, connection: psycopg.Connection, tables: Sequence[_Table], people: Collection[_Person]
) -> Forgotten:
    rows: Counter[str] = Counter()
    existing = [table for table in tables if _exists(connection, table)]
    with connection.transaction():
        for table in existing:
            # Waits for loads that are being copied, whose rows could not be seen; those that come later see the tombstone.
            connection.execute(
                sql.SQL("lock table raw.{} in share row exclusive mode").format(sql.Identifier(table.name))
            )
            rows += _delete(connection, table, people)
    for table in existing:
        # Until then what was deleted stays in the pages of the table, and in its statistics.
        connection.execute(sql.SQL("vacuum (analyze) raw.{}").format(sql.Identifier(table.name)))
    rewritten, deleted = _clean_archive(settings, connection, tables, people)
    reports = _clean_reports(settings, connection, tables, people) + _clean_logs(settings, people)
    _count_afresh(settings)
    return Forgotten(
        rows={name: number for name, number in sorted(rows.items()) if number},
        rewritten=rewritten,
        deleted=deleted,
        reports=reports,
        landing=tuple(
            path
            for table in tables
            for path in sorted((settings.landing / table.source.name).rglob("*"))
            if path.is_file() and _mentions(path, people)
        ),
        again=False,
    )


def _delete(
    connection: psycopg.Connection, table: _Table, people: Collection[_Person], load_id: int | None = None
) -> Counter[str]:
    """Delete people's rows from a raw table and from what was set aside of it; how many, by table."""
    mine = [person for person in people if person.column == table.person]
    names = {
        "table": sql.Identifier(table.name),
        "organisation": sql.Identifier(table.organisation),
        "person": sql.Identifier(table.person),
        "of_load": sql.SQL("true") if load_id is None else sql.SQL("_load_id = {}").format(sql.Literal(load_id)),
    }
    gone = connection.execute(
        sql.SQL(
            """
            with gone as (
                delete from raw.{table}
                where {of_load} and (btrim({organisation}), btrim({person})) in (
                    select * from unnest(%(codes)s::text[], %(identifiers)s::text[])
                )
                returning _load_id
            ),
            counted as (
                update ops.load as l set rows_loaded = l.rows_loaded - of_load.number
                from (select _load_id, count(*) as number from gone group by _load_id) as of_load
                where l.load_id = of_load._load_id
            )
            select count(*) from gone
            """
        ).format(**names),
        {"codes": [person.org_code for person in mine], "identifiers": [person.identifier for person in mine]},
    ).fetchone()
    aside = connection.execute(
        sql.SQL(
            """
            delete from ops.rejected_row as r using ops.load as l
            where r.load_id = l.load_id and l.source_table = %(table)s
                and (coalesce(btrim(r.content ->> %(organisation)s), ''), btrim(r.content ->> %(person)s)) in (
                    select * from unnest(%(codes)s::text[], %(identifiers)s::text[])
                )
            """
        ),
        {
            "table": table.name,
            "organisation": table.organisation,
            "person": table.person,
            "codes": [person.org_code for person in mine],
            "identifiers": [person.identifier for person in mine],
        },
    )
    return Counter({f"raw.{table.name}": int(gone[0]) if gone else 0, "ops.rejected_row": aside.rowcount})


def _count_afresh(settings: Settings) -> None:
    """Let the next build count everything anew, and no candidate of before be published."""
    with warehouse.connect(settings, "wres_transformer", autocommit=True) as connection:
        connection.execute("delete from ops.counted_by")
        connection.execute("delete from ops.candidate")


# Files ---------------------------------------------------------------------------------------------------------------


def _clean_archive(
    settings: Settings, connection: psycopg.Connection, tables: Sequence[_Table], people: Collection[_Person]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Rewrite accepted files without people's lines, and delete rejected ones, which nothing reads and nobody can parse."""
    rewritten, deleted = [], []
    for source, sha256, name, in_use in _files(connection, tables):
        path = archive.find(settings, source.name, sha256)
        if path is None or not _mentions(path, people):
            continue
        try:
            if in_use and _blank(settings, connection, source, path, people):
                rewritten.append(name)
            if in_use:
                continue
        except FileRejected:
            pass  # read once, under a registry of then
        archive.remove(settings, source.name, sha256)
        connection.execute("update ops.file set erased_at = now(), kept_sha256 = null where sha256 = %s", [sha256])
        deleted.append(name)
    return tuple(rewritten), tuple(deleted)


def _files(connection: psycopg.Connection, tables: Sequence[_Table]) -> list[tuple[Source, str, str, bool]]:
    sources = {table.source.name: table.source for table in tables}
    rows = connection.execute(
        "select source, sha256, name, exists ("
        "    select from ops.load as l where l.file_sha256 = f.sha256 and l.state in ('accepted', 'loaded')"
        ") from ops.file as f where source = any(%s) order by name",
        [list(sources)],
    ).fetchall()
    return [(sources[source], *rest) for source, *rest in rows]


def _unread_files(
    settings: Settings, connection: psycopg.Connection, tables: Sequence[_Table], identifier: str
) -> list[str]:
    """Names of archived files that were rejected and mention the identifier."""
    nobody = {_Person("", "", identifier)}
    return [
        name
        for source, sha256, name, in_use in _files(connection, tables)
        if not in_use and (path := archive.find(settings, source.name, sha256)) and _mentions(path, nobody)
    ]


def _blank(
    settings: Settings, connection: psycopg.Connection, source: Source, path: Path, people: Collection[_Person]
) -> int:
    """Keep an archived file with empty lines in place of people's: all others keep their numbers. Returns how many."""
    batch = read(settings, source, path, path.name)
    assert isinstance(batch.layout, Delimited)
    order = [column for column in batch.columns if column != "_period"]
    who, whose = order.index(str(batch.layout.person_column)), order.index(str(batch.layout.organisation_column))
    wanted = {(person.org_code, person.identifier) for person in people if person.column == batch.layout.person_column}
    number = 0

    def lines() -> Iterator[bytes]:
        nonlocal number
        # Bytes that are no UTF-8 come out as they went in; line ends too.
        with unpacked(path) as raw, io.TextIOWrapper(raw, "utf-8", errors="surrogateescape", newline="") as file:
            taken: list[str] = []
            for fields in csv.reader(_noting(file, taken)):
                if len(fields) > max(who, whose) and (fields[whose].strip(), fields[who].strip()) in wanted:
                    number += 1
                    taken[:] = [re.sub(r"[^\r\n]", "", line) for line in taken]
                yield from (line.encode("utf-8", errors="surrogateescape") for line in taken)
                taken.clear()

    kept = archive.rewrite(settings, path, lines())
    if number:
        connection.execute(
            "update ops.file set erased_at = now(), kept_sha256 = %s where archived_as = %s",
            [kept, str(path.relative_to(settings.home))],
        )
    return number


def _noting(lines: Iterable[str], taken: list[str]) -> Iterator[str]:
    for line in lines:
        taken.append(line)
        yield line


def _mentions(path: Path, people: Collection[_Person]) -> bool:
    """Whether a file holds one of the identifiers as a word, in any of the encodings that files come in."""
    with _searchable(path) as file:
        if os.fstat(file.fileno()).st_size == 0:
            return False
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            return any(pattern.search(content) for person in people for pattern in _patterns(person.identifier))


@contextmanager
def _searchable(path: Path) -> Iterator[BinaryIO]:
    """A file that can be mapped into memory: itself, or the table that is packed in it, as far as that can be unpacked."""
    with path.open("rb") as file, tempfile.TemporaryFile() as whole:
        if file.read(2) in (GZIP, ZIP):
            # A workbook, which has many files in it, is searched as it is.
            with suppress(FileRejected, ValueError), unpacked(path) as inside:
                shutil.copyfileobj(inside, whole)
        whole.flush()
        yield cast(BinaryIO, whole if whole.tell() else file)


def _patterns(identifier: str) -> Iterator[re.Pattern[bytes]]:
    yield re.compile(rb"(?<![\w-])" + re.escape(identifier.encode()) + rb"(?![\w-])")
    for encoding in ("utf-16-le", "utf-16-be"):
        yield re.compile(re.escape(identifier.encode(encoding)))


def _clean_reports(
    settings: Settings, connection: psycopg.Connection, tables: Sequence[_Table], people: Collection[_Person]
) -> int:
    """Take the identifiers out of the problems that loads are kept with, and write their reports again."""
    word = _word(people)
    rows = connection.execute(
        "select load_id, source, file_sha256, file_name, problems, report from ops.load where source = any(%s)",
        [sorted({table.source.name for table in tables})],
    ).fetchall()
    changed = 0
    for load_id, source, sha256, name, problems, written in rows:
        cleaned = [_cleaned(problem, word) for problem in problems]
        if cleaned == problems:
            continue
        changed += 1
        connection.execute("update ops.load set problems = %s where load_id = %s", [Json(cleaned), load_id])
        if written:
            report.write(settings, source, sha256, name, [Problem(**problem) for problem in cleaned])
    return changed


def _cleaned(problem: dict[str, Any], word: re.Pattern[str]) -> dict[str, Any]:
    return {**problem, "value": word.sub(_ERASED, problem["value"])} if problem.get("value") else problem


def _clean_logs(settings: Settings, people: Collection[_Person]) -> int:
    """Take the identifiers out of the logs, where a report's lines quote them as values."""
    quoted = re.compile(f"(value ')({'|'.join(re.escape(person.identifier) for person in people)})(?=')")
    changed = 0
    for path in settings.logs.rglob("*"):
        if path.is_file() and _mentions(path, people):
            text = path.read_text(errors="surrogateescape")
            cleaned = quoted.sub(rf"\1{_ERASED}", text)
            if cleaned != text:
                path.write_text(cleaned, errors="surrogateescape")
                changed += 1
    return changed


def _word(people: Collection[_Person]) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w-])({'|'.join(re.escape(person.identifier) for person in people)})(?![\w-])")
