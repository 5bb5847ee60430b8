"""Passwords of this warehouse: generated once, kept in ``credentials.env`` (mode 0600), never printed or logged."""

from __future__ import annotations

import fcntl
import os
import secrets

from wres.settings import Settings


def password(settings: Settings, name: str) -> str:
    """The password (or secret key) called ``name``, made on first use and the same ever after.

    The environment variable ``WRES_PASSWORD_<NAME>`` wins, for servers whose secrets come from elsewhere.
    """
    key = f"WRES_PASSWORD_{name.upper()}"
    if given := os.environ.get(key):
        return given
    settings.home.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(settings.credentials, os.O_RDWR | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        os.fchmod(file.fileno(), 0o600)
        content = file.read()
        for line in content.splitlines():
            held, _, value = line.partition("=")
            if held == key:
                return value
        value = secrets.token_urlsafe(24)
        file.write("" if not content or content.endswith("\n") else "\n")  # a person may have edited it
        file.write(f"{key}={value}\n")
        return value
