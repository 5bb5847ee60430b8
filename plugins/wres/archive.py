"""The archive: every file is kept, byte for byte, before anything reads it."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from wres.problems import FileRejected, Problem, shown
from wres.readers import packed
from wres.registry import PERIOD
from wres.settings import Settings

_MANIFEST = "manifest.json"
# What a kill or a full disk may leave of a manifest; no archived file has either name.
_PARTIAL = "manifest.part"
_OURS = frozenset({_MANIFEST, _PARTIAL})
_UNSORTED = "unsorted"
_CHUNK = 1 << 20
# Of a name, in bytes: what file systems allow.
_LONGEST_NAME = 255


@dataclass(frozen=True)
class Archived:
    """One archived file: its hash, size in bytes, name as sent, and where its copy lies."""

    sha256: str
    bytes: int
    name: str
    path: Path


def sha256_of(path: Path) -> str:
    """Hash of a file's bytes, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def kept_name(path: Path) -> str:
    """A file's name as it is archived, recorded and shown: what is invisible in it is written as an escape."""
    name = shown(path.name)
    return name if len(name.encode()) <= _LONGEST_NAME else f"{name[:60]}…{name[-20:]}"


def obstacle(path: Path) -> Problem | None:
    """What keeps a file of a landing folder from being archived; None where nothing does.

    A link is not followed: whoever may write into the folder could have any file read that the warehouse may read.
    """
    if path.is_symlink():
        return _obstacle("it is a link to another file", "Put the file itself into the folder.")
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return _obstacle("its name or its folder's is no text", "Rename it.")
    try:
        path.open("rb").close()
    except OSError as error:
        return _obstacle(str(error.strerror).lower(), "Give the warehouse the right to read it, or send it again.")
    return None


def archive(settings: Settings, source: str, path: Path) -> Archived:
    """Copy a file into ``archive/<source>/<period>/<sha256[:12]>/<name>``; the same bytes again are a no-op.

    The period is not known before the file is read: until ``settle`` it lies under ``unsorted``. The copy is complete on
    disk before it gets its name, so that a kill leaves either the whole file or nothing.

    Raises:
        FileRejected: the file cannot be read, or changes while it is.
    """
    if problem := obstacle(path):
        raise FileRejected(problem)
    sha256 = sha256_of(path)
    if known := find(settings, source, sha256):
        return Archived(sha256, known.stat().st_size, known.name, known)
    folder = settings.archive / source / _UNSORTED / sha256[:12]
    folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with held(settings), tempfile.TemporaryDirectory(dir=folder.parent, prefix=".incoming-") as incoming:
        name = kept_name(path)
        copy = Path(incoming) / (name if name not in _OURS else f"sent-{name}")
        running = hashlib.sha256()
        with path.open("rb") as original, copy.open("wb") as file:
            while piece := original.read(_CHUNK):
                running.update(piece)
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
        if running.hexdigest() != sha256:
            raise FileRejected(
                _obstacle("it changed while it was being archived", "Drop it again when it is complete.")
            )
        copy.chmod(0o444)
        _write_manifest(Path(incoming), source=source, name=name, sha256=sha256, bytes=copy.stat().st_size, period=None)
        try:
            Path(incoming).rename(folder)
        except OSError:  # another process archived the same bytes in the meantime
            if find(settings, source, sha256) is None:
                raise
        else:
            Path(incoming).mkdir()  # the context manager removes what it made
    found = find(settings, source, sha256)
    assert found is not None
    return Archived(sha256, found.stat().st_size, found.name, found)


def settle(settings: Settings, source: str, archived: Archived, period: str) -> Path:
    """Move an archived file under its period, now that it is known; returns where it lies. Idempotent.

    A file that has its place keeps it, also when a later registry reads another period from it.
    """
    with held(settings):
        current = find(settings, source, archived.sha256)
        if current is None:
            raise FileNotFoundError(f"The archived copy of {archived.name} is gone from {settings.archive / source}.")
        if current.parent.parent.name != _UNSORTED:
            return current
        if PERIOD.fullmatch(period) is None:
            raise ValueError(f"{period!r} is no period; the archive makes no folder of that name.")
        wanted = settings.archive / source / period / archived.sha256[:12]
        wanted.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _write_manifest(current.parent, period=period)
        current.parent.rename(wanted)
        return wanted / archived.name


def find(settings: Settings, source: str, sha256: str) -> Path | None:
    """Where a file's archived copy lies, by its hash; None if it was never archived."""
    for folder in (settings.archive / source).glob(f"*/{sha256[:12]}"):
        for path in folder.iterdir():
            if path.name not in _OURS:
                return path
    return None


def rewrite(settings: Settings, path: Path, lines: Iterable[bytes]) -> str:
    """Keep other lines in place of an archived file's, under the hash that it came with; returns the hash of what is kept.

    For what has to be erased and for nothing else. A file whose lines are the same stays as it is; a packed one stays packed.
    """
    with held(settings), tempfile.TemporaryDirectory(dir=path.parent.parent, prefix=".incoming-") as incoming:
        copy = Path(incoming) / path.name
        packed.write(path, copy, lines)
        with copy.open("rb") as file:
            os.fsync(file.fileno())
        if _text_of(copy) == _text_of(path):
            return sha256_of(path)
        kept = sha256_of(copy)
        copy.chmod(0o444)
        _write_manifest(path.parent, kept_sha256=kept, kept_bytes=copy.stat().st_size)
        copy.replace(path)
    return kept


def _text_of(path: Path) -> str:
    """Hash of what a file holds, unpacked."""
    with packed.unpacked(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]


def remove(settings: Settings, source: str, sha256: str) -> None:
    """Delete an archived file for good."""
    with held(settings):
        for folder in (settings.archive / source).glob(f"*/{sha256[:12]}"):
            shutil.rmtree(folder)


def of_period(settings: Settings, source: str, period: str) -> list[Path]:
    """The archived files of a source and period, in the order of their hashes."""
    files = (settings.archive / source / period).glob("[!.]*/*")  # not those of a copy on its way
    return sorted(path for path in files if path.name not in _OURS)


@contextmanager
def held(settings: Settings, *, alone: bool = False, wait: bool = True) -> Iterator[bool]:
    """Let files be added side by side with others who do, or keep the archive as it is ``alone``; gives whether it is held.

    The system frees the lock of a dead process, so that whoever has the archive alone knows that no copy is on its way.
    """
    settings.home.mkdir(parents=True, exist_ok=True)
    with (settings.home / ".archive.lock").open("w") as file:
        try:
            fcntl.flock(file, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            yield False
        else:
            yield True


def sweep(settings: Settings) -> None:
    """Remove half-made copies that a killed process left behind, unless somebody is archiving: then the next one does."""
    with held(settings, alone=True, wait=False) as quiet:
        for leftover in settings.archive.glob("*/*/.incoming-*") if quiet else ():
            shutil.rmtree(leftover, ignore_errors=True)


def _obstacle(cause: str, action: str) -> Problem:
    return Problem(rule="F07", scope="file", message=f"the file cannot be taken in: {cause}", action=action)


def _write_manifest(folder: Path, **facts: str | int | None) -> None:
    """Write what is known of a file beside it; what was written before and is not said again stays."""
    manifest = folder / _MANIFEST
    before = json.loads(manifest.read_text()) if manifest.exists() else {}
    content = {**before, **facts, "written_at": datetime.now(UTC).isoformat(timespec="seconds")}
    temporary = folder / _PARTIAL
    temporary.write_text(json.dumps(content, indent=2) + "\n")
    temporary.replace(manifest)
