"""Settings: from the environment, and a secret key that is made once."""

from __future__ import annotations

import subprocess
import sys

import pytest

from portal.config import ROOT, Settings, read_settings


def test_without_a_word_it_runs_on_sqlite_in_its_instance_folder(tmp_path):
    settings = read_settings({"PORTAL_INSTANCE": str(tmp_path / "here")})
    assert settings.database_url == f"sqlite:///{tmp_path}/here/portal.db"
    assert (tmp_path / "here").is_dir()
    assert not settings.is_https
    assert not settings.is_demo


def test_the_environment_decides(tmp_path):
    settings = read_settings(
        {
            "PORTAL_INSTANCE": str(tmp_path),
            "PORTAL_DATABASE_URL": "postgresql+psycopg://db/portal",
            "PORTAL_SECRET_KEY": "given",
            "PORTAL_BASE_URL": "https://portal.example.gov/",
            "PORTAL_DEMO": "1",
        }
    )
    assert settings.database_url == "postgresql+psycopg://db/portal"
    assert settings.secret_key == "given"
    assert settings.base_url == "https://portal.example.gov"
    assert settings.is_https
    assert settings.is_demo
    assert not (tmp_path / "secret-key").exists()


@pytest.mark.parametrize("word", ["", "0", "true", "yes"])
def test_the_demo_is_on_by_its_own_word_only(tmp_path, word):
    given = {"PORTAL_INSTANCE": str(tmp_path), "PORTAL_DEMO": word}
    assert not read_settings(given).is_demo


def test_a_secret_key_is_made_once_and_kept_for_its_owners_eyes(tmp_path):
    given = {"PORTAL_INSTANCE": str(tmp_path)}
    key = read_settings(given).secret_key
    assert len(key) >= 48
    assert read_settings(given).secret_key == key
    assert (tmp_path / "secret-key").stat().st_mode & 0o777 == 0o600
    assert [it.name for it in tmp_path.iterdir()] == ["secret-key"]
    other = read_settings({"PORTAL_INSTANCE": str(tmp_path / "other")})
    assert other.secret_key != key


def test_the_folder_it_makes_is_its_owners_and_one_that_was_there_stays_as_it_was(tmp_path):
    made, shared = tmp_path / "made", tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o755)
    for folder, mode in ((made, 0o700), (shared, 0o755)):
        for _ in range(2):
            read_settings({"PORTAL_INSTANCE": str(folder)})
        assert (folder / "secret-key").is_file()
        assert folder.stat().st_mode & 0o777 == mode


def test_a_kept_key_may_end_in_a_line_end(tmp_path):
    (tmp_path / "secret-key").write_text("kept by hand\n")
    assert read_settings({"PORTAL_INSTANCE": str(tmp_path)}).secret_key == "kept by hand"


def test_processes_that_start_together_agree_on_the_key(tmp_path):
    script = (
        "import sys, time; from portal.config import read_settings;"
        "sys.stdin.readline();"
        "print(read_settings({'PORTAL_INSTANCE': sys.argv[1]}).secret_key)"
    )
    started = [
        subprocess.Popen(
            [sys.executable, "-c", script, str(tmp_path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
        )
        for _ in range(6)
    ]
    keys = {process.communicate(b"\n", timeout=60)[0] for process in started}
    assert len(keys) == 1
    assert len(keys.pop().strip()) >= 48


def test_a_secret_is_not_shown_with_the_settings(tmp_path):
    settings = Settings(instance=tmp_path, database_url="sqlite://", secret_key="not for logs")
    assert "not for logs" not in repr(settings)
