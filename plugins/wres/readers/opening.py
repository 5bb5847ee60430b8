"""Opening a file: what it really is (by its bytes, not its name), and what keeps it from being read."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

from wres.problems import FileRejected, Problem
from wres.readers import cells, packed
from wres.readers.content import Content, Text, Workbook
from wres.settings import Settings

_DOWNLOAD_AGAIN = "Download the file again from the publisher and send it unchanged."
_TOO_LARGE_ACTION = (
    "Copy the table alone into a new workbook, and send that; a table that is really so large is sent as CSV UTF-8."
)
_HEAD_BYTES = 4096
_OTHER_KINDS = {
    b"BZh": "compressed (bzip2)",
    b"\xfd7zXZ": "compressed (xz)",
    b"7z\xbc\xaf": "a 7-Zip archive",
    b"Rar!": "a RAR archive",
    b"%PDF-": "a PDF",
    b"{\\rtf": "a text document (RTF)",
    b"\x89PNG": "a picture (PNG)",
    b"\xff\xd8\xff": "a picture (JPEG)",
}


def open_content(settings: Settings, path: Path) -> Content:
    """Open a file by what its first bytes say it is.

    Raises:
        FileRejected: empty, a web page, of another kind, password-protected, damaged, or far too large inside.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if head.startswith(packed.ZIP):
        names = _names(path)
        if any(name.startswith("xl/") or name == "mimetype" for name in names):
            return _open_workbook(settings, path, zipped=True)
        if len(names) != 1:
            raise _unreadable(
                "F01",
                f"the file is a ZIP archive of {len(names)} files, and a table comes alone",
                "Unpack it and send the files that are inside.",
            )
    with packed.unpacked(path) as file:
        is_packed = head.startswith((packed.ZIP, packed.GZIP))
        head = file.read(_HEAD_BYTES)
        goes_on = bool(file.read(1))
    if not head.strip():
        if goes_on:
            raise _unreadable(
                "F01",
                "the file begins with thousands of blanks",
                "Delete them: the table has to start in the first rows.",
            )
        raise _unreadable("F01", "the file is empty", _DOWNLOAD_AGAIN)
    if re.match(rb"\s*(<!doctype|<html|<\?xml|<head|<body|<script)", head.removeprefix(b"\xef\xbb\xbf"), re.IGNORECASE):
        raise _unreadable(
            "F01",
            "the file is a web page (HTML), whatever its name says: a link's page was saved in place of the file",
            "Open the link in a browser, sign in if it asks, and download the file itself.",
        )
    if is_packed and head.startswith((packed.ZIP, packed.GZIP, b"\xd0\xcf\x11\xe0")):
        raise _unreadable(
            "F01",
            "the packed file is no text: only tables as text are read packed",
            "Unpack it and send what is inside.",
        )
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        return _open_workbook(settings, path, zipped=False)
    if kind := next((kind for start, kind in _OTHER_KINDS.items() if head.startswith(start)), None):
        raise _unreadable(
            "F01",
            f"the file is {kind}, whatever its name says",
            "Unpack or export it, and send the table that is inside.",
        )
    if path.suffix.lower() in (".xlsx", ".xlsm", ".xls", ".xlsb"):
        raise _unreadable("F01", "the file is named as a workbook but is none", _DOWNLOAD_AGAIN)
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise _unreadable("F03", "the file is UTF-16, not UTF-8", "Save the file as 'CSV UTF-8' and send it again.")
    return Text(path)


def _open_workbook(settings: Settings, path: Path, *, zipped: bool) -> Workbook:
    most = settings.workbook_megabytes << 20
    unpacked = path.stat().st_size
    if zipped:
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(member.file_size for member in archive.infolist())
    if unpacked > most:
        raise _unreadable(
            "F02",
            f"the workbook unpacks to {unpacked >> 20:,} MB, and {settings.workbook_megabytes:,} MB are the most that is read",
            _TOO_LARGE_ACTION,
        )
    if not zipped and "EncryptedPackage".encode("utf-16-le") in path.read_bytes():
        raise _protected()
    return Workbook(_sheets(settings, path))


def _names(path: Path) -> list[str]:
    try:
        return packed.tables(path)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise _damaged() from error


def _sheets(settings: Settings, path: Path) -> dict[str, list[list[Any]]]:
    """The cells, by the program that may die of them."""
    limits = (settings.workbook_megabytes, settings.workbook_seconds)
    done = subprocess.run(
        [sys.executable, cells.__file__, str(path.absolute()), *map(str, limits)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    if done.returncode == 0:
        return dict(json.loads(line) for line in done.stdout.splitlines())
    if done.returncode == cells.PROTECTED:
        raise _protected()
    if done.returncode == cells.DAMAGED:
        cause = done.stderr.decode(errors="replace").rstrip().rpartition("\n")[2]
        raise _damaged(cause.rpartition("Error: ")[2])
    if done.returncode in (-signal.SIGXCPU, -signal.SIGKILL):
        raise _unreadable(
            "F02",
            f"reading the workbook took more than {settings.workbook_seconds} s of processor time, the most that is allowed",
            _TOO_LARGE_ACTION,
        )
    if done.returncode >= 0 and done.returncode != cells.TOO_LARGE:
        raise RuntimeError(f"{cells.__file__} failed: {done.stderr.decode(errors='replace')}")
    raise _unreadable(
        "F02",
        f"reading the workbook took more than {settings.workbook_megabytes:,} MB of memory, or it has more than"
        f" {cells.MOST_CELLS:,} cells: are there cells far outside the table?",
        _TOO_LARGE_ACTION,
    )


def _damaged(cause: str = "") -> FileRejected:
    detail = f" ({cause[:120]})" if cause else ""
    return _unreadable("F02", f"the workbook is damaged or was cut off in transfer{detail}", _DOWNLOAD_AGAIN)


def _protected() -> FileRejected:
    return _unreadable(
        "F04", "the workbook is protected with a password", "Save it without a password and send it again."
    )


def _unreadable(rule: str, message: str, action: str) -> FileRejected:
    return FileRejected(Problem(rule=rule, scope="file", message=message, action=action))
