"""Tables that come packed: text in gzip, or alone in a ZIP archive. Unpacked as they are read, never onto the disk."""

from __future__ import annotations

import gzip
import io
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import BinaryIO, cast

from wres.problems import FileRejected, Problem

GZIP, ZIP = b"\x1f\x8b", b"PK"
# Tables about people shrink to a tenth. What unpacks to far more holds nothing, and would fill the disk with it.
_MOST_TIMES = 200
_ALWAYS_ALLOWED = 1 << 20
_SEND_AGAIN = "Pack the table again, or send it as it is."
_FAULTS = (OSError, EOFError, zlib.error, zipfile.BadZipFile, RuntimeError)


@contextmanager
def unpacked(path: Path) -> Iterator[BinaryIO]:
    """The bytes of a text file, whether it is packed or not.

    Raises:
        FileRejected: the packed file is damaged, protected, or unpacks to far more than tables do; also while it is read.
    """
    with path.open("rb") as file:
        start = file.read(2)
        file.seek(0)
        if start not in (GZIP, ZIP):
            yield file
            return
        try:
            inside = _inside(file, path, start)
        except _FAULTS as error:
            raise _refused(error) from error
        with inside:
            yield cast(BinaryIO, io.BufferedReader(_Bounded(inside, path.stat().st_size), 1 << 16))


def tables(path: Path) -> list[str]:
    """Names of the files in a ZIP archive, without folders and what a Mac adds.

    Raises:
        zipfile.BadZipFile, OSError, ValueError, NotImplementedError: it cannot be opened.
    """
    with zipfile.ZipFile(path) as archive:
        names = [member.filename for member in archive.infolist() if not member.is_dir()]
    return [name for name in names if "__MACOSX" not in PurePosixPath(name).parts]


def plain_name(name: str) -> str:
    """The name of a table without what says that it is packed: ``staff.csv.gz`` and ``staff.zip`` are ``staff.csv``."""
    stem, dot, ending = name.rpartition(".")
    if ending.lower() not in ("gz", "zip") or not dot:
        return name
    return stem if "." in stem else f"{stem}.csv"


def write(like: Path, target: Path, lines: Iterable[bytes]) -> None:
    """Write lines into a file that is packed as another one is."""
    with like.open("rb") as file:
        start = file.read(2)
    if start == GZIP:
        with gzip.open(target, "wb") as packed:
            packed.writelines(lines)
    elif start == ZIP:
        (name,) = tables(like)
        with (
            zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive,
            archive.open(name, "w", force_zip64=True) as to,
        ):
            to.writelines(lines)
    else:
        with target.open("wb") as plain:
            plain.writelines(lines)


def _inside(file: BinaryIO, path: Path, start: bytes) -> BinaryIO:
    if start == GZIP:
        return cast(BinaryIO, gzip.GzipFile(fileobj=file))
    (name,) = tables(path)
    return cast(BinaryIO, zipfile.ZipFile(file).open(name))


class _Bounded(io.RawIOBase):
    """What is unpacked, up to so many times what it was packed into; what is wrong with it is a problem of the file."""

    def __init__(self, inside: BinaryIO, packed: int) -> None:
        self._inside, self._left = inside, packed * _MOST_TIMES + _ALWAYS_ALLOWED

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        try:
            piece = self._inside.read(len(buffer))
        except _FAULTS as error:
            raise _refused(error) from error
        self._left -= len(piece)
        if self._left < 0:
            raise FileRejected(
                Problem(
                    rule="F02",
                    scope="file",
                    message=f"the file unpacks to more than {_MOST_TIMES} times its size: this is no table",
                    action="Export the table again, and send it unpacked if it is really so.",
                )
            )
        buffer[: len(piece)] = piece
        return len(piece)


def _refused(error: BaseException) -> FileRejected:
    if "password" in str(error) or "encrypted" in str(error):
        return FileRejected(
            Problem(
                "F04",
                "file",
                "the ZIP archive is protected with a password",
                "Pack it without a password and send it again.",
            )
        )
    return FileRejected(
        Problem(
            "F02", "file", f"the packed file is damaged or was cut off in transfer ({str(error)[:120]})", _SEND_AGAIN
        )
    )
