"""An organization's own administrator keeps its people, and nobody else's."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from portal.accounts import operations
from portal.accounts.models import Membership, Person
from portal.accounts.queries import actor_of, get_person_by_email
from portal.accounts.states import MembershipState
from portal.core import clock
from portal.core.actor import Role
from portal.core.web import times
from portal.journal.transaction import transaction
from tests.factories import add_person, suspend_person
from tests.pages import words_of
from tests.world import PASSWORD

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.orm import Session

    from tests.conftest import HeldClock
    from tests.pages import PageClient
    from tests.world import World

    ClientFor = Callable[[str], PageClient]

INVITE = "person.invite"


def people_of(world: World, party: str = "alpha") -> str:
    return f"/organizations/{world.organizations[party].reference}/people"


def path_of(world: World, name: str, party: str = "alpha") -> str:
    return f"{people_of(world, party)}/{world.people[name].reference}"


def membership_of(session: Session, world: World, name: str) -> Membership:
    session.rollback()
    session.expire_all()
    return session.get_one(Membership, world.people[name].membership_id)


def person_by(session: Session, email: str) -> Person | None:
    session.rollback()
    return get_person_by_email(session, email)


def links_of(html: str) -> list[str]:
    return re.findall(r"http://localhost(/invite/[\w-]{43})<", html)


def ahead(**time: float) -> str:
    return times.typed(clock.now() + timedelta(**time))


# ---------------------------------------------------------------- whose people


def test_the_list_shows_ones_own_people_alone(client_for: ClientFor, world: World):
    client = client_for("alpha_admin")
    page = client.page(people_of(world))
    assert client.queries <= 8
    rows = [words_of(it) for it in page.all("table/tbody/tr")]
    assert len(rows) == 2
    assert "alpha@world.example Liaison Active" in rows[1]
    for party in ("bravo", "agency", "guild"):
        assert client.get(people_of(world, party)).status_code == 404
        assert client.get(f"{people_of(world, party)}/invite").status_code == 404


@pytest.mark.parametrize("name", ["alpha", "bravo", "mop3", "moderator", "admin", "guild"])
@pytest.mark.one_backend
def test_it_is_the_organizations_administrators(client_for: ClientFor, world: World, name: str):
    client = client_for(name)
    for path in (people_of(world), f"{people_of(world)}/invite", path_of(world, "alpha")):
        client.page(path, 403)


MOVES = ("change_roles", "depute", "end_depute", "end", "resume", "invite_again")


def test_others_people_are_absent_by_every_path(
    client_for: ClientFor, session: Session, world: World
):
    client = client_for("alpha_admin")
    token = client.page("/account").form().filled["csrf_token"]
    sent = {"csrf_token": token, "once": "x", "reason": "r", "roles": "liaison"}
    for party, name in (("alpha", "bravo"), ("bravo", "bravo"), ("bravo", "alpha")):
        assert client.get(path_of(world, name, party)).status_code == 404
        for move in MOVES:
            path = f"{path_of(world, name, party)}/{move}"
            assert client.post(path, data=sent).status_code == 404, path
    assert membership_of(session, world, "bravo").state is MembershipState.ACTIVE


# ---------------------------------------------------------------- inviting


def test_colleagues_are_invited_in_the_roles_of_an_organization(
    client_for: ClientFor, anonymous: PageClient, session: Session, world: World
):
    client, url = client_for("alpha_admin"), f"{people_of(world)}/invite"
    offered = [it.get("value") for it in client.page(url).all("input[@name='roles']")]
    assert offered == ["liaison", "org_admin"]
    answer = client.send(url, INVITE, addresses="one@a.example, two", roles=["liaison"])
    page = client.read(answer, 200)
    (link,) = links_of(page.html)
    assert "Alpha Fuel" in anonymous.page(link).main
    for role in ("erac_advisor", "admin", "moderator"):
        answer = client.send(url, INVITE, addresses="x@a.example", roles=[role])
        assert client.read(answer, 422).error_at("roles")
    assert person_by(session, "x@a.example") is None
    answer = client.send(
        url, INVITE, addresses="y@a.example", roles=["liaison"],
        organization=world.organizations["bravo"].reference,
    )  # fmt: skip
    assert answer.status_code == 200
    person = person_by(session, "y@a.example")
    assert person is not None
    assert actor_of(session, person.id).organization_name == "Alpha Fuel"


def test_a_link_is_made_again_for_whom_nobody_else_invited(
    client_for: ClientFor, anonymous: PageClient, session: Session, world: World
):
    client, url = client_for("alpha_admin"), f"{people_of(world)}/invite"
    page = client.read(client.send(url, INVITE, addresses="one@a.example", roles=["liaison"]))
    (first,) = links_of(page.html)
    person = person_by(session, "one@a.example")
    assert person is not None
    show = f"{people_of(world)}/{person.reference}"
    page = client.read(client.send(show, "person.invite_again"), 200)
    (second,) = links_of(page.html)
    anonymous.page(first, 410)
    anonymous.page(second)
    form = client.page(show).form("person.invite_again")
    with transaction(session, world.actor("admin")) as tx:
        operations.grant(
            tx, person, world.organization("bravo"), roles=frozenset({Role.LIAISON})
        )
    assert "person.invite_again" not in client.page(show).moves
    assert client.submit(form).status_code == 403
    anonymous.page(second)


def test_who_is_suspended_is_not_let_in_by_a_colleague(
    client_for: ClientFor, session: Session, world: World
):
    suspend_person(session, world.person("alpha"))
    client = client_for("alpha_admin")
    url = f"{people_of(world)}/invite"
    email = world.people["alpha"].email
    page = client.read(client.send(url, INVITE, addresses=email, roles=["liaison"]), 200)
    assert "The SEOC decides first." in page.main
    assert links_of(page.html) == []


# ---------------------------------------------------------------- removing and letting back


def test_who_is_removed_is_out_at_once_and_can_come_back(
    client_for: ClientFor, anonymous: PageClient, session: Session, world: World
):
    keeper, alpha = client_for("alpha_admin"), client_for("alpha")
    show = path_of(world, "alpha")
    answer = keeper.send(show, "membership.end", reason=" ")
    assert keeper.read(answer, 422).error_at("reason")
    page = keeper.follow(keeper.send(show, "membership.end", reason="Left the company"))
    assert page.moves == {"membership.resume"}
    assert alpha.get("/account").status_code == 302
    assert anonymous.sign_in(world.people["alpha"].email, PASSWORD).status_code == 422
    assert "Removed" in keeper.page(people_of(world)).main
    page = keeper.follow(keeper.submit(page.form("membership.resume"), roles=["liaison"]))
    assert "membership.end" in page.moves
    assert client_for("alpha").get("/account").status_code == 200
    assert membership_of(session, world, "alpha").roles == ("liaison",)


def test_only_the_sessions_of_that_membership_end(
    client_for: ClientFor, session: Session, world: World
):
    with transaction(session, world.actor("admin")) as tx:
        operations.grant(
            tx,
            world.person("charlie"),
            world.organization("alpha"),
            roles=frozenset({Role.LIAISON}),
        )
    charlie, keeper = client_for("charlie"), client_for("alpha_admin")
    keeper.follow(keeper.send(path_of(world, "charlie"), "membership.end", reason="Done"))
    assert charlie.get("/account").status_code == 200
    assert "Charlie Grocers" in charlie.page("/account").main


def test_nobody_removes_themselves(client_for: ClientFor, session: Session, world: World):
    keeper = client_for("alpha_admin")
    answer = keeper.send(path_of(world, "alpha_admin"), "membership.end", reason="Bye")
    assert "You cannot remove yourself." in keeper.read(answer, 422).main
    assert membership_of(session, world, "alpha_admin").state is MembershipState.ACTIVE


# ---------------------------------------------------------------- roles and deputies


def test_roles_change_at_once(client_for: ClientFor, session: Session, world: World):
    keeper, alpha = client_for("alpha_admin"), client_for("alpha")
    alpha.page(people_of(world), 403)
    answer = keeper.send(
        path_of(world, "alpha"), "membership.change_roles", roles=["liaison", "org_admin"]
    )
    assert answer.status_code == 303
    alpha.page(people_of(world))
    answer = keeper.send(path_of(world, "alpha"), "membership.change_roles", roles=["admin"])
    assert "for agencies only" in keeper.read(answer, 422).error_at("roles")
    assert membership_of(session, world, "alpha").roles == ("liaison", "org_admin")


def test_a_seat_with_erac_is_kept_but_never_given_by_a_colleague(
    client_for: ClientFor, session: Session, world: World
):
    guild = world.organization("guild")
    add_person(session, guild, Role.ORG_ADMIN, "guild_admin")
    keeper = client_for("guild")
    with transaction(session, world.actor("admin")) as tx:
        roles = frozenset({Role.LIAISON, Role.ORG_ADMIN, Role.ERAC_ADVISOR})
        operations.change_roles(tx, world.membership("guild"), roles=roles)
    show = path_of(world, "guild", "guild")
    form = keeper.page(show).form("membership.change_roles")
    assert form.filled["roles"] == ["liaison", "org_admin", "erac_advisor"]
    assert keeper.submit(form).status_code == 303
    other = person_by(session, "guild_admin@world.example")
    assert other is not None
    show = f"{people_of(world, 'guild')}/{other.reference}"
    answer = keeper.send(show, "membership.change_roles", roles=["liaison", "erac_advisor"])
    assert "Only an administrator gives a seat" in keeper.read(answer, 422).error_at("roles")


def test_a_deputy_holds_a_colleagues_roles_until_a_time(
    client_for: ClientFor, world: World, held_clock: HeldClock
):
    keeper, alpha = client_for("alpha_admin"), client_for("alpha")
    show, reference = path_of(world, "alpha"), world.people["alpha_admin"].reference
    answer = keeper.send(show, "membership.depute", instead_of=reference, until=ahead(hours=3))
    page = keeper.follow(answer)
    said = "Deputy in place of Alpha Admin Person: Organization administrator, until"
    assert said in page.main
    assert said in client_for("admin").page(f"/admin/people/{show.rpartition('/')[2]}").main
    assert said in alpha.page("/account").main
    alpha.page(people_of(world))
    held_clock.tick(3.1 * 3600)
    alpha = client_for("alpha")
    alpha.page(people_of(world), 403)
    assert "Deputy in place of" not in alpha.page("/account").main


def test_somebody_is_no_longer_a_deputy(client_for: ClientFor, world: World):
    keeper, alpha = client_for("alpha_admin"), client_for("alpha")
    show, reference = path_of(world, "alpha"), world.people["alpha_admin"].reference
    keeper.send(show, "membership.depute", instead_of=reference, until=ahead(hours=3))
    page = keeper.follow(keeper.send(show, "membership.end_depute"))
    assert "membership.end_depute" not in page.moves
    alpha.page(people_of(world), 403)


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        ({"instead_of": ""}, "instead_of", "Choose a colleague."),
        ({"instead_of": "NOSUCH00"}, "instead_of", "Choose a colleague."),
        ({"until": ""}, "until", "Write a date and a time."),
        ({"until": "soon"}, "until", "Write a date and a time"),
        ({"until": "2020-01-01T10:00"}, "until", "within 31 days"),
        ({"until": "2099-01-01T10:00"}, "until", "within 31 days"),
    ],
)
@pytest.mark.one_backend
def test_a_deputy_that_cannot_be_is_refused_at_the_field(
    client_for: ClientFor, session: Session, world: World, change: dict, field: str, words: str
):
    keeper, reference = client_for("alpha_admin"), world.people["alpha_admin"].reference
    good = {"instead_of": reference, "until": ahead(hours=3)}
    answer = keeper.send(path_of(world, "alpha"), "membership.depute", **{**good, **change})
    assert words in keeper.read(answer, 422).error_at(field)
    assert membership_of(session, world, "alpha").acting_until is None


# ---------------------------------------------------------------- administrators


def test_administrators_see_and_move_every_membership(client_for: ClientFor, world: World):
    admin = client_for("admin")
    reference = world.people["charlie"].reference
    show = f"/admin/people/{reference}"
    alpha = world.organizations["alpha"].reference
    answer = admin.send(f"{show}/grant", "membership.grant", organization=alpha, roles=[])
    assert "Choose at least one role." in admin.read(answer, 422).error_at("roles")
    page = admin.follow(
        admin.send(f"{show}/grant", "membership.grant", organization=alpha, roles=["liaison"])
    )
    assert admin.queries <= 12
    assert page.form("membership.end").action == f"{show}/of/{alpha}/end"
    answer = admin.send(
        f"{show}/grant", "membership.grant", organization=alpha, roles=["liaison"]
    )
    assert "acts for the organization already" in admin.read(answer, 422).main
    page = admin.follow(admin.submit(page.form("membership.end"), reason="A mistake"))
    assert page.moves >= {"membership.resume"}
    assert "A mistake" in page.main
    own = world.organizations["charlie"].reference
    page = admin.page(f"{show}?of={own}")
    assert page.form("membership.change_roles").action == f"{show}/of/{own}/change_roles"
    assert admin.post(
        f"{show}/of/{world.organizations['bravo'].reference}/end"
    ).status_code in {
        403,
        404,
    }


def test_an_agencys_people_stand_in_for_each_other(client_for: ClientFor, world: World):
    admin, moderator = client_for("admin"), client_for("moderator")
    show = f"/admin/people/{world.people['moderator'].reference}"
    moderator.page("/incidents/EX27/erac", 403)
    answer = admin.send(
        show,
        "membership.depute",
        instead_of=world.people["erac"].reference,
        until=ahead(hours=8),
    )
    assert answer.status_code == 303
    moderator.page("/incidents/EX27/erac")


def test_a_person_of_two_organizations_is_listed_with_both(
    client_for: ClientFor, session: Session, world: World
):
    person = session.get_one(Person, world.people["charlie"].id)
    with transaction(session, world.actor("admin")) as tx:
        operations.grant(
            tx, person, world.organization("alpha"), roles=frozenset({Role.LIAISON})
        )
    page = client_for("admin").page("/admin?q=charlie@")
    assert page.main.count("charlie@world.example") == 2
    count = select(Membership).where(Membership.person_id == person.id)
    assert len(session.scalars(count).all()) == 2
