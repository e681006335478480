"""`portal import-alerts`: a file, standard input or an address, whole or not at all."""

from __future__ import annotations

import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from threading import Thread
from urllib.error import HTTPError
from urllib.request import Request

import pytest
from sqlalchemy import func, select

from portal.alerts.geojson import MAX_BYTES
from portal.cli import alerts as command
from portal.core.actor import SYSTEM
from portal.feed.models import Post
from tests.alerts.stories import REAL_PATH, file, told, undecided
from tests.factories import close_incident, open_incident
from tests.journal.reading import dump

ALERT = told("first", 0)
UPDATE = told("second", 10, ALERT)
GOOD = file(ALERT, UPDATE)


@pytest.fixture
def portal_import(app):
    """Return the command; it answers with its exit code, what it told, and its complaint."""

    def run(*arguments, **given):
        result = app.test_cli_runner().invoke(args=["import-alerts", *arguments], **given)
        assert result.exception is None or isinstance(result.exception, SystemExit)
        return result.exit_code, result.stdout, result.stderr

    return run


@pytest.fixture
def good(tmp_path):
    path = tmp_path / "alerts.json"
    path.write_bytes(GOOD)
    return str(path)


TOLD = """2 alerts read for incident EX27:
      1 new, waiting at the desk
      1 updating or cancelling one that is here, waiting at the desk
      0 left out, here already
      0 left out, an update of it is here already
      0 left out, no real alert
      0 left out, not for this incident's counties
      0 left out, over already
"""


# ---------------------------------------------------------------- files


@pytest.mark.one_backend
def test_a_file_is_brought_in_and_counted(portal_import, session, world, good):
    assert portal_import(good) == (0, TOLD, "")
    assert undecided(session, world.incident) == ["second"]
    code, told_again, _ = portal_import(good)
    assert (code, told_again.splitlines()[3].split()[0]) == (0, "2")


@pytest.mark.one_backend
def test_standard_input_is_a_file_too(portal_import, session, world):
    assert portal_import("-", input=GOOD) == (0, TOLD, "")
    assert undecided(session, world.incident) == ["second"]


@pytest.mark.one_backend
def test_the_real_file_is_counted_whole(portal_import, world):
    code, said, _ = portal_import(str(REAL_PATH))
    assert code == 0
    assert said.startswith(f"137 alerts read for incident {world.code}:\n")
    counts = [int(line.split()[0]) for line in said.splitlines()[1:]]
    assert (sum(counts), counts[5]) == (137, 137)


@pytest.mark.one_backend
def test_the_incident_is_the_current_one_unless_named(portal_import, session, world, good):
    earnest = open_incident(session, SYSTEM, code="REAL", is_exercise=False)
    assert portal_import(good, "--incident", world.code)[0] == 0
    assert undecided(session, earnest) == []
    assert portal_import(good)[1].startswith("2 alerts read for incident REAL:")
    assert undecided(session, earnest) == ["second"]


@pytest.mark.one_backend
def test_what_cannot_be_is_said_in_a_line(portal_import, session, world, good, tmp_path):
    close_incident(session, world.incident)
    before = dump(session)
    for arguments, why in (
        ((good, "--incident", "NONE"), "There is no incident NONE."),
        ((good, "--incident", world.code), "Incident EX27 is closed."),
        (("nowhere.json",), "nowhere.json cannot be read: No such file or directory."),
        ((str(tmp_path),), f"{tmp_path} cannot be read: Is a directory."),
    ):
        assert portal_import(*arguments) == (1, "", f"Error: {why}\n")
    assert dump(session) == before


@pytest.mark.one_backend
def test_a_database_of_another_time_is_refused(portal_import, database, good):
    with database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0001'")
    code, _, why = portal_import(good)
    assert (code, why) == (1, "Error: The database needs `portal db upgrade` first.\n")


BROKEN = {
    "nothing": b"",
    "a page of a proxy": b"<html>Please sign in</html>",
    "cut off": GOOD[:-20],
    "two files in one": GOOD + GOOD,
    "another coding": GOOD.decode().encode("utf-16"),
    "no collection": b'{"type": "Feature"}',
    "no features": b'{"type": "FeatureCollection"}',
    "an alert that is a number": b'{"type": "FeatureCollection", "features": [7]}',
    "no time of sending": file(ALERT, UPDATE | {"sent": None}),
    "a time without its zone": file(ALERT, UPDATE | {"expires": "2027-04-21T14:05:00"}),
    "a status that there is not": file(ALERT, UPDATE | {"status": "Real"}),
    "references in words": file(ALERT, UPDATE | {"references": "the first"}),
    "a county in words": file(ALERT, UPDATE | {"geocode": {"SAME": ["Jasper"]}}),
    "one alert with two meanings": file(ALERT, ALERT | {"event": "Other"}),
    "too large": GOOD + b" " * MAX_BYTES,
}


@pytest.mark.one_backend
@pytest.mark.parametrize("raw", BROKEN.values(), ids=BROKEN)
def test_a_broken_file_is_refused_whole(portal_import, session, world, raw):
    del world
    before = dump(session)
    code, said, why = portal_import("-", input=raw)
    assert (code, said) == (1, "")
    assert why.startswith("Error: Nothing was brought in: ")
    assert len(why.splitlines()) == 1
    assert dump(session) == before


# ---------------------------------------------------------------- addresses


class Service(BaseHTTPRequestHandler):
    """What the Weather Service might answer, by the path that is asked for."""

    asked: dict[str, str]

    def do_GET(self):
        type(self).asked = dict(self.headers)
        name = self.path.strip("/")
        if name.startswith("to="):
            self.answer(302, b"", Location=name.removeprefix("to="))
        elif name.isdigit():
            self.answer(int(name), b"not now")
        elif name == "short":
            self.answer(200, GOOD[:-20], length=len(GOOD))
        elif name == "silent":
            time.sleep(0.6)
        elif name == "endless":
            self.answer(200, b"", length=MAX_BYTES)
            self.drip()
        elif name == "large":
            self.answer(200, GOOD + b" " * MAX_BYTES)
        elif name == "nonsense":
            self.wfile.write(b"nonsense\r\n\r\n")
        else:
            self.answer(200, GOOD)

    def answer(self, status, raw, length=None, **headers):
        self.send_response(status)
        for header, value in headers.items():
            self.send_header(header, value)
        self.send_header("Content-Length", str(len(raw) if length is None else length))
        self.end_headers()
        try:
            self.wfile.write(raw)
        except OSError:  # the portal has seen enough
            self.close_connection = True

    def drip(self):
        try:
            for _ in range(50):
                self.wfile.write(b" ")
                time.sleep(0.02)
        except OSError:
            self.close_connection = True

    def log_message(self, *_):
        """Say nothing."""


@contextmanager
def serving():
    with ThreadingHTTPServer(("127.0.0.1", 0), Service) as server:
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


@pytest.fixture
def service(monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        for each in (name, name.upper()):
            monkeypatch.delenv(each, raising=False)
    with serving() as url:
        yield url


@pytest.mark.one_backend
@pytest.mark.parametrize("path", ["alerts/active?area=MO", "to=/elsewhere"])
def test_an_address_is_asked_as_the_service_wants(portal_import, session, world, service, path):
    assert portal_import(f"{service}/{path}") == (0, TOLD, "")
    assert undecided(session, world.incident) == ["second"]
    assert Service.asked["Accept"] == "application/geo+json"
    assert "Portal" in Service.asked["User-Agent"]


@pytest.mark.one_backend
@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("404", "/404 cannot be read: the answer is 404 (Not Found)."),
        ("503", "/503 cannot be read: the answer is 503 (Service Unavailable)."),
        ("short", "Nothing was brought in: the file is not JSON: line 1."),
        ("large", "Nothing was brought in: the file is larger than 16 MB."),
        ("nonsense", "/nonsense cannot be read: nonsense"),
        ("silent", "/silent cannot be read: timed out."),
        ("endless", "/endless cannot be read: it takes more than 0 seconds."),
        ("to=file:///etc/passwd", "cannot be read: the answer is 302"),
        ("to=ftp://localhost/alerts", "the answer is 302 (leads to an unsafe address)."),
        ("to=/to=/to=/to=/to=/to=/to=/to=/to=/to=/to=/to=/end", "the answer is 302"),
    ],
)
def test_an_address_that_fails_changes_nothing(
    portal_import, session, world, service, monkeypatch, path, why
):
    del world
    monkeypatch.setattr(command, "SILENCE_S", 0.3 if path == "silent" else 60)
    monkeypatch.setattr(command, "WHOLE_S", 0.3 if path == "endless" else 60)
    before = dump(session)
    code, said, complaint = portal_import(f"{service}/{path}")
    assert (code, said) == (1, "")
    assert why in complaint
    assert complaint.startswith("Error: ")
    assert dump(session) == before


@pytest.mark.one_backend
@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("file:///etc/passwd", "only http and https addresses are asked"),
        ("ftp://localhost/alerts", "only http and https addresses are asked"),
        ("data://text,hello", "only http and https addresses are asked"),
        ("http://", "no host given"),
        ("http://[", "Invalid IPv6 URL"),
        ("http://127.0.0.1:1/", "Connection refused"),
        ("http://127.0.0.1/with blanks", "control characters"),
    ],
)
def test_what_is_no_address_of_the_web_is_refused(portal_import, session, address, why):
    code, said, complaint = portal_import(address)
    assert (code, said) == (1, "")
    assert complaint.startswith(f"Error: {address} cannot be read: ")
    assert why in complaint
    assert session.scalar(select(func.count()).select_from(Post)) == 0


def test_a_protected_address_leads_to_protected_ones_only():
    follow = command._Redirects().redirect_request  # noqa: SLF001 - needs a certificate else
    for begun, to in (
        ("https://one.example/", "http://other.example/"),
        ("https://one.example/", "ftp://other.example/"),
        ("http://one.example/", "file:///etc/passwd"),
    ):
        with pytest.raises(HTTPError, match="unsafe address") as refused:
            follow(Request(begun), BytesIO(), 302, "Found", {}, to)  # noqa: S310 - not opened
        refused.value.close()
    for begun in ("http://one.example/", "https://one.example/"):
        to = follow(Request(begun), BytesIO(), 302, "Found", {}, "https://other.example/")  # noqa: S310
        assert to.full_url == "https://other.example/"


def test_every_fate_has_its_words():
    assert list(command.WORDS) == list(command.Fate)
    assert len(set(command.WORDS.values())) == len(command.WORDS)
