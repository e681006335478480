"""The catalogue that ERAC keeps, and the desk's saved views."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from portal.core import codes
from portal.core.actor import SYSTEM
from portal.core.errors import ConflictError, FieldError, NotAllowedError, StateGoneError
from portal.journal.audience import AUDIT, ERAC
from portal.journal.queries import story
from portal.journal.transaction import transaction
from portal.offers import operations as offers
from portal.offers import queries
from portal.offers.models import CatalogueItem
from portal.offers.operations.catalogue import MOST_ATTRIBUTES, MOST_VIEWS
from portal.offers.queries.catalogue import Attribute, read_attribute
from portal.organizations import operations as organizations
from tests.factories import make_offer, offer_line
from tests.offers.making import added, begun, do, draft, item_of, saved
from tests.threads import sorted_out, together


@pytest.fixture
def erac(world):
    return world.actor("erac")


# ---------------------------------------------------------------- what is asked about an item


@pytest.mark.parametrize(
    ("text", "name", "choices"),
    [
        ("power, kW", "power, kW", ()),
        ("  power, kW  ", "power, kW", ()),
        ("fuel: diesel | propane", "fuel", ("diesel", "propane")),
        ("fuel:diesel|propane", "fuel", ("diesel", "propane")),
        ("fuel: diesel | | propane |", "fuel", ("diesel", "propane")),
        ("fuel:", "fuel", ()),
        ("hours: 8:00 | 16:00", "hours", ("8:00", "16:00")),
        (": red | blue", "", ("red", "blue")),
    ],
)
def test_an_attribute_is_a_name_or_a_name_with_choices(text, name, choices):
    assert read_attribute(text) == Attribute(name, choices)


# ---------------------------------------------------------------- the catalogue


def test_until_anybody_changes_it_the_catalogue_is_the_shipped_one(session):
    known = queries.catalogue(session)
    assert list(known) == list(codes.load("catalogue"))
    fuel = known["FUEL"]
    assert (fuel.label, fuel.kind, fuel.units) == ("Bulk fuel", "Supplies", ("GAL",))
    assert [it.name for it in fuel.asks][:2] == ["product", "rack or terminal"]
    assert not any(it.is_retired for it in known.values())
    kinds = queries.by_kind(session)
    assert sum(map(len, kinds.values())) == len(known)


def test_an_item_is_added_at_the_end_and_can_be_offered(session, world, erac):
    row = added(session, erac, "BAGGER")
    assert (row.state, row.audience, row.stream) == ("in_use", {AUDIT}, 0)
    assert list(queries.catalogue(session))[-1] == "BAGGER"
    about = {"bags per hour": "900", "drive": "diesel"}
    line = {"item": "BAGGER", "unit": "EA", "amount": 2_000, "about": about}
    offer = make_offer(session, world.actor("alpha"), **line)
    assert (offer.lines[0].label, offer.lines[0].kind) == ("Sandbag filler", "Equipment")
    assert offer.priority == "routine"
    told = story(session, "item", row.id)
    assert [it.words["item"]["code"] for it in told] == ["BAGGER"]


@pytest.mark.parametrize("act", ["add", "change", "retire"])
def test_of_several_who_state_an_item_at_once_one_is_first(database, world, act):
    """None of them can know of the other; the pages were opened before."""
    with database.sessions() as before:
        known = queries.catalogue(before)["FUEL"]

    def state():
        with database.sessions() as own:
            actor = world.within(own).actor("erac")
            own.rollback()
            if act == "add":
                return added(own, actor, "BAGGER").id
            if act == "change":
                return do(own, actor, offers.change_item, known, item_of()).id
            return do(own, actor, offers.retire_item, known)

    done, refused = sorted_out(together([state] * 4), ConflictError, FieldError)
    assert (len(done), len(refused)) == (1, 3)
    assert act == "add" or all(isinstance(it, ConflictError) for it in refused)
    with database.sessions() as own:
        (row,) = own.scalars(select(CatalogueItem))
        told = [it.move for it in story(own, "item", row.id)]
    assert told == ["add", "retire"] if act == "retire" else ["add"]


REFUSED = [
    ("code", "FUEL", {}),
    ("code", "x", {}),
    ("code", "X", {}),
    ("code", "X" * 13, {}),
    ("code", "ÄÖÜ", {}),
    ("units", "NEW", {"units": ()}),
    ("units", "NEW", {"units": ("EA", "BARREL")}),
    ("priority", "NEW", {"priority": "now"}),
    ("attributes", "NEW", {"attributes": ("",)}),
    ("attributes", "NEW", {"attributes": ("x" * 61,)}),
    ("attributes", "NEW", {"attributes": (": a | b",)}),
    ("attributes", "NEW", {"attributes": ("fuel", "fuel: a | b")}),
    ("attributes", "NEW", {"attributes": tuple(f"a{n}" for n in range(MOST_ATTRIBUTES + 1))}),
]


@pytest.mark.parametrize(("field", "code", "changes"), REFUSED)
def test_an_item_that_nobody_could_use_is_refused(session, erac, field, code, changes):
    with pytest.raises(FieldError) as refused:
        added(session, erac, code, **changes)
    assert refused.value.field == field
    assert list(queries.catalogue(session)) == list(codes.load("catalogue"))
    if field != "code":
        known = queries.catalogue(session)["FUEL"]
        with pytest.raises(FieldError) as refused:
            do(session, erac, offers.change_item, known, item_of(**changes))
        assert refused.value.field == field


def test_what_was_offered_before_keeps_its_words(session, world, erac):
    alpha = world.actor("alpha")
    before = make_offer(session, alpha, about={"product": "propane"})
    known = queries.catalogue(session)["FUEL"]
    particulars = item_of(label="Fuel of any kind", units=("GAL",), attributes=("grade",))
    do(session, erac, offers.change_item, known, particulars)
    assert list(queries.catalogue(session)) == list(codes.load("catalogue")), "in its old place"
    assert (before.lines[0].label, before.lines[0].about) == (
        "Bulk fuel",
        {"product": "propane"},
    )
    after = begun(session, alpha)
    assert after.lines[0].label == "Fuel of any kind"
    again = do(session, alpha, offers.again, before)
    assert again.lines[0].label == "Bulk fuel"


def test_a_change_of_a_changed_item_is_one_row_with_a_story(session, erac):
    row = added(session, erac, "BAGGER")
    for label in ("Bagger", "Bagging machine"):
        known = queries.catalogue(session)["BAGGER"]
        changed = do(session, erac, offers.change_item, known, item_of(label=label))
        assert changed.id == row.id
    assert [it.move for it in story(session, "item", row.id)] == ["add", "change", "change"]
    assert queries.catalogue(session)["BAGGER"].label == "Bagging machine"


@pytest.mark.parametrize("code", ["FUEL", "BAGGER"], ids=["shipped", "added"])
def test_a_retired_item_can_be_seen_but_not_offered(session, world, erac, code):
    alpha = world.actor("alpha")
    unit = {"FUEL": "GAL", "BAGGER": "EA"}[code]
    line = {"item": code, "unit": unit, "amount": 2_000}
    added(session, erac, "BAGGER")
    offer = make_offer(session, alpha, **line)
    do(session, erac, offers.retire_item, queries.catalogue(session)[code])
    known = queries.catalogue(session)[code]
    assert known.is_retired
    assert queries.get_item(session, code) is None
    assert all(it.code != code for items in queries.by_kind(session).values() for it in items)
    with pytest.raises(FieldError) as refused:
        begun(session, alpha, **line)
    assert refused.value.field == "item"
    assert offer.lines[0].item == code
    with pytest.raises(StateGoneError):
        do(session, erac, offers.change_item, known, item_of())
    with pytest.raises(StateGoneError):
        do(session, erac, offers.retire_item, known)
    do(session, erac, offers.restore_item, known.row)
    assert begun(session, alpha, **line).lines[0].item == code


def test_an_offer_whose_item_was_retired_goes_on_and_no_new_one_begins(session, world, erac):
    alpha = world.actor("alpha")
    offer, unsent = make_offer(session, alpha), draft(session, alpha)
    do(session, erac, offers.retire_item, queries.catalogue(session)["FUEL"])
    do(session, alpha, offers.change_line, offer, 1, offer_line(amount=2_000))
    assert (offer.lines[0].amount, offer.state) == (2_000, "submitted")
    pump = offer_line(item="GEN", unit="EA", amount=1_000)
    do(session, alpha, offers.add_line, unsent, pump)
    for refused_to in (
        lambda: do(session, alpha, offers.change_line, unsent, 2, offer_line()),
        lambda: do(session, alpha, offers.again, offer),
        lambda: do(session, alpha, offers.submit, unsent),
    ):
        with pytest.raises(FieldError) as refused:
            refused_to()
        assert refused.value.field == "item"
    do(session, alpha, offers.remove_line, unsent, 1)
    do(session, alpha, offers.submit, unsent)
    do(session, alpha, offers.withdraw, offer)


def test_of_an_item_that_was_retired_the_pages_say_what_to_do(client_for, session, world, erac):
    alpha, client = world.actor("alpha"), client_for("alpha")
    offer, unsent = make_offer(session, alpha), draft(session, alpha)
    do(session, erac, offers.retire_item, queries.catalogue(session)["FUEL"])
    for it, move, remedy in (
        (offer, "offer.again", "Begin a new offer."),
        (unsent, "offer.submit", "Take it out."),
    ):
        answer = client.send(f"/incidents/EX27/offers/{it.reference}", move)
        assert f"Bulk fuel can no longer be offered. {remedy}" in client.read(answer, 422).main


def test_for_a_member_that_has_left_nothing_new_is_offered(session, world):
    guild, bravo = world.actor("guild"), world.organizations["bravo"].reference
    sent, unsent = (prepare(session, guild, member=bravo) for prepare in (make_offer, draft))
    with transaction(session, SYSTEM) as tx:
        left = world.organization("bravo")
        organizations.remove_member(tx, world.organization("guild"), left)
    for operation, offer, said in (
        (offers.again, sent, {}),
        (offers.submit, unsent, {"on_behalf": True}),
    ):
        with pytest.raises(FieldError, match="this member has left") as refused:
            do(session, guild, operation, offer, **said)
        assert refused.value.field == "member"
    do(session, guild, offers.change_line, unsent, 1, offer_line())
    do(session, guild, offers.submit, unsent)


def test_the_form_keeps_words_that_were_said_before_there_were_choices(
    client_for, session, world, erac
):
    alpha, client = world.actor("alpha"), client_for("alpha")
    about = {"fuel": "heating oil", "hours": "nights"}
    asks = {"units": ("GAL",), "attributes": ("fuel", "hours")}
    do(session, erac, offers.change_item, queries.catalogue(session)["FUEL"], item_of(**asks))
    offer = make_offer(session, alpha, about=about)
    asks["attributes"] = ("fuel: diesel | propane", "hours: days | nights")
    do(session, erac, offers.change_item, queries.catalogue(session)["FUEL"], item_of(**asks))
    url = f"/incidents/EX27/offers/{offer.reference}/lines"
    form = client.page(f"{url}/1").form("offer.revise")
    assert [form.filled[f"about_{n}"] for n in (0, 1)] == [["heating oil"], ["nights"]]
    client.follow(client.submit(form, amount="2"))
    session.expire_all()
    assert offer.lines[0].about == about
    new = client.page(f"{url}/new?item=FUEL").form("offer.revise")
    page = client.read(client.submit(new, amount="2", price="3", about_0="heating oil"), 422)
    assert "Choose from the list" in page.error_at("about_0"), "of other lines it is no choice"


@pytest.mark.parametrize("name", ["alpha", "moderator", "logistics", "records", "admin"])
def test_the_catalogue_and_the_views_are_the_cells(session, world, erac, name):
    actor, row = world.actor(name), added(session, erac, "BAGGER")
    known, view = queries.catalogue(session)["BAGGER"], saved(session, erac, "Late")
    for operation, said in (
        (offers.add_item, ("NEW", item_of())),
        (offers.change_item, (known, item_of())),
        (offers.retire_item, (known,)),
        (offers.restore_item, (row,)),
        (offers.save_view, ("Mine", "show=mine")),
        (offers.drop_view, (view,)),
    ):
        with pytest.raises(NotAllowedError):
            do(session, actor, operation, *said)


# ---------------------------------------------------------------- saved views


def test_a_view_has_one_name_and_the_last_to_take_it_has_it(session, erac):
    saved(session, erac, "Fuel", "item=FUEL")
    first = saved(session, erac, "Alone", "show=mine")
    last = saved(session, erac, "Fuel", "item=FUEL&show=late")
    assert [(it.name, it.query) for it in queries.list_views(session)] == [
        ("Alone", "show=mine"),
        ("Fuel", "item=FUEL&show=late"),
    ]
    assert (last.audience, last.stream) == ({ERAC}, 0)
    do(session, erac, offers.drop_view, first)
    assert [it.name for it in queries.list_views(session)] == ["Fuel"]
    with pytest.raises(StateGoneError):
        do(session, erac, offers.drop_view, first)


def test_no_more_views_than_anybody_reads_but_each_can_be_replaced(session, erac):
    for number in range(MOST_VIEWS):
        saved(session, erac, f"View {number}")
    with pytest.raises(FieldError) as refused:
        saved(session, erac, "One more")
    assert refused.value.field == "name"
    saved(session, erac, "View 3", "show=all")
    assert len(queries.list_views(session)) == MOST_VIEWS
