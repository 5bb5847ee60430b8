"""The feed ``peer_groups``: one set that no attribute of its members would make."""

from __future__ import annotations

from wres.sample import records
from wres.sample.organisations import Register

HEADER = "peer_set,org_code\n"
PEER_SET = "SYNTHETIC improvement collaborative"


def feed(register: Register) -> bytes:
    """The file: every other open trust, in code order."""
    members = sorted(one.code for one in register.trusts)[::2]
    return records.csv_text(HEADER, ([PEER_SET, code] for code in members))
