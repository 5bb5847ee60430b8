"""Services that outlive the command that starts them: remembered in a file of their folder, found again, ended whole."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import socket
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

HOST = "127.0.0.1"
_LOG_TAIL = 25


class ServiceError(RuntimeError):
    """A service did not start; the message names the process and carries the tail of its log."""


@dataclass(frozen=True)
class Service:
    """A running service.

    Attributes:
        port: of the web page and API.
        processes: pid and creation time (a pid alone may have been given to another process since) by name.
        host: the address of this machine on which it listens.
    """

    port: int
    processes: dict[str, tuple[int, float]]
    host: str = HOST

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"


def running(folder: Path) -> Service | None:
    """Return the service of this folder if all its processes are up, else None."""
    service = _remembered(folder)
    if service is None or any(alive(*held) is None for held in service.processes.values()):
        return None
    return service


def launch(
    command: Sequence[str], *, environment: Mapping[str, str], folder: Path, log_file: Path
) -> tuple[int, float]:
    """Start a process in ``folder`` that logs to ``log_file``; returns its pid and creation time."""
    with log_file.open("w") as log:
        # A session of its own: Ctrl-C at the terminal ends the waiting command, which then stops the service in order.
        process = subprocess.Popen(
            command,
            env=environment,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    return process.pid, psutil.Process(process.pid).create_time()


def alive(pid: int, created: float) -> psutil.Process | None:
    """The process, unless it ended (or ended and its pid was given to another)."""
    try:
        process = psutil.Process(pid)
        if abs(process.create_time() - created) > 1 or process.status() == psutil.STATUS_ZOMBIE:
            return None
    except psutil.NoSuchProcess:
        return None
    return process


def end(folder: Path, *, grace_seconds: float, first: Sequence[str] = ()) -> bool:
    """End all processes of the remembered service, with their children, and forget it; True if there was one.

    Args:
        folder: of the service.
        grace_seconds: what a process gets to end by itself before it is killed.
        first: names of the processes that are ended before the others, one after the other.
    """
    service = _remembered(folder)
    if service is None:
        return False
    found = {name: process for name, held in service.processes.items() if (process := alive(*held))}
    _end_groups(_orphans(held for name, held in service.processes.items() if name not in found), grace_seconds)
    for early in first:
        _end_groups([process for name, process in found.items() if name == early], grace_seconds)
    _end_groups([process for name, process in found.items() if name not in first], grace_seconds)
    (folder / "service.json").unlink(missing_ok=True)
    return bool(found)


def remember(folder: Path, service: Service) -> None:
    """Write down what was started, for the commands that come later."""
    path = folder / "service.json"
    partial = path.with_suffix(".part")
    partial.write_text(json.dumps(asdict(service)))
    partial.replace(path)


def free_port(memory: Path, usual: int = 0, host: str = HOST) -> int:
    """The port used last time if it is free still, so that bookmarks and saved connections keep working, else any free one.

    Args:
        memory: file that keeps the number.
        usual: port to try the first time; 0 takes any.
        host: address of this machine on which it shall be free.

    Raises:
        ServiceError: there is none.
    """
    wanted = int(memory.read_text()) if memory.exists() else usual
    for candidate in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, candidate))
            except OSError:
                continue
            port: int = probe.getsockname()[1]
            memory.write_text(str(port))
            return port
    raise ServiceError(f"There is no free TCP port on {host}, or it is no address of this machine.")


@contextmanager
def lock(path: Path) -> Iterator[None]:
    """One start or stop of a service at a time, by a lock on the file ``path``."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def log_tail(log_file: Path, lines: int = _LOG_TAIL) -> str:
    """The last lines of a process's log, for error messages."""
    text = log_file.read_text(errors="replace") if log_file.exists() else "(no log)"
    return "\n".join(text.splitlines()[-lines:])


def _remembered(folder: Path) -> Service | None:
    try:
        held = json.loads((folder / "service.json").read_text())
    except FileNotFoundError:
        return None
    processes = {name: (pid, created) for name, (pid, created) in held["processes"].items()}
    return Service(held["port"], processes, held.get("host", HOST))


def _orphans(leaders: Iterable[tuple[int, float]]) -> list[psutil.Process]:
    """What leaders that were killed have left running, by their sessions.

    A scheduler's workers keep its connections to the database open, and with them its locks: the next one would wait for ever.
    """
    gone = set()
    for pid, created in leaders:
        with contextlib.suppress(psutil.NoSuchProcess):
            if abs(psutil.Process(pid).create_time() - created) > 1:
                continue  # the number is another process's now, so that nothing is left of the session
        gone.add(pid)
    left = []
    for process in psutil.process_iter() if gone else ():
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if os.getsid(process.pid) in gone:
                left.append(process)
    return left


def _end_groups(leaders: list[psutil.Process], grace_seconds: float) -> None:
    """End processes and all that they started: politely, then by force."""
    family = _with_children(leaders)
    for leader in leaders:
        with contextlib.suppress(psutil.NoSuchProcess):
            leader.terminate()
    _, still = psutil.wait_procs(leaders, timeout=grace_seconds)
    family |= _with_children(still)
    for leader in leaders:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(leader.pid, signal.SIGKILL)
    for member in family:
        with contextlib.suppress(psutil.NoSuchProcess):
            member.kill()
    psutil.wait_procs(list(family), timeout=grace_seconds)


def _with_children(processes: list[psutil.Process]) -> set[psutil.Process]:
    family = set(processes)
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            family |= set(process.children(recursive=True))
    return family
