"""A network of one's own with nothing in it but the machine itself, and the kernel's count of what tried to leave it."""

from __future__ import annotations

import ctypes
import fcntl
import os
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_NEW_NETWORK = 0x40000000  # CLONE_NEWNET
_GET_FLAGS, _SET_FLAGS, _UP = 0x8913, 0x8914, 0x1


@contextmanager
def own_network() -> Iterator[None]:
    """Move this thread, and all that it starts meanwhile, into a network that consists of the loopback device alone.

    Raises:
        PermissionError: only root may.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    before = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    try:
        if libc.unshare(_NEW_NETWORK) != 0:
            raise PermissionError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        try:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
                device = struct.pack("16sh14x", b"lo", 0)
                (flags,) = struct.unpack("16xh14x", fcntl.ioctl(any_socket, _GET_FLAGS, device))
                fcntl.ioctl(any_socket, _SET_FLAGS, struct.pack("16sh14x", b"lo", flags | _UP))
            yield
        finally:
            assert libc.setns(before, _NEW_NETWORK) == 0
    finally:
        os.close(before)


def attempts_to_leave() -> int:
    """How often any program in this network, whatever it is written in, wanted to reach an address outside of it.

    The kernel counts each connection and each packet (a name server's too) for which there is no route, IPv4 and IPv6, and
    each packet to a local port where nobody listens, as a local name server would be asked.
    """
    counters: dict[str, int] = {}
    lines = Path("/proc/thread-self/net/snmp").read_text().splitlines()
    for names, values in zip(lines[::2], lines[1::2], strict=True):
        kind, *fields = names.split()
        counters.update(zip((kind + field for field in fields), map(int, values.split()[1:]), strict=True))
    six = Path("/proc/thread-self/net/snmp6")
    if six.exists():
        counters.update((name, int(value)) for name, value in map(str.split, six.read_text().splitlines()))
    return sum(counters.get(name, 0) for name in ("Ip:OutNoRoutes", "Ip6OutNoRoutes", "Udp:NoPorts", "Udp6NoPorts"))
