"""The builders of tiny input files (``tests/support``) are plain modules; test folders are no packages."""

import functools
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from statistics_macros import Evaluate, evaluate_on

from wres import warehouse
from wres.settings import Settings


@pytest.fixture(scope="module")
def connection(new_warehouse: Callable[..., Settings]) -> Iterator[psycopg.Connection]:
    """A connection of the transformer to an empty warehouse, in autocommit."""
    with warehouse.connect(new_warehouse(), "wres_transformer", autocommit=True) as open_connection:
        yield open_connection


@pytest.fixture(scope="module")
def evaluate(connection: psycopg.Connection) -> Evaluate:
    """evaluate(call, columns, rows): a statistics macro's value for each row."""
    return functools.partial(evaluate_on, connection)
