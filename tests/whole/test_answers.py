"""Every answer says what it is and tells nothing of the engine; asking changes nothing."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event, select

from portal.config import ROOT
from portal.core.columns import Row
from portal.core.db import Database
from portal.journal.models import Entry
from tests.live.server import free_port
from tests.whole.routes import pages_of, routes_of
from tests.whole.scene import csrf_of
from tests.world import PASSWORD, PEOPLE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from werkzeug.test import TestResponse

    from tests.whole.scene import Scene

#: What no page may say of the machine below it.
INSIDES = re.compile(
    r"traceback|sqlalchemy|psycopg|sqlite|postgres|werkzeug|gevent|jinja|flask|python|"
    r"\bselect\b.*\bfrom\b|\.py\b|/portal/|/tmp/|secret.?key",
    re.IGNORECASE | re.DOTALL,
)

#: Reading puts these on record, and notes that somebody is here.
READING = {"look", "export", "refuse"}
NOTED = {"head", "room_head"}


def answers(scene: Scene) -> Iterator[TestResponse]:
    """Yield an answer of each route to a partner, an administrator and nobody."""
    for route in routes_of(scene.app):
        for client in (scene.anonymous(), scene.client("alpha"), scene.client("admin")):
            yield client.open(route.path(), method=route.method, buffered=True)


def test_every_answer_says_what_it_is_and_in_which_signs_it_is_written(scene):
    kinds = set()
    for answer in answers(scene):
        if answer.data:
            assert answer.content_type, answer.request.path
            kinds.add(answer.mimetype)
            is_text = answer.mimetype.startswith("text/") or answer.mimetype.endswith("xml")
            if is_text and answer.mimetype != "image/svg+xml":
                assert answer.mimetype_params.get("charset") == "utf-8", answer.request.path
                answer.data.decode("utf-8")
    assert {"text/html", "text/csv", "application/json", "text/css"} <= kinds


# ---------------------------------------------------------------- asking changes nothing


def contents(scene: Scene) -> dict[str, Any]:
    """Return all that the database holds, but what reading itself puts on record."""
    session, held = scene.fresh(), {}
    read = select(Entry.incident_id, Entry.seq).where(Entry.move.in_(READING))
    recorded = {tuple(it) for it in session.execute(read)}
    for table in Row.metadata.sorted_tables:
        if table.name in NOTED:
            continue
        rows = [dict(it) for it in session.execute(select(table)).mappings()]
        for row in rows:
            row.pop("last_seen_at", None)
        kept = [it for it in rows if (it.get("incident_id"), it.get("seq")) not in recorded]
        held[table.name] = sorted(map(repr, kept))
    return held


@pytest.mark.slow
def test_whoever_asks_for_whatever_changes_nothing(scene):
    clients = [scene.client(name) for name in PEOPLE]
    asked = sorted({it.path() for it in routes_of(scene.app)})
    before = contents(scene)
    for client in [*clients, scene.anonymous()]:
        for path in asked:
            for method in ("GET", "HEAD", "OPTIONS") if client in clients[:1] else ("GET",):
                answer = client.open(path, method=method, buffered=True)
                assert answer.status_code < 500, (method, path)
    assert contents(scene) == before
    assert all(it.get("/account").status_code == 200 for it in clients), "somebody is out"


# ---------------------------------------------------------------- nothing of the engine


def test_no_answer_tells_of_the_engine(scene):
    for answer in answers(scene):
        assert not {"Server", "X-Powered-By", "Via"} & set(answer.headers.keys())
        if answer.status_code >= 400 and answer.mimetype == "text/html":
            assert not INSIDES.search(answer.text), answer.request.path


@pytest.mark.parametrize(
    "path",
    [
        "/.git/HEAD", "/.git/config", "/.env", "/portal.db", "/instance/portal.db",
        "/secret-key", "/wsgi.py", "/requirements.txt", "/docs/", "/console", "/debug",
        "/static/", "/static", "/admin/", "/server-status", "/api/docs",
        "/static/../wsgi.py", "/static/%2e%2e/wsgi.py", "/static/ui/../../wsgi.py",
        "/robots.txt~", "/backup.sql", "/templates/base.html",
    ],
)  # fmt: skip
def test_what_lies_beside_the_pages_is_not_served(scene, path):
    for client in (scene.anonymous(), scene.client("admin")):
        for start in ("", scene.app.static_url_path):
            answer = client.get(start + path.removeprefix("/static") if start else path)
            assert answer.status_code in {302, 308, 403, 404}, (start, path)
            assert "Index of" not in answer.text


def test_what_watches_the_portal_is_told_that_it_lives_and_no_more(scene):
    for path in ("/healthz", "/readyz"):
        assert scene.anonymous().get(path).json == {"status": "ok"}


def test_nothing_switches_debugging_on(tmp_path):
    said = (
        "from portal.app import create_app; app = create_app(); print(app.debug, app.testing)"
    )
    environ = {"FLASK_DEBUG": "1", "PORTAL_INSTANCE": str(tmp_path), "PATH": os.environ["PATH"]}
    done = subprocess.run(
        [sys.executable, "-c", said],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["False", "False"]


# ---------------------------------------------------------------- when the database is away


@pytest.mark.one_backend("sqlite")
def test_a_database_that_is_away_is_said_to_be_and_nothing_opens(make_app, caplog):
    url = f"postgresql+psycopg://portal:canary@127.0.0.1:{free_port()}/portal"
    app = make_app(database_url=url)
    app.extensions["database"] = Database(url)
    client = app.test_client()
    for path in ("/readyz", "/invite/" + "x" * 43):
        answer = client.get(path)
        assert answer.status_code == 503, path
        assert answer.headers["Retry-After"]
        assert not INSIDES.search(answer.text)
    assert "did not answer" in caplog.text
    assert "canary" not in caplog.text
    assert client.get("/healthz").status_code == 200
    assert client.get("/account").status_code == 302, "the anonymous stay outside"


@pytest.mark.one_backend("sqlite")
def test_a_database_that_is_full_refuses_the_write_and_goes_on_reading(
    client_for, database, session, caplog
):
    client = client_for("alpha")
    form = client.page("/incidents/EX27/feed/new").form()
    before = session.scalars(select(Entry.seq)).all()
    session.rollback()
    with database.engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
    database.engine.dispose()  # so that every connection to come knows the limit

    def limit(connection: Any, _record: object) -> None:
        connection.execute(f"PRAGMA max_page_count={pages}")

    event.listen(database.engine, "connect", limit)
    typed = {"county": "29097", "lifeline": "ENERGY", "standing": "closed"}
    words = "canary of a report " * 50
    answer = client.submit(form, words=words, asked_for="partners", **typed)
    assert answer.status_code == 503, answer.text
    assert not INSIDES.search(answer.text)
    assert "canary" not in caplog.text, "what was written stays out of the log"
    assert session.scalars(select(Entry.seq)).all() == before
    assert client.get("/incidents/EX27/feed").status_code == 200


# ---------------------------------------------------------------- where words are taken from


def test_a_forms_words_are_taken_from_its_body_alone(scene):
    alpha = scene.world.people["alpha"].email
    typed = {"email": alpha, "password": PASSWORD}
    client = scene.anonymous()
    token = csrf_of(client, "/sign-in")
    answer = client.post("/sign-in", query_string={**typed, "csrf_token": token})
    assert answer.status_code == 403, "not even the token is taken from the address"
    for name, value in typed.items():
        client.set_cookie(name, value)
    headers = {"email": alpha, "password": PASSWORD, "X-Email": alpha}
    answer = client.post(
        "/sign-in", query_string=typed, data={"csrf_token": token}, headers=headers
    )
    assert answer.status_code == 422
    assert client.get("/account").status_code == 302


def test_no_page_carries_a_password_or_a_session_in_an_address(scene):
    for name in ("alpha", "admin"):
        client = scene.client(name)
        session_id = client.get_cookie("sid").value
        for route in pages_of(scene.app):
            answer = client.get(route.path(), buffered=True)
            text = answer.data.decode("utf-8", "replace")
            assert session_id not in text, route
            assert session_id not in answer.headers.get("Location", "")
            for form in re.findall(r"<form[^>]*>.*?</form>", text, re.DOTALL):
                if 'type="password"' in form:
                    assert 'method="post"' in form, route
