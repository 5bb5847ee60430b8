"""Backup and restore: the whole state of a warehouse in one file, and from that file into another.

The file is a compressed tar: the database as ``pg_dump`` writes it, the folders of the home, and at its end a manifest with the
hash of each, so that a file cut short has none. It holds no password: a restored warehouse has those of the home it is in.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import tarfile
import tempfile
import zlib
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import IO, Any

import psycopg
from psycopg import sql

from wres import __version__, airflow_service, archive, postgres, warehouse
from wres.settings import Settings

_FORMAT = 1
_FOLDERS = ("archive", "rejected", "landing", "data_docs")
_DUMP = "warehouse.dump"
_MANIFEST = "manifest.json"
# Files are mostly packed already, and the dump is: the fastest level gains nearly as much as the best.
_LEVEL = 1
_WAIT_SECONDS = 600.0

Say = Callable[[str], None]


class BackupError(RuntimeError):
    """A backup that cannot be written or may not be restored; nothing was changed, and the message says what to do."""


@dataclass(frozen=True)
class Manifest:
    """What a backup holds: when it was made (ISO 8601, UTC), by what, whose database it is, and SHA-256 by member."""

    format: int
    made_at: str
    wres: str
    administrator: str
    releases: int
    files: dict[str, str] = field(repr=False)


def backup(settings: Settings, file: Path, say: Say) -> Manifest:
    """Write the whole state into a file that only its owner may read; complete before it gets its name.

    Builds, publishes and what moves files in the archive wait meanwhile. What is read of the database is one snapshot, taken
    before the files are: each file that it names is among them.

    Raises:
        BackupError: the file exists already, or lies where it would have to hold itself.
        postgres.PostgresError: the database could not be dumped.
        warehouse.WriterBusyError: a build goes on still after ten minutes.
    """
    path = file.resolve()
    if path.exists():
        raise BackupError(f"{file} exists already, and a backup overwrites nothing: give another name.")
    if not path.parent.is_dir():
        raise BackupError(f"There is no folder {path.parent} to write {path.name} into.")
    if any(path.is_relative_to((settings.home / folder).resolve()) for folder in _FOLDERS):
        raise BackupError(
            f"{file} would be part of itself: name a file outside {', '.join(_FOLDERS)} of {settings.home}."
        )
    with (
        warehouse.writer(settings, wait_seconds=_WAIT_SECONDS, waiting=lambda: say("waiting for another wres process")),
        archive.held(settings, alone=True),
        # Beside the file that is made, where the room for it has to be anyway.
        tempfile.TemporaryDirectory(dir=path.parent, prefix=".wres-backup-") as work,
    ):
        say("dumping the database")
        dump, partial = Path(work) / _DUMP, Path(work) / "partial"
        _dump(settings, dump)
        administrator, releases = _owner_and_releases(settings)
        with partial.open("xb") as raw:
            partial.chmod(0o600)
            manifest = Manifest(_FORMAT, _now(), __version__, administrator, releases, {})
            with tarfile.open(fileobj=raw, mode="w:gz", compresslevel=_LEVEL) as tar:
                say(f"packing {_DUMP}")
                _add(tar, manifest, dump, _DUMP)
                for folder in _FOLDERS:
                    held = sorted(each for each in (settings.home / folder).rglob("*") if each.is_file())
                    for number, each in enumerate(held, start=1):
                        say(f"packing {folder}: {number} of {len(held)}")
                        _add(tar, manifest, each, each.relative_to(settings.home).as_posix())
                text = json.dumps(asdict(manifest), indent=1).encode()
                member = tarfile.TarInfo(_MANIFEST)
                member.size = len(text)
                tar.addfile(member, io.BytesIO(text))
            raw.flush()
            os.fsync(raw.fileno())
        partial.rename(path)
    return manifest


def verify(file: Path) -> Manifest:
    """Read a backup from end to end and compare each member with its hash.

    Raises:
        FileNotFoundError: there is no such file.
        BackupError: it is no backup, or not a whole and sound one.
    """
    if not file.is_file():
        raise FileNotFoundError(f"{file} does not exist, or is a folder.")
    found: dict[str, str] = {}
    manifest = None
    try:
        with tarfile.open(file, "r:gz") as tar:
            for member in tar:
                content = _content(tar, member, file)
                if member.name == _MANIFEST:
                    manifest = Manifest(**json.load(content))
                else:
                    found[member.name] = hashlib.file_digest(content, "sha256").hexdigest()  # type: ignore[arg-type]
    except tarfile.ReadError as error:
        if found:
            raise BackupError(_damaged(file, f"it is damaged or cut short: {error}")) from error
        raise BackupError(f"{file} is no backup: `wres backup` did not write it ({error}).") from error
    except EOFError as error:
        raise BackupError(_damaged(file, "it is cut short")) from error
    except (OSError, zlib.error, ValueError, TypeError) as error:
        raise BackupError(_damaged(file, f"it is damaged: {error}")) from error
    if manifest is None:
        raise BackupError(_damaged(file, f"it is cut short or damaged: it does not end with {_MANIFEST}"))
    if manifest.format != _FORMAT:
        raise BackupError(f"{file} has format {manifest.format}; this version of wres reads format {_FORMAT}.")
    for name in sorted({*found, *manifest.files, _DUMP}):
        if found.get(name) is None or found[name] != manifest.files.get(name):
            raise BackupError(_damaged(file, f"{name} is not what was saved"))
    return manifest


def restore(settings: Settings, file: Path, say: Say, *, force: bool = False) -> Manifest:
    """Put the state of a backup into a warehouse: an empty one, or with ``force`` in place of what it holds.

    The database changes in one transaction, after the file has been verified and unpacked.

    Raises:
        FileNotFoundError: there is no such file.
        BackupError: the file is not sound, the warehouse holds something, or Airflow works on it; nothing was changed.
        postgres.PostgresError: the database refused; it is as it was.
    """
    say("verifying the backup")
    manifest = verify(file)
    if airflow_service.running(settings):
        raise BackupError("Airflow works on this warehouse: stop it first (wres stop).")
    if not force and (holds := _holds(settings)):
        raise BackupError(
            f"This warehouse is not empty: it holds {holds}. Restore into an empty one (WRES_HOME, WRES_WAREHOUSE_URL), or give"
            " --force to replace all of it."
        )
    with (
        warehouse.writer(settings, wait_seconds=_WAIT_SECONDS, waiting=lambda: say("waiting for another wres process")),
        archive.held(settings, alone=True),
        tempfile.TemporaryDirectory(dir=settings.home, prefix=".restore-") as work,
    ):
        for leftover in settings.home.glob(".restore-*"):  # of a restore that was killed
            if leftover != Path(work):
                shutil.rmtree(leftover)
        say("unpacking")
        _unpack(file, Path(work))
        say("restoring the database")
        _restore_database(settings, Path(work) / _DUMP, manifest.administrator)
        for folder in _FOLDERS:
            say(f"restoring {folder}")
            _empty(settings.home / folder)
            _move(Path(work) / folder, settings.home / folder)
    # Logins and rights on the database itself are in no dump; and the backup may be of an older version.
    warehouse.migrate(settings, again=True)
    return manifest


def _holds(settings: Settings) -> str:
    """What there is to lose, in words; empty where nothing is."""
    with warehouse.connect(settings, "wres_publisher", autocommit=True) as connection:
        counts = connection.execute(
            "select (select count(*) from ops.file), (select count(*) from ops.release)"
        ).fetchone()
    files, releases = counts or (0, 0)
    held = [f"a database (files: {files}, releases: {releases})"] if files or releases else []
    held += [
        f"files in {settings.home / folder}"
        for folder in _FOLDERS
        if any(path.is_file() for path in (settings.home / folder).rglob("*"))
    ]
    return "; ".join(held)


def _add(tar: tarfile.TarFile, manifest: Manifest, path: Path, name: str) -> None:
    """Add a file, and its hash to the manifest: of the bytes that were read, in one pass."""
    with path.open("rb") as file:
        member = tar.gettarinfo(arcname=name, fileobj=file)
        # Who owned it on this machine means nothing on another.
        member.uid = member.gid = 0
        member.uname = member.gname = ""
        reading = _Hashing(file)
        try:
            tar.addfile(member, reading)
        except OSError as error:
            if "unexpected end of data" in str(error):
                raise BackupError(f"{path} changed while it was being saved; the same command again.") from error
            raise
    manifest.files[name] = reading.running.hexdigest()


class _Hashing:
    """A file whose bytes are hashed as they are read."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self.running = file, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        piece = self._file.read(size)
        self.running.update(piece)
        return piece


def _content(tar: tarfile.TarFile, member: tarfile.TarInfo, file: Path) -> IO[bytes]:
    """A member's bytes, if it is one that a backup has: a plain file in its place."""
    path = PurePosixPath(member.name)
    known = member.name in (_DUMP, _MANIFEST) or (path.parts[0] in _FOLDERS and len(path.parts) > 1)
    content = tar.extractfile(member) if member.isreg() else None
    if content is None or not known or ".." in path.parts:
        raise BackupError(f"{file} is no backup: it holds {member.name!r}, and `wres backup` writes no such thing.")
    return content


def _unpack(file: Path, folder: Path) -> None:
    with tarfile.open(file, "r:gz") as tar:
        for member in tar:
            mode = member.mode
            tar.extract(member, folder, filter="data")
            # The filter lets owners write; what is archived stays as it was.
            (folder / member.name).chmod(mode & 0o755)


def _damaged(file: Path, what: str) -> str:
    return f"{file} cannot be restored: {what}. Nothing was changed. Fetch the file again, or take another backup."


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _empty(folder: Path) -> None:
    # Its contents, not the folder: it may be where a disk is mounted.
    for path in folder.iterdir() if folder.is_dir() else ():
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def _move(source: Path, target: Path) -> None:
    for path in source.iterdir() if source.is_dir() else ():
        target.mkdir(parents=True, exist_ok=True, mode=0o700)
        shutil.move(path, target / path.name)


def _owner_and_releases(settings: Settings) -> tuple[str, int]:
    """The role that owns ``ops`` (the administrator of this server), and how many releases there are."""
    with psycopg.connect(warehouse.administrator_dsn(settings)) as connection:
        row = connection.execute(
            "select pg_get_userbyid(nspowner), (select count(*) from ops.release) from pg_namespace where nspname = 'ops'"
        ).fetchone()
    assert row is not None
    return str(row[0]), int(row[1])


def _dump(settings: Settings, path: Path) -> None:
    # Which migration was applied is not restored, so that it is applied to what is.
    arguments = ("--format=custom", f"--compress=gzip:{_LEVEL}", "--exclude-table-data=ops.migration", f"--file={path}")
    ended = subprocess.run(
        [postgres.program("pg_dump"), *arguments],
        env=_environment(settings),
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode != 0:
        raise postgres.PostgresError(f"The database could not be dumped:\n{ended.stderr.strip()[-2000:]}")


def _restore_database(settings: Settings, dump: Path, administrator: str) -> None:
    """Drop every schema and make those of the dump, in one transaction."""
    with psycopg.connect(warehouse.administrator_dsn(settings)) as connection:
        rows = connection.execute(
            "select nspname from pg_namespace where nspname !~ '^pg_' and nspname not in ('public', 'information_schema')"
        ).fetchall()
        drop = "".join(
            sql.SQL("drop schema {} cascade;\n").format(sql.Identifier(row[0])).as_string(connection) for row in rows
        )
    failure: Exception | None = None
    with tempfile.TemporaryFile() as said:
        with subprocess.Popen(
            [postgres.program("psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", "-"],
            env={**_environment(settings), "PGOPTIONS": "-c client_min_messages=warning -c lock_timeout=60s"},
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=said,
        ) as psql:
            assert psql.stdin is not None
            try:
                psql.stdin.write(b"begin;\n" + drop.encode())
                # The tables of `ops` belong to whoever administers the server, whose name is the server's own.
                owner = rb"(?m)^(ALTER .* OWNER TO )" + re.escape(_quoted(administrator)) + rb";$"
                psql.stdin.write(re.sub(owner, rb"\1CURRENT_USER;", _section(dump, "pre-data", subprocess.PIPE)))
                psql.stdin.flush()
                for section in ("data", "post-data"):
                    _section(dump, section, psql.stdin)
                # Said here and not left to psql, which would commit whatever it had got when this process is killed.
                psql.stdin.write(b"commit;\n")
                psql.stdin.flush()
            except (BrokenPipeError, postgres.PostgresError) as error:
                failure = error
        if psql.returncode != 0:
            said.seek(0)
            error_text = said.read().decode(errors="replace").strip()[-2000:]
            raise postgres.PostgresError(f"The database was not restored and is as it was:\n{error_text}") from failure
    if failure:
        raise failure


def _section(dump: Path, section: str, into: Any) -> bytes:
    """One section of a dump as SQL, into a pipe or (``subprocess.PIPE``) given back."""
    ended = subprocess.run(
        [postgres.program("pg_restore"), f"--section={section}", "--file=-", dump],
        stdout=into,
        stderr=subprocess.PIPE,
        check=False,
    )
    if ended.returncode != 0:
        raise postgres.PostgresError(f"The dump could not be read:\n{ended.stderr.decode(errors='replace')[-2000:]}")
    return ended.stdout or b""


def _quoted(name: str) -> bytes:
    """A role's name as dumps write it: quoted unless it is plain."""
    plain = re.fullmatch(r"[a-z_][a-z0-9_$]*", name)
    return (name if plain else '"' + name.replace('"', '""') + '"').encode()


def _environment(settings: Settings) -> dict[str, str]:
    """How programs of Postgres reach the warehouse as its administrator; a password in an argument could be seen by all."""
    info = psycopg.conninfo.conninfo_to_dict(warehouse.administrator_dsn(settings))
    names = {"dbname": "PGDATABASE", **warehouse.TRANSPORT}
    given = {names.get(key, f"PG{key.upper()}"): str(value) for key, value in info.items() if value is not None}
    return {**os.environ, **given}
