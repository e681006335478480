"""The image and the compose file, as far as that goes without a container engine.

What the image would hold is put into a folder, and started there by the image's own command
with the settings of the compose file; its healthcheck then asks it.
"""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
import requests
import yaml

from portal.config import ROOT, read_settings
from tests.databases import Databases
from tests.live.server import KEY
from tests.live.several import Workers
from tests.notify.valkey import Valkey

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DEPLOY = ROOT / "deploy"
SERVICES = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
OURS = ("schema", "portal", "worker")
DOCKERFILE = (DEPLOY / "Dockerfile").read_text()

#: What deploy/.env says; PORTAL_METRICS_TOKEN is left out, as it may be.
ENV = {
    "PORTAL_HOST": "portal.example.gov",
    "PORTAL_SECRET_KEY": KEY,
    "POSTGRES_PASSWORD": "p4ss",
    "PORTAL_SMTP_URL": "smtp://mail.example.gov",
}


def filled_in(text: str) -> str:
    """Put what .env says in the place of variables. Source: Compose file, interpolation."""
    return re.sub(
        r"\$\{(\w+)(?::([-?])([^}]*))?\}",
        lambda it: ENV.get(it[1]) or (it[3] if it[2] == "-" else pytest.fail(it[0])),
        text,
    )


def settings_of(service: str) -> dict[str, str]:
    return {k: filled_in(str(v)) for k, v in SERVICES[service]["environment"].items()}


def said(word: str) -> list[str]:
    """Return the words of an instruction in exec form."""
    (found,) = re.findall(rf"^{word} \[(.*)\]$", DOCKERFILE, re.MULTILINE)
    return [it.strip().strip('"') for it in found.split(",")]


@dataclass
class Image(Workers):
    """What the image holds, run by its own command; for this machine only, on a free port."""

    def start(self) -> None:
        command = said("CMD")
        assert command[:5] == ["serve", "--host", "0.0.0.0", "--port", "8000"]  # noqa: S104
        assert int(command[command.index("--workers") + 1]) > 1
        super().start()


def unpacked(folder: Path) -> Path:
    """Return a folder with what the Dockerfile copies and nothing else."""
    for line in re.findall(r"^COPY (.*)$", DOCKERFILE, re.MULTILINE):
        *sources, target = shlex.split(line)
        for source in sources:
            if (ROOT / source).is_dir():
                without = shutil.ignore_patterns("__pycache__")
                shutil.copytree(ROOT / source, folder / target, ignore=without)
            else:
                shutil.copy(ROOT / source, folder / target)
    return folder


@pytest.fixture
def image(_databases_of_postgres: Databases, tmp_path: Path) -> Iterator[Image]:
    root = tmp_path / "image"
    root.mkdir()
    with _databases_of_postgres.lent_world() as (url, _), Valkey(tmp_path) as valkey:
        own = {"PORTAL_DATABASE_URL": url, "PORTAL_REDIS_URL": valkey.url}
        with Image(url, tmp_path, unpacked(root), more=settings_of("portal") | own) as server:
            yield server


def checked(image: Image) -> subprocess.CompletedProcess[str]:
    """Ask as the healthcheck does, inside the container."""
    _, python, flag, code = SERVICES["portal"]["healthcheck"]["test"]
    assert (python, flag) == ("/opt/portal/.venv/bin/python", "-c")
    assert ":8000/" in code
    return subprocess.run(
        [sys.executable, "-c", code.replace(":8000/", f":{image.port}/")],
        env=image.environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
def test_the_image_holds_what_the_portal_needs_and_is_found_healthy(image: Image):
    assert (image.root / "portal" / "app.py").exists(), "else what is installed here would run"
    assert checked(image).returncode == 0
    assert image.run("verify")
    by_nginx = {"Host": ENV["PORTAL_HOST"], "X-Forwarded-Proto": "https"}
    page = requests.get(f"{image.url}/sign-in", headers=by_nginx, timeout=5)
    assert page.status_code == 200
    for path in re.findall(r'(?:href|src)="(/static/[^"]+)"', page.text):
        assert requests.get(image.url + path, headers=by_nginx, timeout=5).status_code == 200
    port, image.port = image.port, 9  # nobody listens there
    assert checked(image).returncode != 0
    image.port = port


@pytest.mark.parametrize("service", OURS)
def test_settings_are_ones_that_the_portal_takes(service: str, tmp_path: Path):
    told = settings_of(service)
    taken = read_settings(told | {"PORTAL_INSTANCE": str(tmp_path)})
    assert taken.base_url == "https://portal.example.gov"
    assert taken.proxies == 1
    assert "postgres/portal" in taken.database_url
    assert "valkey" in taken.redis_url
    known = (ROOT / "docs" / "operations.md").read_text() + (ROOT / "README.md").read_text()
    assert [it for it in told if it not in known] == []


def test_what_must_be_said_in_env_has_no_other_value():
    text = (DEPLOY / "compose.yaml").read_text()
    for name in ("PORTAL_HOST", "PORTAL_SECRET_KEY", "POSTGRES_PASSWORD"):
        assert f"${{{name}:?" in text


def test_what_is_mounted_is_there_or_spoken_of():
    text = (DEPLOY / "compose.yaml").read_text()
    for service in SERVICES.values():
        for volume in service.get("volumes", ()):
            source = volume.partition(":")[0]
            if source.startswith("./"):
                assert (DEPLOY / source).exists() or f"deploy/{source[2:]}" in text


def test_nobody_has_more_than_they_need():
    for name in OURS:
        service: dict[str, Any] = SERVICES[name]
        assert service["read_only"]
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
    for name in ("postgres", "valkey"):
        assert "ports" not in SERVICES[name], "nobody outside reaches it"


def test_compose_understands_its_file(tmp_path: Path):
    asked = ["docker", "compose", "version"]
    if not shutil.which("docker") or subprocess.run(asked, capture_output=True).returncode:  # noqa: PLW1510
        pytest.skip("no docker compose here")
    env = tmp_path / "env"
    env.write_text("".join(f"{name}={value}\n" for name, value in ENV.items()))
    words = ["--env-file", str(env), "-f", str(DEPLOY / "compose.yaml"), "config", "--quiet"]
    done = subprocess.run(
        ["docker", "compose", *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
