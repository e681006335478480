"""Settings: from the environment, and a secret key that is made once."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from portal.config import ROOT, Settings, SettingsError, read_settings


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


# ---------------------------------------------------------------- OpenID providers

PROVIDER = {
    "PORTAL_OIDC_ALPHA_ID_ISSUER": "https://id.alpha.example",
    "PORTAL_OIDC_ALPHA_ID_CLIENT_ID": "portal",
    "PORTAL_OIDC_ALPHA_ID_CLIENT_SECRET": "not for logs",
}


def test_providers_come_from_the_environment_by_name(tmp_path):
    settings = read_settings(
        {
            "PORTAL_INSTANCE": str(tmp_path),
            **PROVIDER,
            "PORTAL_OIDC_ALPHA_ID_LABEL": "Alpha ID",
            "PORTAL_OIDC_ALPHA_ID_ACR_VALUES": " strong  stronger ",
            "PORTAL_OIDC_AA_ISSUER": "http://localhost:9000/realm",
            "PORTAL_OIDC_AA_CLIENT_ID": "x",
            "PORTAL_OIDC_AA_CLIENT_SECRET": "y",
            "PORTAL_OIDC_AA_SCOPE": "openid",
        }
    )
    aa, alpha = settings.providers
    assert (aa.name, aa.label, aa.scope, aa.is_enough) == ("aa", "localhost", "openid", False)
    assert (alpha.name, alpha.label) == ("alpha-id", "Alpha ID")
    assert (alpha.acr_values, alpha.is_enough) == (("strong", "stronger"), True)
    assert alpha.scope == "openid email"
    assert "not for logs" not in repr(settings)


@pytest.mark.parametrize("key", ["rsa", "p256"])
def test_a_provider_may_know_the_portal_by_a_key(tmp_path, key):
    made = (
        rsa.generate_private_key(65537, 2048)
        if key == "rsa"
        else ec.generate_private_key(ec.SECP256R1())
    )
    (tmp_path / "key.pem").write_bytes(pem_of(made))
    given = dict(PROVIDER)
    del given["PORTAL_OIDC_ALPHA_ID_CLIENT_SECRET"]
    (it,) = read_settings(
        {
            "PORTAL_INSTANCE": str(tmp_path),
            **given,
            "PORTAL_OIDC_ALPHA_ID_PRIVATE_KEY": str(tmp_path / "key.pem"),
            "PORTAL_OIDC_ALPHA_ID_KEY_ID": "2027",
        }
    ).providers
    assert it.private_key.startswith("-----BEGIN PRIVATE KEY-----")
    assert it.key_id == "2027"
    assert "PRIVATE" not in repr(it)


def pem_of(key):
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"ISSUER": ""}, "ALPHA_ID_ISSUER is missing"),
        ({"CLIENT_ID": ""}, "ALPHA_ID_CLIENT_ID is missing"),
        ({"CLIENT_SECRET": ""}, "Set one of"),
        ({"PRIVATE_KEY": "/nowhere"}, "Set one of"),
        ({"CLIENT_SECRET": "", "PRIVATE_KEY": "/nowhere"}, "No such file"),
        ({"CLIENT_SECRET": "", "PRIVATE_KEY": __file__}, "holds no plain PEM key"),
        ({"ISSUER": "http://id.alpha.example"}, "must be an https:// address"),
        ({"ISSUER": "id.alpha.example"}, "must be an https:// address"),
        ({"ISSUER": "https://id.alpha.example/?x=1"}, "must be an https:// address"),
        ({"ISSUER": "https://me@id.alpha.example"}, "must be an https:// address"),
        ({"ISSUER": f"https://id.example/{'x' * 300}"}, "longer than 300"),
        ({"LABEL": "x" * 61}, "longer than 60"),
        ({"SCOPE": "email"}, "the word openid"),
        ({"CLIENTID": "x"}, "PORTAL_OIDC_ALPHA_ID_CLIENTID is no setting"),
    ],
)
def test_a_wrong_setting_of_a_provider_is_said_at_the_start(tmp_path, changes, words):
    named = {f"PORTAL_OIDC_ALPHA_ID_{name}": value for name, value in changes.items()}
    with pytest.raises(SettingsError, match=words):
        read_settings({"PORTAL_INSTANCE": str(tmp_path), **PROVIDER, **named})


def test_a_short_key_is_refused(tmp_path):
    (tmp_path / "key.pem").write_bytes(pem_of(ec.generate_private_key(ec.SECP384R1())))
    given = {**PROVIDER, "PORTAL_OIDC_ALPHA_ID_PRIVATE_KEY": str(tmp_path / "key.pem")}
    given["PORTAL_OIDC_ALPHA_ID_CLIENT_SECRET"] = ""
    with pytest.raises(SettingsError, match="RSA of 2048 bits or more, or P-256"):
        read_settings({"PORTAL_INSTANCE": str(tmp_path), **given})


def test_the_command_line_says_it_in_one_line(tmp_path):
    words = {**os.environ, **PROVIDER, "PORTAL_INSTANCE": str(tmp_path)}
    words["PORTAL_OIDC_ALPHA_ID_ISSUER"] = "http://id.alpha.example"
    command = [sys.executable, "-c", "from portal.app import main; main()", "doctor"]
    done = subprocess.run(
        command, env=words, cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    said = "Error: PORTAL_OIDC_ALPHA_ID_ISSUER must be an https:// address without ? and #.\n"
    assert done.stderr == said
