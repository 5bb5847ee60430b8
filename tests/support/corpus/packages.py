"""Workbooks as packages: members changed one by one, and the frames that other programs put around them."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

OLE_SIGNATURE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def repacked(path: Path, change: Callable[[str, bytes], bytes | None], **added: bytes) -> Path:
    """Rewrite a package: each member as the function gives it (None leaves it out), and others besides."""
    with zipfile.ZipFile(path) as package:
        members = {name: package.read(name) for name in package.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in {**members, **added}.items():
            made = change(name, content)
            if made is not None:
                package.writestr(name, made)
    return path


def ole(stream: str) -> bytes:
    """The beginning of an old compound file, with the name of a stream and nothing in it."""
    return OLE_SIGNATURE + bytes(504) + stream.encode("utf-16-le").ljust(128, b"\0") + bytes(896)
