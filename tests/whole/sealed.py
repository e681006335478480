"""Offers full of words that nobody else writes, and who may read which of them.

Two owners, an association and a company; of each an offer as far as it goes and a draft, one
offer and one draft that the ERAC cell entered for a caller. Every text, amount and price sings.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from portal.core import clock
from portal.core.actor import SYSTEM, Role
from portal.journal.transaction import transaction
from portal.offers import operations as offers
from portal.offers import queries
from portal.offers.operations import Caller, Document, Line, Terms
from portal.organizations import operations as organizations
from portal.organizations.states import OrganizationKind
from tests.offers.making import CHECKED, added, do
from tests.world import Party, add_organization, add_person

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy.orm import Session

    from portal.offers.models import Offer
    from tests.world import World

#: Who may see nothing: members of the association that offers for them, a competitor, another
#: association, and every kind of staff but ERAC and the record.
OUTSIDERS = (
    *("alpha", "alpha_admin", "bravo", "charlie", "league"),
    *("moderator", "mop3", "cikr", "logistics", "observer"),
)
OWNERS = {"umbrella": "guild", "company": "oak"}
RECORD = ("admin", "records")
MEMBER = "Hidden Haulage"

#: What the owner and the ERAC cell alone may read, and what the cell alone may.
OF_PARTIES = {"bytes", "contract", "contact", "telephone", "spoken_by", "price"}
OF_CELL = {"note_of_cell", "second_note_of_cell"}
#: A file may say anything, a price as well: its words are for the parties.
_KEPT_AS_SAID = ("description", "about", "place", "restrictions", "insurance", "support")


@dataclass(frozen=True)
class Sealed:
    """One offer, and its words by the field they stand in.

    key    : whose it is, see `OWNERS`. is_sent: the record knows of it.
    by_cell : a draft that the cell holds for a caller.
    """

    key: str
    reference: str
    words: dict[str, str] = field(hash=False)
    is_sent: bool
    by_cell: bool = False

    def for_reader(self, name: str) -> set[str]:
        """Return the words that somebody may read."""
        if name == "erac":
            return set(self.words.values()) if self.is_sent or self.by_cell else set()
        if name == OWNERS[self.key]:
            hidden = set(self.words) if self.by_cell else OF_CELL
        else:
            hidden = OF_PARTIES | OF_CELL
            if name not in RECORD or not self.is_sent:
                hidden = set(self.words)
        return {word for what, word in self.words.items() if what not in hidden}


def peopled(session: Session, world: World) -> World:
    """Return the world with a company that offers, a hidden member, a second association."""
    world = world.within(session)
    oak = add_organization(session, "Oak Haulage", sectors=("TRAN",), counties=("29097",))
    hidden = add_organization(session, MEMBER)
    league = add_organization(session, "Grocers League", kind=OrganizationKind.ASSOCIATION)
    with transaction(session, SYSTEM) as tx:
        organizations.add_member(tx, world.organization("guild"), hidden)
        organizations.add_member(tx, league, world.organization("charlie"))
    people = {
        "oak": add_person(session, oak, Role.LIAISON, "oak"),
        "league": add_person(session, league, Role.LIAISON, "league"),
    }
    parties = {
        key: Party(row.id, row.reference, row.name)
        for key, row in (("oak", oak), ("hidden", hidden), ("league", league))
    }
    return replace(
        world,
        people=world.people | people,
        organizations=world.organizations | parties,
    )


@dataclass
class Planter:
    """Makes the offers one by one, through operations as pages do."""

    session: Session
    world: World
    made: list[Sealed] = field(default_factory=list)
    numbers: int = 0

    def plant(self) -> list[Sealed]:
        """Make all of them."""
        for step in self.steps():
            step()
        return self.made

    def steps(self) -> Iterator[Callable[[], object]]:
        """Yield what makes the offers, for who wants to look in between."""
        erac = self.world.actor("erac")
        label = f"Quzlabel{len(self.made)}x"
        yield lambda: added(self.session, erac, "QUZ", label=label, units=("EA",))
        yield lambda: self._sent("umbrella", label, self._answered)
        yield lambda: self._sent("company", label, self._asked)
        yield lambda: self._sent("company", label, self._declined)
        yield lambda: self._draft("umbrella", label)
        yield lambda: self._draft("company", label)
        yield lambda: self._entered(label, is_sent=True)
        yield lambda: self._entered(label)
        yield lambda: do(
            self.session, erac, offers.retire_item, queries.catalogue(self.session)["QUZ"]
        )

    # ------------------------------------------------------------ one offer

    def _words(self, key: str, label: str) -> dict[str, str]:
        self.numbers += 1
        names = (*_KEPT_AS_SAID, "contact", "contract", "file", "bytes", "spoken_by")
        names += ("question", "reply", "told", "note_of_cell", "second_note_of_cell")
        words = {it: f"Quz{key}{it.replace('_', '')}{self.numbers}x" for it in names}
        return words | {
            "label": label,
            "amount": f"{4_861_100 + self.numbers}",
            "price": f"8173.{90 + self.numbers}",
            "telephone": f"417-555-77{40 + self.numbers}",
        }

    def _line(self, key: str, words: dict[str, str]) -> Line:
        hidden = self.world.organizations["hidden"].reference
        return Line(
            item="QUZ",
            amount=int(words["amount"]) * 1000,
            unit="EA",
            county="29097",
            description=words["description"],
            about={"bags per hour": words["about"]},
            place=words["place"],
            price_cents=int(words["price"].replace(".", "")),
            member=hidden if key == "umbrella" else "",
        )

    def _terms(self, words: dict[str, str], *, contract: bool) -> Terms:
        now = clock.now()
        return Terms(
            available_from=now,
            available_until=now + timedelta(days=3),
            compensation="state_contract" if contract else "quoted_price",
            contract=words["contract"] if contract else "",
            vouched=True,
            **{it: words[it] for it in (*_KEPT_AS_SAID[3:], "contact", "telephone")},
        )

    def _prepared(self, key: str, words: dict[str, str]) -> Offer:
        actor = self.world.actor(OWNERS[key])
        with transaction(self.session, actor) as tx:
            made = offers.begin(tx, self.world.incident, self._line(key, words))
            offers.settle(tx, made, self._terms(words, contract=self.numbers % 2 == 0))
        self._attach(actor, made, words)
        return made

    def _attach(self, actor: Any, made: Offer, words: dict[str, str]) -> None:
        data = b"%PDF-1.4\n" + words["bytes"].encode() + b"\n%%EOF\n"
        document = Document(f"{words['file']}.pdf", "application/pdf", data)
        do(self.session, actor, offers.attach, made, document)

    def _keep(
        self, made: Offer, key: str, words: dict[str, str], said: set[str], **known: bool
    ) -> None:
        """Remember an offer with those of its words that were said."""
        dropped = "price" if made.contract else "contract"
        always = {*_KEPT_AS_SAID, "label", "amount", "contact", "telephone", "file", "bytes"}
        always |= {"price", "contract"} - {dropped} | said
        kept = {it: word for it, word in words.items() if it in always}
        self.made.append(Sealed(key, made.reference, kept, **known))

    def _draft(self, key: str, label: str) -> None:
        words = self._words(key, label)
        self._keep(self._prepared(key, words), key, words, set(), is_sent=False)

    def _sent(self, key: str, label: str, then: Callable[..., set[str]]) -> None:
        words = self._words(key, label)
        made = self._prepared(key, words)
        do(self.session, self.world.actor(OWNERS[key]), offers.submit, made, on_behalf=True)
        said = then(key, made, words)
        self._keep(made, key, words, said, is_sent=True)

    def _entered(self, label: str, *, is_sent: bool = False) -> None:
        words, erac = self._words("company", label), self.world.actor("erac")
        caller = Caller(self.world.organization("oak"), words["spoken_by"])
        with transaction(self.session, erac) as tx:
            line = self._line("company", words)
            made = offers.enter(tx, self.world.incident, line, caller=caller)
            offers.settle(tx, made, self._terms(words, contract=False))
        self._attach(erac, made, words)
        if is_sent:
            do(self.session, erac, offers.submit, made)
        self._keep(made, "company", words, {"spoken_by"}, is_sent=is_sent, by_cell=not is_sent)

    # ------------------------------------------------------------ what the cell does with it

    def _answered(self, key: str, made: Offer, words: dict[str, str]) -> set[str]:
        """Let everything happen to it that can, and list it."""
        session, erac = self.session, self.world.actor("erac")
        do(session, erac, offers.review, made)
        do(session, erac, offers.note, made, words["note_of_cell"])
        do(session, erac, offers.vet, made, checks=("caller", "item"))
        do(session, erac, offers.assign, made, self.world.person("erac"))
        do(session, erac, offers.prioritize, made, priority="low")
        do(session, erac, offers.ask, made, question=words["question"])
        do(session, self.world.actor(OWNERS[key]), offers.reply, made, reply=words["reply"])
        do(session, erac, offers.note, made, words["second_note_of_cell"])
        do(session, erac, offers.list_, made, note=words["told"], checks=CHECKED)
        return {"note_of_cell", "second_note_of_cell", "question", "reply", "told"}

    def _asked(self, _key: str, made: Offer, words: dict[str, str]) -> set[str]:
        do(self.session, self.world.actor("erac"), offers.ask, made, question=words["question"])
        return {"question"}

    def _declined(self, _key: str, made: Offer, words: dict[str, str]) -> set[str]:
        erac = self.world.actor("erac")
        do(self.session, erac, offers.decline, made, reason="not_needed", note=words["told"])
        return {"told"}
