"""Two organizations alike in everything, each with words that are its own.

East and West are competitors: the same kind, sectors and county, the same people, reports,
offers, shifts, files, devices and links. Whatever partners may read of another organization
(its name, who is here, what was let out) is said in plain words; every other text, telephone
number and price carries the side's canaries.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, field, replace
from itertools import count
from typing import TYPE_CHECKING, Any

from PIL import Image
from sqlalchemy import select

from portal.accounts import operations as accounts
from portal.accounts.models import Passkey, Person, SignIn
from portal.core.actor import SYSTEM, Role
from portal.core.pictures import read_picture
from portal.feed import operations as feed
from portal.journal.audience import PARTNERS, STAFF
from portal.journal.transaction import transaction
from portal.offers import operations as offers
from portal.organizations import operations as organizations
from portal.organizations.operations import ContactParticulars, OrganizationParticulars
from portal.organizations.states import OrganizationKind
from tests import factories as make
from tests import passkeys
from tests.offers.making import PDF, asked, do, draft, with_sheet
from tests.presence.shifts import arrive, leave
from tests.world import Inhabitant, Party, add_person

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session

    from portal.core.actor import Actor
    from tests.world import World

#: By side: the stem of its words, the middle of its telephone numbers, its prices in cents.
SIDES = {"east": ("Zqeast", "731", 731_811_000), "west": ("Zqwest", "842", 842_922_000)}


@dataclass
class Side:
    """One organization of the two, and all that leads to it.

    handles  : by kind, what its rows are called by in paths, fields and frames.
    canaries : what nobody else may read, in small letters; plain: what everybody may.
    """

    key: str
    handles: dict[str, list[str]] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    @property
    def people(self) -> tuple[str, str]:
        """Who of it signs in: a liaison, and its administrator."""
        return self.key, f"{SIDES[self.key][0].lower()}_admin"

    @property
    def canaries(self) -> tuple[str, ...]:
        stem, middle, cents = SIDES[self.key]
        return stem.lower(), f"417-{middle}-", str(cents // 1000)

    def words(self, what: str) -> str:
        return f"{SIDES[self.key][0]}{what.replace(' ', '')}{next(self.numbers)}"

    def telephone(self) -> str:
        return f"417-{SIDES[self.key][1]}-{next(self.numbers):04}"

    def price(self) -> int:
        return SIDES[self.key][2] + next(self.numbers)

    def keep(self, kind: str, *handles: object) -> None:
        """Remember what leads to a row of this side."""
        self.handles.setdefault(kind, []).extend(str(it) for it in handles)

    def leaks_in(self, text: str) -> list[str]:
        """Return the canaries that a text holds."""
        small = text.lower()
        return [it for it in self.canaries if it in small]


@dataclass
class Maker:
    """Fills a side, through operations as pages do."""

    session: Session
    world: World
    side: Side

    def fill(self) -> World:
        """Make everything; return the world with the organization and its people in it."""
        self._organization()
        self._links()
        self._devices()
        self._shifts()
        self.report_and_offer()
        return self.world

    def report_and_offer(self) -> None:
        """Make one of each report and offer, and let the desks decide."""
        self._reports()
        self._offers()

    def _actor(self, name: str = "") -> Actor:
        return self.world.actor(name or self.side.key)

    # ------------------------------------------------------------ people

    def _organization(self) -> None:
        side = self.side
        contact = ContactParticulars(
            name=side.words("duty desk"),
            telephone=side.telephone(),
            email=f"{side.words('desk').lower()}@world.example",
        )
        typed = OrganizationParticulars(
            name=f"{side.key.title()} Haulage",
            kind=OrganizationKind.COMPANY,
            sectors=("ENER", "TRAN"),
            counties=("29097",),
            contacts=(contact,),
        )
        with transaction(self.session, SYSTEM) as tx:
            row = organizations.register(tx, typed)
            organizations.add_member(tx, self.world.organization("guild"), row)
        liaison, admin = side.people
        people = {
            liaison: add_person(self.session, row, Role.LIAISON, liaison),
            admin: add_person(self.session, row, Role.ORG_ADMIN, admin),
        }
        spare = add_person(self.session, row, Role.LIAISON, f"{admin}_spare")
        self._renew(spare)
        side.keep("organization", row.reference)
        side.keep("person", *(it.reference for it in (*people.values(), spare)))
        side.keep("number", row.id, *(it.id for it in people.values()))
        self.world = replace(
            self.world,
            people=self.world.people | people,
            organizations=self.world.organizations
            | {side.key: Party(row.id, row.reference, row.name)},
        )

    def _renew(self, spare: Inhabitant) -> None:
        """Issue the link by which somebody makes new factors."""
        with transaction(self.session, SYSTEM) as tx:
            person = tx.session.get_one(Person, spare.id)
            token = accounts.reset_factors(tx, person, call_back=self.side.words("call"))
        self.side.keep("factors token", token)

    def _links(self) -> None:
        side = self.side
        with transaction(self.session, SYSTEM) as tx:
            person, token = accounts.invite(
                tx,
                accounts.Invitation(
                    email=f"{side.words('invited').lower()}@world.example",
                    organization=self.world.organization(side.key),
                    roles=frozenset({Role.LIAISON}),
                ),
            )
            reset = accounts.reset(tx, self.world.person(side.people[1]))
            side.keep("invite token", token)
            side.keep("reset token", reset)
        side.keep("person", person.reference)

    def _devices(self) -> None:
        """A passkey with a name, and a session that is open elsewhere."""
        actor = self._actor()
        key = passkeys.SoftPasskey()
        new = accounts.NewPasskey(
            name=self.side.words("key"),
            credential_id=key.name,
            public_key=key.public_key,
            sign_count=0,
        )
        with transaction(self.session, actor) as tx:
            accounts.add_passkey(tx, self.world.person(self.side.key), new)
            accounts.sign_in(
                tx, membership_id=actor.membership_id or 0, agent=self.side.words("phone")
            )
        kept = select(Passkey.reference).where(Passkey.person_id == actor.person_id)
        self.side.keep("passkey", *self.session.scalars(kept))
        held = select(SignIn.id).where(SignIn.person_id == actor.person_id)
        self.side.keep("session", *self.session.scalars(held))

    def _shifts(self) -> None:
        side, said = self.side, self.side.words
        typed: dict[str, Any] = {"telephone": side.telephone(), "decides_up_to": said("limit")}
        over = arrive(self.session, self._actor(), **typed)
        leave(self.session, self._actor(), over, note=said("hand over"))
        here = arrive(self.session, self._actor(), **typed)
        side.keep("check-in", over.reference)
        side.keep("present", here.reference)

    # ------------------------------------------------------------ reports and offers

    def _reports(self) -> None:
        session, desk, said = self.session, self.world.actor("moderator"), self.side.words
        waiting, refused, taken_back, kept_in, asked_for = (
            make.make_post(session, self._actor(), words=said("report"), place=said("place"))
            for _ in range(5)
        )
        make.reject(session, desk, refused, note=said("refusal"))
        make.withdraw_post(session, self._actor(), taken_back)
        make.publish(session, desk, kept_in, (STAFF,))
        do(session, desk, feed.ask, asked_for, question=said("question"))
        do(session, self._actor(), feed.reply, asked_for, reply=said("reply"))
        pictured = self._pictured()
        hidden = (waiting, refused, taken_back, kept_in, asked_for, pictured)
        self.side.keep("report", *(it.reference for it in hidden))
        self.side.keep("number", *(it.id for it in hidden))
        out = make.make_post(session, self._actor(), words=said("report"))
        with transaction(session, desk) as tx:
            feed.publish(tx, out, feed.Letting(seen_by=(PARTNERS,), said="A depot is open."))

    def _pictured(self) -> Any:
        file = io.BytesIO()
        Image.new("RGB", (64, 48), "red").save(file, "JPEG")
        made = read_picture(file.getvalue())
        taken = feed.Snapshot(jpeg=made.jpeg, small=made.jpeg, width=64, height=48)
        with transaction(self.session, self._actor()) as tx:
            report = make.report(words=self.side.words("report"))
            return feed.submit(tx, self.world.incident, report, [taken])

    def _offers(self) -> None:
        session, erac, said = self.session, self.world.actor("erac"), self.side.words
        drafted = draft(session, self._actor(), **self._offered())
        sent, listed, declined, open_ = (
            make.make_offer(session, self._actor(), **self._offered()) for _ in range(4)
        )
        for it in (drafted, sent):
            sheet = f"{said('sheet')}.pdf"
            data = PDF + said("bytes").encode()
            with_sheet(session, self._actor(), it, name=sheet, data=data)
        asked(session, erac, sent, question=said("question"))
        do(session, self._actor(), offers.reply, sent, reply=said("reply"))
        make.list_offer(session, erac, listed, note=said("note"))
        make.decline(session, erac, declined, note=said("note"))
        made = (drafted, sent, listed, declined, open_)
        self.side.keep("offer", *(it.reference for it in made))
        self.side.keep("number", *(it.id for it in made))

    def _offered(self) -> dict[str, Any]:
        texts = ("description", "place", "restrictions", "insurance", "support", "contact")
        return {
            **{it: self.side.words(it) for it in texts},
            "telephone": self.side.telephone(),
            "price_cents": self.side.price(),
        }


def mirror(session: Session, world: World) -> tuple[World, Side, Side]:
    """Make both sides; return the world with them in it."""
    east, west = Side("east"), Side("west")
    world = world.within(session)
    for side in (east, west):
        world = Maker(session, world, side).fill()
    return world, east, west
