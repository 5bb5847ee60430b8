"""What comes with the packages: a bill of materials of exactly the lock, and an audit that never keeps anybody waiting."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]


def make(target: str, **environment: str) -> str:
    ended = subprocess.run(
        ["make", "--no-print-directory", target],
        cwd=PROJECT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def test_bill_of_materials_names_what_the_lock_holds_with_its_hashes() -> None:
    assert "written: dist/sbom.cdx.json" in make("sbom")
    bill = json.loads((PROJECT / "dist/sbom.cdx.json").read_text())
    assert bill["bomFormat"] == "CycloneDX"
    assert bill["metadata"]["component"]["name"] == "wres-warehouse"
    named = {
        (part["name"], part["version"]): {
            found["content"] for reference in part["externalReferences"] for found in reference.get("hashes", ())
        }
        for part in bill["components"]
    }
    lock = re.sub(r"\\\n", " ", (PROJECT / "requirements.lock").read_text())
    locked = {
        (found[1], found[2]): set(re.findall(r"sha256:([0-9a-f]{64})", found[0]))
        for found in re.finditer(r"^([\w.-]+)(?:\[[^]]*\])?==([^ ;]+).*$", lock, re.MULTILINE)
    }
    assert len(locked) > 150
    assert named == locked
    ignored = subprocess.run(["git", "check-ignore", "-q", "dist/sbom.cdx.json"], cwd=PROJECT, check=False)
    assert ignored.returncode == 0 or not (PROJECT / ".git").exists()


def test_audit_without_a_database_says_so_and_does_not_wait() -> None:
    begun = time.monotonic()
    # Nobody listens on the discard port.
    printed = make(
        "audit", HTTPS_PROXY="http://127.0.0.1:9", https_proxy="http://127.0.0.1:9", NO_PROXY="", no_proxy=""
    )
    assert printed.splitlines()[-1] == "skipped: database not reachable"
    assert time.monotonic() - begun < 60
