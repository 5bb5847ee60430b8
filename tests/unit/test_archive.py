"""The archive: every file kept byte for byte, once, whatever happens while it is being copied."""

from __future__ import annotations

import json
import os
import stat
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from wres import archive
from wres.problems import FileRejected, Problem
from wres.settings import Settings, settings

CONTENT = b"org,value\r\nRAA,1\r\n"


@pytest.fixture
def home(tmp_path: Path) -> Settings:
    return replace(settings(), home=tmp_path / "home")


@pytest.fixture
def dropped(tmp_path: Path) -> Path:
    path = tmp_path / "etr_2026-07.csv"
    path.write_bytes(CONTENT)
    return path


def test_copy_is_the_file_and_cannot_be_written(home: Settings, dropped: Path) -> None:
    archived = archive.archive(home, "organisations", dropped)
    assert archived.path.read_bytes() == CONTENT
    assert archived.sha256 == archive.sha256_of(dropped)
    assert (archived.bytes, archived.name) == (len(CONTENT), "etr_2026-07.csv")
    assert stat.S_IMODE(archived.path.stat().st_mode) == 0o444
    assert archived.path == home.archive / "organisations/unsorted" / archived.sha256[:12] / "etr_2026-07.csv"
    assert dropped.exists(), "what was dropped stays where it is"


def test_manifest_says_what_it_is(home: Settings, dropped: Path) -> None:
    archived = archive.archive(home, "organisations", dropped)
    settled = archive.settle(home, "organisations", archived, "2026-07")
    assert settled == home.archive / "organisations/2026-07" / archived.sha256[:12] / "etr_2026-07.csv"
    manifest = json.loads((settled.parent / "manifest.json").read_text())
    assert manifest.pop("written_at").endswith("+00:00")
    assert manifest == {
        "source": "organisations",
        "name": "etr_2026-07.csv",
        "sha256": archived.sha256,
        "bytes": len(CONTENT),
        "period": "2026-07",
    }


def test_same_bytes_are_kept_once_under_their_first_name(home: Settings, dropped: Path, tmp_path: Path) -> None:
    first = archive.archive(home, "organisations", dropped)
    again = tmp_path / "etr (1).csv"
    again.write_bytes(CONTENT)
    assert archive.archive(home, "organisations", again) == first
    settled = archive.settle(home, "organisations", first, "2026-07")
    assert archive.archive(home, "organisations", again).path == settled
    assert [path.name for path in home.archive.rglob("*.csv")] == ["etr_2026-07.csv"]


def test_other_bytes_under_the_same_name_are_another_file(home: Settings, dropped: Path) -> None:
    first = archive.archive(home, "organisations", dropped)
    dropped.write_bytes(CONTENT + b"RBB,2\r\n")
    second = archive.archive(home, "organisations", dropped)
    assert first.path != second.path
    assert first.path.read_bytes() == CONTENT


def test_settling_again_changes_nothing(home: Settings, dropped: Path) -> None:
    archived = archive.archive(home, "organisations", dropped)
    settled = archive.settle(home, "organisations", archived, "2026-07")
    written = (settled.parent / "manifest.json").read_bytes()
    assert archive.settle(home, "organisations", archived, "2026-07") == settled
    # A later registry may read another period from it: the copy stays where every load before says it is.
    assert archive.settle(home, "organisations", archived, "2026-08") == settled
    assert settled.read_bytes() == CONTENT
    assert (settled.parent / "manifest.json").read_bytes() == written


def test_missing_copy_is_an_error_not_a_path(home: Settings, dropped: Path) -> None:
    archived = archive.archive(home, "organisations", dropped)
    home.archive.rename(home.home / "elsewhere")
    with pytest.raises(FileNotFoundError, match=r"etr_2026-07\.csv is gone"):
        archive.settle(home, "organisations", archived, "2026-07")


def test_sources_do_not_share_files(home: Settings, dropped: Path) -> None:
    archive.archive(home, "organisations", dropped)
    assert archive.find(home, "staff_survey", archive.sha256_of(dropped)) is None


def test_copies_made_at_once_end_in_one(home: Settings, dropped: Path) -> None:
    dropped.write_bytes(os.urandom(3_000_000))
    results: list[archive.Archived] = []
    threads = [
        threading.Thread(target=lambda: results.append(archive.archive(home, "organisations", dropped)))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 8
    assert len(set(results)) == 1
    assert results[0].path.read_bytes() == dropped.read_bytes()
    assert not list(home.archive.rglob(".incoming-*"))


def test_file_that_changes_while_it_is_copied(home: Settings, dropped: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    true_hash = archive.sha256_of

    def hash_then_grow(path: Path) -> str:
        sha256 = true_hash(path)
        with path.open("ab") as file:
            file.write(b"still being written")
        return sha256

    monkeypatch.setattr(archive, "sha256_of", hash_then_grow)
    with pytest.raises(FileRejected, match="F07  the file cannot be taken in: it changed while it was being archived"):
        archive.archive(home, "organisations", dropped)
    assert not list(home.archive.rglob("*.csv"))


def test_sweep_removes_half_made_copies_once_nobody_is_archiving(home: Settings, dropped: Path) -> None:
    archived = archive.archive(home, "organisations", dropped)
    half = archived.path.parents[1] / ".incoming-half"
    half.mkdir()
    (half / "half.csv").write_text("ha")
    with archive.held(home):
        archive.sweep(home)
        assert half.exists(), "it may be another process's, on its way"
    archive.sweep(home)
    assert not half.exists()
    assert archived.path.exists()


def refused(home: Settings, path: Path) -> Problem:
    with pytest.raises(FileRejected) as caught:
        archive.archive(home, "organisations", path)
    assert not home.archive.exists(), "nothing is kept of what is refused"
    [problem] = caught.value.problems
    assert (problem.rule, problem.scope) == ("F07", "file")
    return problem


def test_a_link_is_not_followed(home: Settings, dropped: Path) -> None:
    link = dropped.with_name("link.csv")
    link.symlink_to(dropped)
    assert refused(home, link).message == "the file cannot be taken in: it is a link to another file"


def test_a_file_that_is_gone(home: Settings, dropped: Path) -> None:
    dropped.unlink()
    assert refused(home, dropped).message == "the file cannot be taken in: no such file or directory"


def test_a_name_that_is_no_text(home: Settings, dropped: Path) -> None:
    """Neither a database nor a task of Airflow takes it."""
    renamed = dropped.rename(dropped.with_name(os.fsdecode(b"etr_\xff_2026-07.csv")))
    assert refused(home, renamed).message == "the file cannot be taken in: its name or its folder's is no text"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(home: Settings, dropped: Path) -> None:
    dropped.chmod(0)
    problem = refused(home, dropped)
    assert problem.message == "the file cannot be taken in: permission denied"
    assert problem.action == "Give the warehouse the right to read it, or send it again."


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("etr 2026-07 (é).csv", "etr 2026-07 (é).csv"),
        ("a\nb\u202ec.csv", "a\\nb\\u202ec.csv"),
        ("\x01" * 200 + "_2026-07.csv", "\\x01" * 15 + "…" + "\\x01\\x01_2026-07.csv"),
    ],
)
def test_names_are_kept_so_that_they_can_be_read(home: Settings, tmp_path: Path, sent: str, kept: str) -> None:
    path = tmp_path / sent
    path.write_bytes(CONTENT)
    assert archive.archive(home, "organisations", path).path.name == kept


def test_half_a_manifest_is_not_taken_for_the_file(home: Settings, dropped: Path) -> None:
    archived = archive.archive(home, "organisations", dropped)
    (archived.path.parent / "manifest.part").write_text("{")
    assert archive.find(home, "organisations", archived.sha256) == archived.path
    settled = archive.settle(home, "organisations", archived, "2026-07")
    on_its_way = settled.parent.parent / ".incoming-1" / settled.name
    on_its_way.parent.mkdir()
    on_its_way.write_bytes(CONTENT)
    assert archive.of_period(home, "organisations", "2026-07") == [settled]
    assert not list(home.archive.rglob("manifest.part"))


def test_a_file_called_like_half_a_manifest_keeps_its_content(home: Settings, tmp_path: Path) -> None:
    sent = tmp_path / "manifest.part"
    sent.write_text("a,b\n")
    assert archive.archive(home, "organisations", sent).path.read_text() == "a,b\n"
