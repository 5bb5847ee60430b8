"""The builders of tiny input files (``tests/support``) are plain modules; test folders are no packages."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.rows import DictRow, dict_row

from wres import run, warehouse
from wres.load import feed_files
from wres.settings import Settings

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from recompute import Recomputation
from whole_standard import write_whole_standard


@pytest.fixture(scope="session")
def whole_standard_feeds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A landing folder of every feed, three WRES years. Not to be changed."""
    folder = tmp_path_factory.mktemp("whole_standard")
    write_whole_standard(folder)
    return folder


@pytest.fixture(scope="session")
def whole_standard(new_warehouse: Callable[..., Settings], whole_standard_feeds: Path) -> Settings:
    """A warehouse whose release 1 is every feed: to be read, or copied and then changed. Takes a minute to make."""
    of = new_warehouse()
    loaded = run.load_and_judge(of, feed_files(of, [whole_standard_feeds]), None, lambda text: None)
    assert not loaded.rejected, [verdict.problems for verdict in loaded.rejected]
    code, sentence = run.build_and_publish(of, lambda text: None)
    assert code == run.OK, sentence
    return of


@pytest.fixture(scope="module")
def analyst(whole_standard: Settings) -> Iterator[psycopg.Connection[DictRow]]:
    """A connection of an analyst to it, whose rows are dictionaries."""
    with psycopg.connect(warehouse.dsn(whole_standard, "analyst"), autocommit=True, row_factory=dict_row) as connection:
        yield connection


@pytest.fixture(scope="session")
def recomputation(whole_standard_feeds: Path) -> Recomputation:
    """The same feeds, counted by the second hand."""
    return Recomputation.of_folder(whole_standard_feeds)
