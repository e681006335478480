"""Who asks for too much in a short time waits, is told for how long, and loses nothing."""

from __future__ import annotations

import secrets

import pytest

from portal.core.web.limits import EXPORTS, REPORTS
from tests.whole.refused import GOOD_REPORT, REPORT

pytestmark = pytest.mark.one_backend


def test_reports_beyond_the_rate_wait_and_their_words_stay(client_for, held_clock):
    client = client_for("alpha")
    form = client.page(REPORT).form()

    def send(words="The bridge is out."):
        typed = {**GOOD_REPORT, "words": words, "once": secrets.token_urlsafe(8)}
        return client.submit(form, **typed)

    for _ in range(REPORTS.burst):
        assert send().status_code == 303
    page = client.read(send("One too many."), 429)
    assert "Wait 60 seconds, or call the SEOC." in page.main
    assert page.form().filled["words"] == ["One too many."]
    colleague = client_for("alpha_admin")
    assert colleague.send(REPORT, **GOOD_REPORT).status_code == 303, (
        "a colleague is not held up"
    )
    held_clock.tick(60)
    assert client.submit(page.form()).status_code == 303
    assert send().status_code == 429


@pytest.mark.usefixtures("held_clock")
def test_what_is_refused_for_its_shape_is_not_counted(client_for):
    client = client_for("alpha")
    form = client.page(REPORT).form()
    for _ in range(REPORTS.burst + 5):
        assert client.submit(form, **{**GOOD_REPORT, "county": ""}).status_code == 422
    assert client.submit(form, **GOOD_REPORT).status_code == 303


@pytest.mark.usefixtures("held_clock")
def test_what_the_portal_was_too_busy_to_take_is_not_counted(client_for, database):
    client = client_for("alpha")
    form = client.page(REPORT).form()
    database.is_failing = True
    for _ in range(REPORTS.burst + 5):
        assert client.submit(form, **GOOD_REPORT).status_code == 503
    database.is_failing = False
    assert client.submit(form, **GOOD_REPORT).status_code == 303


def test_files_of_many_rows_beyond_the_rate_wait(client_for, held_clock):
    client, path = client_for("erac"), "/incidents/EX27/feed/feed.csv"
    for _ in range(EXPORTS.burst):
        assert client.get(path).status_code == 200
    answer = client.get("/incidents/EX27/erac/offers.xlsx")
    assert answer.status_code == 429
    assert answer.headers["Retry-After"] == "2"
    client.read(answer)
    assert client_for("erac").get(path).status_code == 200, "another session is not held up"
    assert client.get("/incidents/EX27/feed").status_code == 200, "nor are pages"
    held_clock.tick(2)
    assert client.get(path).status_code == 200
