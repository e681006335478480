"""What a company is told of who looked at its data, and that nobody else is told."""

from __future__ import annotations

import re

import pytest

from portal.audit.queries import looks
from portal.audit.queries.looks import list_looks
from portal.journal.looks import note_looks
from tests import factories as make
from tests.audit.noting import noted

NOBODYS = "ZZ99-0000"


def path_of(world, name: str) -> str:
    return f"/organizations/{world.organizations[name].reference}"


@pytest.mark.parametrize("name", ["alpha", "alpha_admin"])
def test_a_company_sees_who_read_what_of_it(client_for, session, world, name):
    offer = make.make_offer(session, world.actor("alpha"), world.incident)
    client_for("erac").page(f"/incidents/EX27/offers/{offer.reference}")
    client_for("erac").get("/incidents/EX27/erac/offers.csv")
    assert len(noted(session)) == 2
    for path in (path_of(world, "alpha"), f"{path_of(world, 'alpha')}/looks"):
        client = client_for(name)
        page = client.page(path)
        assert client.queries <= 12
        assert "Who looked at our data" in page.main
        assert f"{path_of(world, 'alpha')}/looks" in page.links or path.endswith("/looks")
        assert "Erac Person ERAC cell, State Emergency Agency" in page.main
        assert f"Read an offer, with prices and contacts {offer.reference}" in page.main
        assert f"Took away as a file: an offer, with prices and contacts {offer.reference}" in (
            page.main
        )


def test_the_page_says_so_where_nobody_looked(client_for, world):
    page = client_for("bravo").page(path_of(world, "bravo"))
    assert "Nobody outside Bravo Petroleum" in page.main
    assert "Nobody yet" in client_for("bravo").page(f"{path_of(world, 'bravo')}/looks").main


def test_nobody_else_is_told(client_for, session, world):
    note_looks(session, world.actor("erac"), "price", {world.organizations["alpha"].id: "OF-1"})
    assert len(noted(session)) == 1
    for name in ("bravo", "guild", "charlie", "moderator", "mop3", "erac", "observer"):
        client = client_for(name)
        for path in (path_of(world, "alpha"), "/organizations", "/account"):
            assert "OF-1" not in client.get(path).text
        client.get("/account")
        answers = []
        for reference in (world.organizations["alpha"].reference, NOBODYS):
            answer = client.get(f"/organizations/{reference}/looks")
            answers.append((answer.status_code, _masked(answer), client.queries))
        assert answers[0] == answers[1]
        assert answers[0][0] == 404
    assert list_looks(session, world.actor("bravo"), world.organizations["alpha"].id) == []
    assert list_looks(session, world.actor("bravo"), world.organizations["bravo"].id) == []


def _masked(answer) -> str:
    told = re.sub('(nonce|data-ends)="[^"]*"', "", answer.text)
    lines = [it for it in told.splitlines() if "csrf" not in it and "<time" not in it]
    return "\n".join(it for it in lines if "datetime" not in it and "data-zulu" not in it)


def test_a_person_s_network_is_not_told(client_for, session, world):
    """The address a look came from is the State's own."""
    client_for("erac").get(path_of(world, "alpha"))
    assert len(noted(session)) == 1
    assert "127.0.0.1" not in client_for("alpha").get(f"{path_of(world, 'alpha')}/looks").text


def test_looks_are_paged(session, client_for, world):
    whose = world.organizations["alpha"].id
    for number in range(looks.PAGE + 20):
        note_looks(session, world.actor("erac"), "price", {whose: f"OF-{number:03}"})
    assert len(noted(session)) == looks.PAGE + 20
    client, url, seen = client_for("alpha"), f"{path_of(world, 'alpha')}/looks", []
    while url:
        page = client.page(url)
        seen += [it for it in page.main.split() if it.startswith("OF-")]
        url = next((it.get("href", "") for it in page.all("a[@rel='next']")), "")
    assert seen == [f"OF-{number:03}" for number in reversed(range(looks.PAGE + 20))]
