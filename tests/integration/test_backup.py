"""Backup and restore: the same warehouse in another home or on another server, and files that are none refused."""

from __future__ import annotations

import gzip
import io
import json
import re
import shutil
import tarfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from candidates import administrator, stage_candidate
from commands import wres
from disturbed import PATIENCE, Faults, dead, finished, started, wait_until

from wres import archive, backup, postgres, warehouse
from wres.settings import Settings


@pytest.fixture(scope="module")
def original(
    published_sample: Settings, copy_warehouse: Callable[[Settings], Settings], sample_feeds: Path
) -> Settings:
    """The sample with a second release, a rejected file with its report, and a file that waits in landing."""
    of = copy_warehouse(published_sample)
    stage_candidate(of, "second", gate_passed=True)
    assert wres(of, "publish").exit_code == 0
    bad = of.home / "bad.xlsx"
    bad.write_text("<html>Your session has expired</html>")
    assert wres(of, "load", "--source", "staff_survey", bad).exit_code == 1
    bad.unlink()
    waiting = of.landing / "organisations" / "new.csv"
    waiting.parent.mkdir(parents=True)
    waiting.write_text("waits\n")
    return of


@pytest.fixture(scope="module")
def saved(original: Settings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("backups") / "wres.tar.gz"
    done = wres(original, "backup", file)
    assert done.exit_code == 0, done.stderr
    assert "releases: 2" in done.stdout
    return file


@pytest.fixture(scope="module")
def empty_home(original: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """A home that does not exist yet, whose embedded server would be its own."""
    of = replace(original, home=tmp_path_factory.mktemp("elsewhere") / "home", warehouse_url=None)
    yield of
    postgres.stop(of)


def contents(of: Settings) -> dict[str, list[tuple]]:
    """Every row of every table and view, and who owns it and may do what; what identifies the server aside."""
    with psycopg.connect(warehouse.administrator_dsn(of), autocommit=True) as connection:
        relations = connection.execute(
            "select format('%I.%I', n.nspname, c.relname) from pg_class as c"
            " inner join pg_namespace as n on c.relnamespace = n.oid"
            " where n.nspname !~ '^(pg_|information_schema)' and c.relkind in ('r', 'v') order by 1"
        ).fetchall()
        found = {
            name: connection.execute(f"select t::text from {name} as t order by 1").fetchall()
            for (name,) in relations
            if name != "ops.migration"
        }
        found["owners and rights"] = connection.execute(
            "select format('%s.%s', n.nspname, c.relname), replace(c.relowner::regrole::text, current_user, 'administrator'),"
            " (select array_agg(replace(item::text, current_user, 'administrator') order by item::text)"
            " from unnest(c.relacl) as item)"
            " from pg_class as c inner join pg_namespace as n on c.relnamespace = n.oid"
            " where n.nspname !~ '^(pg_|information_schema)' and c.relkind in ('r', 'v') order by 1"
        ).fetchall()
        found["schemas"] = connection.execute(
            "select nspname::text, replace(nspowner::regrole::text, current_user, 'administrator'),"
            " replace(nspacl::text, current_user, 'administrator')"
            " from pg_namespace where nspname !~ '^(pg_|information_schema|public)' order by 1"
        ).fetchall()
        found["rights that tables to come will have"] = connection.execute(
            "select defaclrole::regrole::text, defaclnamespace::regnamespace::text, defaclacl::text"
            " from pg_default_acl order by 1, 2"
        ).fetchall()
        found["functions"] = connection.execute(
            "select oid::regprocedure::text, prosrc, proacl::text is null from pg_proc"
            " where pronamespace::regnamespace::text in ('ops', 'published') order by 1"
        ).fetchall()
    return found


def files(of: Settings) -> dict[str, tuple[str, int]]:
    """Hash and permissions of each file of the state, by its path in the home."""
    return {
        str(path.relative_to(of.home)): (archive.sha256_of(path), path.stat().st_mode & 0o777)
        for folder in (of.archive, of.rejected, of.landing, of.data_docs)
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_restored_into_an_empty_home_it_is_the_same_warehouse(
    original: Settings, saved: Path, empty_home: Settings, sample_feeds: Path
) -> None:
    of = empty_home
    done = wres(of, "restore", saved)
    assert done.exit_code == 0, done.stderr
    assert "releases: 2" in done.stdout
    restored, expected = contents(of), contents(original)
    assert restored.keys() == expected.keys()
    for name in expected:
        assert restored[name] == expected[name], name
    assert files(of) == files(original)
    assert any(mode == 0o444 for _, mode in files(of).values())
    assert not list(of.home.glob(".restore-*"))
    # Passwords are the new home's own, and the old one's open nothing.
    assert of.credentials.read_text() != original.credentials.read_text()

    status = json.loads(wres(of, "status", "--json").stdout)
    assert status["release"]["release_id"] == 2
    assert [Path(name).name for name in status["waiting"]] == ["new.csv"]
    assert len(status["rejected"]) == 1
    assert (of.home / status["rejected"][0]["report"]).exists()
    again = wres(of, "load", sample_feeds)
    assert again.exit_code == 0
    assert again.stdout.count("already known") == len([path for path in sample_feeds.rglob("*") if path.is_file()])
    assert wres(of, "rollback", 1).exit_code == 0
    with psycopg.connect(warehouse.dsn(of, "bi_reader")) as connection:
        assert connection.execute("select release_id from published.release where is_current").fetchone() == (1,)
        assert connection.execute("select count(*) > 0 from published.indicator_result").fetchone() == (True,)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("select from restricted.indicator_result")


def test_what_is_not_empty_is_replaced_by_command_only(
    original: Settings, saved: Path, published_sample: Settings, copy_warehouse: Callable[[Settings], Settings]
) -> None:
    of = copy_warehouse(published_sample)
    before = contents(of), files(of)
    refused = wres(of, "restore", saved)
    assert refused.exit_code == 2
    assert "not empty: it holds a database (files: 8, releases: 1)" in refused.stderr
    assert "--force" in refused.stderr
    assert (contents(of), files(of)) == before
    assert wres(of, "restore", "--force", saved).exit_code == 0
    assert (contents(of), files(of)) == (contents(original), files(original))


def test_from_the_embedded_server_to_one_of_the_users_own_and_a_run_there(
    original: Settings, saved: Path, server_home: Settings, tmp_path: Path, sample_feeds: Path
) -> None:
    """Whose administrator has another name and is no superuser, as on a managed service."""
    with psycopg.connect(postgres.administrator_dsn(server_home, "postgres"), autocommit=True) as connection:
        connection.execute("create role keeper login createrole createdb password 'keeper''s'")
        connection.execute("create database kept owner keeper")
        # Roles belong to the server: on this one another administrator has made them.
        groups = ", ".join((*warehouse.GROUPS, *(warehouse.login(group) for group in warehouse.GROUPS)))
        connection.execute(f"grant {groups}, airflow to keeper with admin option")
    try:
        url = psycopg.conninfo.make_conninfo(
            postgres.administrator_dsn(server_home, "kept"), user="keeper", password="keeper's"
        )
        of = replace(original, home=tmp_path / "home", warehouse_url=url)
        of.home.mkdir()
        shutil.copy(original.credentials, of.credentials)
        done = wres(of, "restore", saved)
        assert done.exit_code == 0, done.stderr
        restored, expected = contents(of), contents(original)
        for name in expected.keys() - {"owners and rights", "schemas"}:
            assert restored[name] == expected[name], name
        assert wres(of, "rollback", 1).exit_code == 0
        # What the roles own and may do is enough to load, judge, stage, publish and drop.
        stage_candidate(of, "third", gate_passed=True)
        published = wres(replace(of, keep_releases=1), "publish")
        assert published.exit_code == 0, published.stderr
        assert [release["release_id"] for release in json.loads(wres(of, "releases", "--json").stdout)] == [3, 2, 1]
    finally:
        with psycopg.connect(postgres.administrator_dsn(server_home, "postgres"), autocommit=True) as connection:
            connection.execute("drop database kept with (force)")
            connection.execute("drop owned by keeper cascade")
            connection.execute("drop role keeper")


def test_backup_is_private_whole_and_without_secrets(original: Settings, saved: Path) -> None:
    assert saved.stat().st_mode & 0o777 == 0o600
    assert not list(saved.parent.glob(".wres-backup-*"))
    with tarfile.open(saved) as tar:
        names = tar.getnames()
        assert names[0] == "warehouse.dump" and names[-1] == "manifest.json"
        assert set(names) - {"warehouse.dump", "manifest.json"} == set(files(original))
        secrets = [line.partition("=")[2].encode() for line in original.credentials.read_text().splitlines()]
        for member in tar:
            text = tar.extractfile(member).read()  # type: ignore[union-attr]
            assert not [secret for secret in secrets if secret and secret in text], member.name
    again = wres(original, "backup", saved)
    assert again.exit_code == 2
    assert "exists already" in again.stderr
    inside = wres(original, "backup", original.landing / "wres.tar.gz")
    assert inside.exit_code == 2
    assert "part of itself" in inside.stderr
    nowhere = wres(original, "backup", saved.parent / "no such folder" / "wres.tar.gz")
    assert nowhere.exit_code == 2


def test_programs_of_postgres_protect_their_connection_as_the_address_says(original: Settings) -> None:
    of = replace(original, warehouse_url=f"{original.warehouse_url}?channel_binding=prefer&require_auth=scram-sha-256")
    environment = backup._environment(of)
    assert (environment["PGCHANNELBINDING"], environment["PGREQUIREAUTH"]) == ("prefer", "scram-sha-256")


def test_backup_waits_for_what_moves_files_and_builds(original: Settings, tmp_path: Path) -> None:
    """Neither a load that is settling its file nor a publish is caught in the middle."""
    file = tmp_path / "wres.tar.gz"
    saving = threading.Thread(target=lambda: wres(original, "backup", file))
    with archive.held(original), warehouse.writer(original):
        saving.start()
        time.sleep(1.5)
        assert not list(tmp_path.iterdir())
    saving.join(PATIENCE)
    assert backup.verify(file).releases == 2


def test_killed_while_saving_or_restoring(
    original: Settings,
    saved: Path,
    published_sample: Settings,
    copy_warehouse: Callable[[Settings], Settings],
    tmp_path: Path,
    faults: Faults,
) -> None:
    file = tmp_path / "wres.tar.gz"
    with faults("kill -9", "backup: all packed, without its name"):
        dead(started(original, "backup", file, point=("before pathlib:Path.rename", 1)))
        assert not file.exists()
        finished(started(original, "backup", file))
        assert backup.verify(file).releases == 2
    of = copy_warehouse(published_sample)
    before = contents(of), files(of)
    with ExitStack() as survived:
        for moment, count in (
            ("schemas dropped and made, nothing committed", 1),
            ("rows copied, nothing committed", 2),
        ):
            survived.enter_context(faults("kill -9", f"restore: {moment}"))
            dead(started(of, "restore", "--force", saved, point=("after wres.backup:_section", count)))
            wait_until(of, "not exists (select from pg_stat_activity where application_name = 'psql')")
            assert (contents(of), files(of)) == before
        survived.enter_context(faults("kill -9", "restore: the database restored, the files not"))
        dead(started(of, "restore", "--force", saved, point=("before wres.backup:_move", 1)))
        finished(started(of, "restore", "--force", saved))
        assert (contents(of), files(of)) == (contents(original), files(original))


# -- Files that are no sound backup -------------------------------------------------------------------------------------


def rewritten(
    saved: Path, file: Path, change: Callable[[tarfile.TarInfo, bytes], tuple[tarfile.TarInfo, bytes]]
) -> None:
    """A copy of a backup in which each member has gone through a function."""
    with tarfile.open(saved) as old, tarfile.open(file, "w:gz") as new:
        for member in old:
            member, content = change(member, old.extractfile(member).read())  # type: ignore[union-attr]
            member.size = len(content)
            new.addfile(member, io.BytesIO(content))


def cut_short(saved: Path, file: Path) -> None:
    file.write_bytes(saved.read_bytes()[: saved.stat().st_size // 2])


def without_its_end(saved: Path, file: Path) -> None:
    """As of a tar whose writer was stopped between two members."""
    with tarfile.open(saved) as old, tarfile.open(file, "w:gz") as new:
        for member in old.getmembers()[:-1]:
            new.addfile(member, old.extractfile(member))


def one_bit_flipped(saved: Path, file: Path) -> None:
    content = bytearray(saved.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def one_archived_cell_changed(saved: Path, file: Path) -> None:
    def change(member: tarfile.TarInfo, content: bytes) -> tuple[tarfile.TarInfo, bytes]:
        return member, content.replace(b"SYNTHETIC", b"synthetic", 1) if member.name.endswith(".csv") else content

    rewritten(saved, file, change)


def of_a_later_format(saved: Path, file: Path) -> None:
    def change(member: tarfile.TarInfo, content: bytes) -> tuple[tarfile.TarInfo, bytes]:
        return member, content.replace(b'"format": 1', b'"format": 9') if member.name == "manifest.json" else content

    rewritten(saved, file, change)


def climbing_out(saved: Path, file: Path) -> None:
    def change(member: tarfile.TarInfo, content: bytes) -> tuple[tarfile.TarInfo, bytes]:
        if member.name.startswith("landing/"):
            member.name = "landing/../../../climbed.csv"
        return member, content

    rewritten(saved, file, change)


def holding_a_link(saved: Path, file: Path) -> None:
    with tarfile.open(file, "w:gz") as tar:
        link = tarfile.TarInfo("landing/link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)


def of_another_program(saved: Path, file: Path) -> None:
    with tarfile.open(file, "w:gz") as tar:
        tar.add(__file__, "etc/passwd")


def no_archive_at_all(saved: Path, file: Path) -> None:
    file.write_text("<html>Your session has expired</html>")


def another_compressed_file(saved: Path, file: Path) -> None:
    with gzip.open(file, "wb") as out:
        out.write(b"a,b\n1,2\n" * 1000)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (cut_short, "cut short"),
        (without_its_end, "cut short or damaged: it does not end with manifest.json"),
        (one_bit_flipped, "damaged|is not what was saved"),
        (one_archived_cell_changed, r"archive/\S+.*csv is not what was saved"),
        (of_a_later_format, "has format 9; this version of wres reads format 1"),
        (climbing_out, "is no backup: it holds 'landing/../../../climbed.csv'"),
        (holding_a_link, "is no backup: it holds 'landing/link'"),
        (of_another_program, "is no backup: it holds 'etc/passwd'"),
        (no_archive_at_all, "is no backup"),
        (another_compressed_file, "is no backup"),
    ],
)
def test_what_is_no_sound_backup_is_refused_before_anything_is_touched(
    saved: Path, tmp_path: Path, original: Settings, make: Callable[[Path, Path], None], says: str
) -> None:
    file = tmp_path / "given.tar.gz"
    make(saved, file)
    of = replace(original, home=tmp_path / "home", warehouse_url=None)
    done = wres(of, "restore", file)
    assert done.exit_code == 2, done.stderr
    assert re.search(says, done.stderr), done.stderr
    assert not of.home.exists()
    assert list(tmp_path.iterdir()) == [file]


def test_restore_that_the_server_refuses_leaves_everything_as_it_was(
    saved: Path, published_sample: Settings, copy_warehouse: Callable[[Settings], Settings]
) -> None:
    of = copy_warehouse(published_sample)
    before = contents(of), files(of)
    with administrator(of) as connection:
        # Nobody may make what is restored last: indexes.
        connection.execute(
            "create function refuse() returns event_trigger language plpgsql as $$ begin raise 'no index today'; end $$"
        )
        connection.execute(
            "create event trigger refuse on ddl_command_start when tag in ('CREATE INDEX') execute function refuse()"
        )
    done = wres(of, "restore", "--force", saved)
    with administrator(of) as connection:
        connection.execute("drop event trigger refuse")
        connection.execute("drop function refuse")
    assert done.exit_code == 4
    assert "was not restored and is as it was" in done.stderr and "no index today" in done.stderr
    assert (contents(of), files(of)) == before
