"""The systemd units, as the programs read them that are to use them."""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from portal.config import ROOT

if TYPE_CHECKING:
    from pathlib import Path

DEPLOY = ROOT / "deploy"
SERVICES = sorted(DEPLOY.glob("*.service"))
MOST_EXPOSED = 2.0

needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="no systemd-analyze here"
)


def said_by(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False)


@needs_systemd
@pytest.mark.parametrize("unit", SERVICES, ids=lambda it: it.name)
def test_a_service_is_exposed_little(unit: Path):
    said = said_by("systemd-analyze", "security", "--offline=true", str(unit)).stdout
    found = re.search(r"Overall exposure level for \S+: ([\d.]+)", said)
    assert found, said
    assert float(found[1]) <= MOST_EXPOSED


@needs_systemd
@pytest.mark.parametrize("unit", [*SERVICES, *DEPLOY.glob("*.timer")], ids=lambda it: it.name)
def test_a_unit_is_understood(unit: Path, tmp_path: Path):
    """The programs stand elsewhere on this machine; nothing else may be wrong."""
    for it in DEPLOY.glob("portal*"):
        (tmp_path / it.name).write_text(
            re.sub(r"/opt/portal/\.venv/bin/\w+", "/bin/true", it.read_text())
        )
    said = said_by("systemd-analyze", "verify", "--man=no", str(tmp_path / unit.name)).stderr
    ours = [line for line in said.splitlines() if str(tmp_path) in line]
    assert ours == []


def test_the_three_services_are_hardened_alike():
    parts = [it.read_text().partition("CapabilityBoundingSet=")[2] for it in SERVICES]
    assert len({part.partition("[Install]")[0].strip() for part in parts}) == 1


@pytest.mark.one_backend
def test_a_command_of_a_unit_is_one_of_the_portals(make_app, database_url):
    del database_url
    known = set(make_app().cli.commands)
    for unit in SERVICES:
        commands = re.findall(r"/\.venv/bin/portal (\w+)", unit.read_text())
        assert commands
        assert set(commands) <= known
