"""A full disk, told from other failures wherever it shows, and said so that somebody can make room."""

from __future__ import annotations

import errno
import shutil

import psycopg

from wres.settings import Settings

_FULL = "No space left on device"
# Postgres writes its log in pieces of this size, and gives up where there is no room for the next one.
_LOG_SEGMENT_BYTES = 16 << 20


def full(settings: Settings, error: BaseException) -> str | None:
    """What is full and what to do, if a full disk is behind an error; None for any other error."""
    home = settings.home if settings.home.exists() else settings.home.parent
    own = settings.warehouse_url is None
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        what = f"the disk of {error.filename or home}"
    elif isinstance(error, psycopg.errors.DiskFull) or _FULL in str(error):
        what = f"the disk of the warehouse, {settings.pgdata}" if own else "the disk of the warehouse server"
    elif own and isinstance(error, psycopg.OperationalError) and shutil.disk_usage(home).free < _LOG_SEGMENT_BYTES:
        what = f"the disk of the warehouse, {settings.pgdata} (its server went away for want of room)"
    else:
        return None
    space = shutil.disk_usage(home)
    free = f" ({space.free >> 20:,} of {space.total >> 20:,} MB free)" if own or isinstance(error, OSError) else ""
    return (
        f"No space left: {what} is full{free}. Nothing half-done counts. Make room (old logs in {settings.logs}, files in"
        f" {settings.landing} that are archived, earlier releases: WRES_KEEP_RELEASES), then give the same command again."
    )
