"""``wres`` in a process that kills itself (SIGKILL) at a named point: ``python kill_point.py POINT COUNT -- load DIR``.

POINT is ``before`` or ``after`` and a function (``wres.archive:settle``) or the beginning of a statement (``sql:insert into
ops.file``); COUNT says at which of its calls. No code of the product knows about it, and nothing is cleaned up.
"""

from __future__ import annotations

import functools
import importlib
import os
import signal
import sys
from collections.abc import Callable
from typing import Any


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _wrapped(function: Callable[..., Any], when: str, count: int, applies: Callable[..., bool]) -> Callable[..., Any]:
    left = count

    @functools.wraps(function)
    def wrapper(*arguments: Any, **named: Any) -> Any:
        nonlocal left
        left -= applies(*arguments)
        if left == 0 and when == "before":
            _die()
        result = function(*arguments, **named)
        if left == 0:
            _die()
        return result

    return wrapper


def _text(connection: Any, statement: Any) -> str:
    return statement if isinstance(statement, str) else statement.as_string(connection)


def arm(point: str, count: int) -> None:
    when, _, where = point.partition(" ")
    module, _, name = where.partition(":")
    if module == "sql":
        import psycopg

        def begins(connection: Any, statement: Any, *_: Any) -> bool:
            return _text(connection, statement).strip().startswith(name)

        psycopg.Connection.execute = _wrapped(psycopg.Connection.execute, when, count, begins)  # type: ignore[method-assign]
        return
    owner: Any = importlib.import_module(module)
    *path, attribute = name.split(".")
    for part in path:
        owner = getattr(owner, part)
    setattr(owner, attribute, _wrapped(getattr(owner, attribute), when, count, lambda *_: True))


if __name__ == "__main__":
    import wres.cli

    point, count, _, *command = sys.argv[1:]
    arm(point, int(count))
    wres.cli.main(command)
