"""Names and places: what a file system allows and people do not expect."""

from __future__ import annotations

import os
from pathlib import Path

from corpus.case import Theme, counts, write

name = Theme("Names and places")
ODD = {
    "C:\\..\\..\\x.csv": "Points and strokes that lead out of the folder elsewhere",
    "-rf --.csv": "A leading dash",
    "CON.csv": "A name that Windows reserves",
    "manifest.json": "The name that the archive has for its own notes",
    "a\nREJECTED  b.csv": "A line end and what looks like a verdict",
    "workforce_\x1b[31m\x07.csv": "Control characters",
    "workforce_\u202evsc.csv": "A sign that turns the direction of writing",
    "$(reboot) `id`; drop table.csv": "Commands",
    "=cmd|'!A1.csv": "The beginning of a formula",
    "ü" * 125 + ".csv": "As long as names may be (254 bytes)",
}

for number, (odd, what) in enumerate(ODD.items()):

    def make(path: Path, number: int = number) -> None:
        write(path, counts(300 + 10 * number))

    make.__doc__ = f"{what} in a file's name"
    name("workforce_counts", odd, "accepted")(make)


@name("workforce_counts", "workforce_counts_no_layout\u202evsc.exe", "rejected", "no_layout\\u202evsc.exe", "V11")
def turned_name(path: Path) -> None:
    """A name that shows another ending than it has: it is written with an escape."""
    write(path, "MZ\x90")


@name(
    "workforce_counts",
    os.fsdecode(b"workforce_\xff\xfe.csv"),
    "rejected",
    "F07",
    "no text",
    "Rename it",
    archived=False,
)
def bytes_for_a_name(path: Path) -> None:
    """A name of bytes that are no text."""
    write(path, counts(420))


@name("workforce", "workforce_link.csv", "rejected", "F07", "it is a link", "Put the file itself", archived=False)
def link(path: Path) -> None:
    """A link to a file outside the landing folder."""
    path.symlink_to("/etc/passwd")


@name("workforce", "workforce_loop.csv", "rejected", "F07", "it is a link", archived=False)
def loop(path: Path) -> None:
    """A link to itself."""
    path.symlink_to(path.name)


@name("workforce", "workforce_folder.csv", "passed over")
def folder(path: Path) -> None:
    """A folder named like a file."""
    path.mkdir()


@name("workforce", "workforce_pipe.csv", "passed over")
def pipe(path: Path) -> None:
    """A pipe, which would be waited for without an end."""
    os.mkfifo(path)


@name("workforce", ".workforce_hidden.csv", "passed over")
def hidden(path: Path) -> None:
    """A hidden file, as programs leave behind."""
    write(path, "half")


@name("workforce", "~$workforce.xlsx", "passed over")
def lock(path: Path) -> None:
    """The lock of a spreadsheet that is open."""
    write(path, "user")
