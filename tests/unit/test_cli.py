"""The command line: help, exit codes, output that other programs read, and messages without a traceback."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner
from commands import wres

from wres import __version__, warehouse
from wres.cli import _progress_bar, main
from wres.exit_codes import WRONG_USE
from wres.settings import Settings, settings

COMMANDS = {
    "accept", "audit", "backup", "bench", "build", "check", "dashboards", "demo", "diff", "docs", "down", "dsn", "export",
    "forget", "gate", "load", "migrate", "pack", "publish", "releases", "restore", "return", "rollback", "run", "sample",
    "status", "stop", "trace", "up", "withdraw", "worker",
}  # fmt: skip


@pytest.fixture(scope="module")
def empty(new_warehouse: Callable[..., Settings]) -> Settings:
    """A warehouse without a file."""
    return new_warehouse()


def test_the_commands_are_these() -> None:
    assert set(main.commands) == COMMANDS


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_help(command: str) -> None:
    shown = CliRunner().invoke(main, [command, "--help"])
    assert shown.exit_code == 0
    first = main.commands[command].help
    assert first and first.splitlines()[0] in " ".join(shown.output.split())
    assert shown.output == CliRunner().invoke(main, [command, "-h"]).output


def test_help_and_version_of_the_whole() -> None:
    shown = CliRunner().invoke(main, ["--help"]).output
    assert all(f"\n  {command} " in shown for command in COMMANDS)
    assert CliRunner().invoke(main, ["--version"]).output == f"wres, version {__version__}\n"


@pytest.mark.parametrize("role", ["analyst", "bi_reader", "wres_gate"])
def test_dsn_prints_the_uri_and_nothing_else(empty: Settings, role: str) -> None:
    shown = wres(empty, "dsn", "--role", role)
    assert (shown.exit_code, shown.stderr) == (0, "")
    assert re.fullmatch(rf"postgresql://{role}_login:\S+@127\.0\.0\.1:\d+/\S+\n", shown.stdout)
    with psycopg.connect(shown.stdout.strip()) as connection:
        assert connection.execute("select current_user").fetchone() == (f"{role}_login",)


def test_dsn_is_the_analysts_by_default(empty: Settings) -> None:
    assert wres(empty, "dsn").stdout.strip() == warehouse.dsn(empty, "analyst")


def test_an_empty_home_has_a_status(empty: Settings) -> None:
    shown = wres(empty, "status")
    assert shown.exit_code == 0
    assert "release    none yet: `wres run PATH` loads files of yours" in shown.stdout
    assert "staff_survey: period" in shown.stdout and "accepted so far: nothing" in shown.stdout
    told = json.loads(wres(empty, "status", "--json").stdout)
    assert told["release"] is None
    assert told["loads"] == told["rejected"] == told["waiting"] == told["problems"] == []
    assert json.loads(wres(empty, "releases", "--json").stdout) == []
    assert wres(empty, "releases").stdout == "Nothing is published yet: run `wres run PATH`.\n"


def test_the_status_of_a_published_warehouse(published_sample: Settings) -> None:
    told = json.loads(wres(published_sample, "status", "--json").stdout)
    assert (told["release"]["release_id"], told["release"]["is_synthetic"], told["release"]["inputs"]) == (1, True, 8)
    assert {load["state"] for load in told["loads"]} == {"accepted"}
    assert len(told["loads"]) == 8
    assert told["rejected"] == []
    text = wres(published_sample, "status").stdout
    assert re.search(r"^release    1, published \d{4}-\d\d-\d\d \d\d:\d\d UTC, 8 files, SYNTHETIC figures$", text, re.M)


def test_json_output_parses(published_sample: Settings) -> None:
    [release] = json.loads(wres(published_sample, "releases", "--json").stdout)
    assert release["is_current"] and release["inputs"] == 8
    assert json.loads(wres(published_sample, "diff", 1, 1, "--json").stdout)["changes"] == []
    traced = json.loads(wres(published_sample, "trace", "ENGLAND", 2025, 5, "--json").stdout)
    assert traced["figure"]["org_code"] == "ENGLAND"
    assert {cell["role"] for cell in traced["cells"]} == {"rate", "base"}


def test_releases_are_listed_and_pinned(
    published_sample: Settings, copy_warehouse: Callable[[Settings], Settings]
) -> None:
    of = copy_warehouse(published_sample)
    line = r"   1  \d{4}-\d\d-\d\d \d\d:\d\d UTC  8 inputs  current, synthetic\n"
    assert re.fullmatch(line, wres(of, "releases").stdout)
    assert wres(of, "releases", "--pin", 1).stdout.endswith("current, pinned, synthetic\n")
    assert re.fullmatch(line, wres(of, "releases", "--unpin", 1).stdout)


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["dsn", "--role", "king"], 2, "There is no role 'king'. Roles: "),
        (["rollback", "7"], 2, "There is no release 7; see `wres releases`."),
        (["releases", "--pin", "7"], 2, "There is no release 7 with tables; see `wres releases`."),
        (["diff", "1", "7"], 2, "Release 7 does not exist or is beyond retention; see `wres releases`."),
        (["trace", "ENGLAND", "2025", "5", "--release", "7"], 2, "Release 7 does not exist or is beyond retention"),
        (["trace", "ZZ9", "2025", "5"], 2, "no organisation or area has the code ZZ9."),
        (["return", "ZZ9", "2025", "none.xlsx"], 2, "Release 1 has no return or records of ZZ9 for WRES 2025"),
        (["return", "ZZ9", "2025", "none.csv"], 2, "'none.csv' is not the name of a workbook"),
        (
            ["return", "ZZ9", "2025", "none.xlsx", "--release", "7"],
            2,
            "Release 7 does not exist or is beyond retention",
        ),
        (["trace", "ENGLAND", "1999", "5"], 2, "It has years 2025 and indicators 5 (all), 6 (all)"),
        (["trace", "ENGLAND", "2025", "5", "--slice", "nights"], 2, "no figure for ENGLAND 2025 indicator 5 (nights)"),
        (
            ["accept", "V99", "--comment", "why not"],
            2,
            "V99 does not wait for a signature. Rules that do: G04, V17, V39.",
        ),
        (["gate"], 4, "There is no candidate to judge: run `wres build` first."),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_does_not_exist_is_said_in_one_line(
    published_sample: Settings, arguments: list[str], code: int, says: str
) -> None:
    refused = wres(published_sample, *arguments)
    assert refused.exit_code == code
    said = [line for line in refused.stderr.splitlines() if not re.match(r" +\d+\.\d s  ", line)]
    assert len(said) == 1 and said[0].startswith("wres: ") and says in said[0]
    assert refused.stdout == ""


@pytest.mark.parametrize(
    "arguments",
    [
        ["accept", "G04"],
        ["rollback", "one"],
        ["trace", "ENGLAND", "2025"],
        ["trace", "ENGLAND", "2025", "5", "--basis", "guess"],
        ["return", "RM3", "2025"],
        ["return", "RM3", "soon", "x.xlsx"],
        ["return", "RM3", "2025", "x.xlsx", "--basis", "survey"],
        ["trace", "ENGLAND", "2025", "5", "--as-at", "31/03/2025"],
        ["load"],
        ["sample", "x", "--years", "soon"],
        ["sample", "x", "--trusts", "2"],
        ["demo", "--landing", "nowhere"],
        ["no-such-command"],
        ["run", "--no-such-option"],
    ],
    ids=" ".join,
)
def test_wrong_use_is_2(empty: Settings, arguments: list[str]) -> None:
    wrong = wres(empty, *arguments)
    assert wrong.exit_code == 2
    assert wrong.stdout == "" and "Error: " in wrong.stderr


def test_trace_before_the_first_release(empty: Settings) -> None:
    refused = wres(empty, "trace", "RM3", 2025, 8)
    assert refused.exit_code == 4
    assert refused.stderr == "wres: Nothing is published yet: run `wres run` first.\n"


def test_a_return_before_the_first_release(empty: Settings, tmp_path: Path) -> None:
    refused = wres(empty, "return", "RM3", 2025, tmp_path / "x.xlsx")
    assert refused.exit_code == 4
    assert refused.stderr.splitlines()[-1] == "wres: Nothing is published yet: run `wres run` first."


def test_a_server_out_of_reach_is_one_sentence(empty: Settings) -> None:
    gone = replace(empty, warehouse_url="postgresql://postgres:secret@127.0.0.1:1/warehouse")
    refused = wres(gone, "releases")
    assert refused.exit_code == 4
    assert refused.stderr.startswith("wres: The warehouse server cannot be reached: ")
    assert "Traceback" not in refused.output and "secret" not in refused.output


def test_check_counts_sources_and_rules(empty: Settings) -> None:
    shown = wres(empty, "check")
    assert shown.exit_code == 0
    assert re.fullmatch(r"12 sources and \d+ rules are well-formed\.\n", shown.stdout)


def test_migrate_again_changes_nothing(empty: Settings) -> None:
    assert wres(empty, "migrate").stdout == "The warehouse is up to date.\n"


def test_sample_lists_what_it_wrote(empty: Settings, tmp_path: Path) -> None:
    shown = wres(empty, "sample", tmp_path, "--trusts", 5, "--years", "2024", "--staff", 20)
    assert shown.exit_code == 0
    assert sorted(shown.stdout.splitlines()) == sorted(str(path) for path in tmp_path.rglob("*") if path.is_file())


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("stream", "shows"), [(_Terminal(), "3/3"), (io.StringIO(), "3 of 3")], ids=["terminal", "file"]
)
def test_work_on_many_things_shows_how_many_are_done(
    stream: io.StringIO, shows: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stderr", stream)
    with _progress_bar(every=2) as (say, written):
        say("reading")
        for number in (1, 2, 3):
            written(number, 3, f"ZB{number}")
    said = stream.getvalue()
    assert shows in said
    assert ("━" in said) == stream.isatty()
    assert stream.isatty() or [line.split("  ")[-1] for line in said.splitlines()] == ["reading", "2 of 3", "3 of 3"]


def test_stop_with_nothing_running(tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["stop"], env={"WRES_HOME": str(tmp_path / "home")})
    assert (done.exit_code, done.stdout) == (0, "Nothing was running.\n")


@pytest.mark.parametrize(
    "address",
    [
        "words s3cret words",
        "postgresql://admin:s3cret%@db:5432/warehouse",
        "postgresql://admin:x@s3cret@db:5432/warehouse",
        "postgresql://admin:s3cret/x@db:5432/warehouse",
        "postgresql://db:s3cret/warehouse",
    ],
)
def test_an_address_that_is_none_is_named_and_not_repeated(tmp_path: Path, address: str) -> None:
    for variable in ("WRES_WAREHOUSE_URL", "WRES_REPLICA_URL"):
        done = CliRunner().invoke(main, ["status"], env={"WRES_HOME": str(tmp_path / "home"), variable: address})
        assert done.exit_code == WRONG_USE
        assert done.stderr.startswith(f"wres: {variable} is no address of a Postgres server. It has to look like ")
        assert "s3cret" not in done.output


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://admin:a%40%2F:#?@db.example.nhs.uk/warehouse?sslmode=verify-full",
        "postgresql://one:5432,two:5433/warehouse",
        "host=/var/run/postgresql dbname=warehouse",
    ],
)
def test_addresses_that_libpq_reads_are_taken_as_they_are(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setenv("WRES_WAREHOUSE_URL", address)
    assert settings().warehouse_url == address


def test_all_settings_that_are_no_numbers_are_named_at_once(tmp_path: Path) -> None:
    wrong = {
        "WRES_KEEP_RELEASES": "0",
        "WRES_WATCH_SECONDS": "ten",
        "WRES_PARALLEL_LOADS": "-1",
        "WRES_WORKBOOK_SECONDS": "",
    }
    done = CliRunner().invoke(main, ["status"], env={"WRES_HOME": str(tmp_path / "home"), **wrong})
    assert done.exit_code == WRONG_USE
    assert done.stderr.splitlines() == [
        "wres: WRES_PARALLEL_LOADS is '-1'. It has to be a whole number above 0; unset, it is 2.",
        "WRES_WATCH_SECONDS is 'ten'. It has to be a whole number above 0; unset, it is 600.",
        "WRES_KEEP_RELEASES is '0'. It has to be a whole number above 0; unset, it is 8.",
    ]
