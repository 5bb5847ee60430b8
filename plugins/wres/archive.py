"""The archive: every file is kept, byte for byte, before anything reads it."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from wres.registry import PERIOD
from wres.settings import Settings

_MANIFEST = "manifest.json"
# What a kill or a full disk may leave of a manifest; no archived file has either name.
_PARTIAL = "manifest.part"
_OURS = frozenset({_MANIFEST, _PARTIAL})
_UNSORTED = "unsorted"
_CHUNK = 1 << 20


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


def archive(settings: Settings, source: str, path: Path) -> Archived:
    """Copy a file into ``archive/<source>/<period>/<sha256[:12]>/<name>``; the same bytes again are a no-op.

    The period is not known before the file is read: until ``settle`` it lies under ``unsorted``. The copy is complete on
    disk before it gets its name, so that a kill leaves either the whole file or nothing.
    """
    sha256 = sha256_of(path)
    if known := find(settings, source, sha256):
        return Archived(sha256, known.stat().st_size, known.name, known)
    folder = settings.archive / source / _UNSORTED / sha256[:12]
    folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with held(settings), tempfile.TemporaryDirectory(dir=folder.parent, prefix=".incoming-") as incoming:
        copy = Path(incoming) / (path.name if path.name not in _OURS else f"sent-{path.name}")
        running = hashlib.sha256()
        with path.open("rb") as original, copy.open("wb") as file:
            while piece := original.read(_CHUNK):
                running.update(piece)
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
        if running.hexdigest() != sha256:
            raise RuntimeError(f"{path.name} changed while it was being archived; drop it again when it is complete.")
        copy.chmod(0o444)
        _write_manifest(Path(incoming), source, path.name, sha256, copy.stat().st_size, None)
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
        _write_manifest(current.parent, source, archived.name, archived.sha256, archived.bytes, period)
        current.parent.rename(wanted)
        return wanted / archived.name


def find(settings: Settings, source: str, sha256: str) -> Path | None:
    """Where a file's archived copy lies, by its hash; None if it was never archived."""
    for folder in (settings.archive / source).glob(f"*/{sha256[:12]}"):
        for path in folder.iterdir():
            if path.name not in _OURS:
                return path
    return None


def of_period(settings: Settings, source: str, period: str) -> list[Path]:
    """The archived files of a source and period, in the order of their hashes."""
    folders = (settings.archive / source / period).glob("*/*")
    return sorted(path for path in folders if path.name not in _OURS)


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
        for leftover in settings.archive.glob(f"*/{_UNSORTED}/.incoming-*") if quiet else ():
            shutil.rmtree(leftover, ignore_errors=True)


def _write_manifest(folder: Path, source: str, name: str, sha256: str, size: int, period: str | None) -> None:
    manifest = folder / _MANIFEST
    content = {
        "source": source,
        "name": name,
        "sha256": sha256,
        "bytes": size,
        "period": period,
        "written_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    temporary = folder / _PARTIAL
    temporary.write_text(json.dumps(content, indent=2) + "\n")
    temporary.replace(manifest)
