"""Words that try to become more than words, in every text field of every form."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from portal.accounts.models import Person, SignIn
from portal.feed import operations as feed
from portal.feed.models import Post
from portal.incidents.models import Incident
from portal.journal.housekeeping import housekeeping
from portal.journal.transaction import transaction
from portal.offers.models import CatalogueItem, Offer, OfferLine, SavedView, Sheet
from portal.organizations.models import Contact, Organization
from portal.presence.models import CheckIn
from tests import factories as make
from tests.offers.making import PDF
from tests.whole.moving import FORMS, form_of
from tests.whole.test_hostile import fields_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

    from tests.pages import Form, PageClient
    from tests.whole.scene import Scene
    from tests.world import World

CORPUS: list[str] = [
    json.loads(line)
    for line in (Path(__file__).parents[1] / "data/xss.txt").read_text("utf-8").splitlines()
]

#: More than any field takes, in characters: it then says how many those are.
MOST = 5000

#: What a form wants beside, once there are words in all its fields.
BESIDE = {
    "check_in.check_in": {"decides": ["fuel"]},
    "check_in.check_in_for": {"decides": ["fuel"]},
}

#: Short words that stand on many pages: each walk sees other ones in them.
SHORT = {
    Incident.name: 120,
    Incident.bridge: 120,
    Person.name: 120,
    SignIn.agent: 200,
    Organization.name: 120,
    Contact.name: 120,
    Post.place: 80,
    Post.spoken_by: 120,
    Offer.contact: 120,
    Offer.spoken_by: 120,
    OfferLine.label: 120,
    OfferLine.place: 80,
    SavedView.name: 40,
    CatalogueItem.label: 120,
    Sheet.name: 80,
    CheckIn.decides_up_to: 120,
    CheckIn.hand_over: 1000,
}


class Hostile:
    """The corpus, dealt out: each field gets what comes next for it, and begins elsewhere.

    sown : by field, the entries that it was filled with, taken or refused.
    """

    def __init__(self, corpus: Sequence[str] = CORPUS) -> None:
        self.corpus = corpus
        self.sown: dict[str, set[str]] = {}
        self._next: dict[str, int] = {}

    def pack(self, size: int, field: str) -> str:
        """Return as many of the field's next entries as fit; what never fits is passed over."""
        at = self._next.setdefault(field, 37 * len(self._next))
        packed: list[str] = []
        room = size
        for _ in self.corpus:
            entry = self.corpus[at % len(self.corpus)]
            if len(entry) + 1 > room and (packed or len(entry) < size):
                break
            at += 1
            if len(entry) < size:
                packed.append(entry)
                room -= len(entry) + 1
        self._next[field] = at
        self.sown.setdefault(field, set()).update(packed)
        return " ".join(packed)

    # ------------------------------------------------------------ through the forms

    def fill_every_form(self, scene: Scene) -> None:
        """Send the form of every move with hostile words, until it is taken."""
        for parameter in FORMS:
            stage, move = parameter.values
            client, form = form_of(scene, stage, move)
            typed = {**stage.fill(scene.world, move), **BESIDE.get(form.move, {})}
            self._fill(client, form, typed)

    def _fill(self, client: PageClient, form: Form, typed: dict[str, Any]) -> None:
        """Fill in one form; what a field finds too long is made shorter, what else it refuses
        is left as somebody sensible fills it in."""
        sizes = {name: MOST for name, kind, _ in fields_of(form) if kind == "text"}
        while True:
            sown = {k: self.pack(size, f"{form.move}.{k}") for k, size in sizes.items()}
            answer = client.submit(form, **{**typed, **sown})
            if answer.status_code != 422:
                return
            ids = {it.get("name", ""): it.get("id", "") for it in form.element.iter()}
            said = {name: _said(answer.text, ids[name]) for name in sizes}
            assert any(said.values()), client.read(answer).main
            for name, words in said.items():
                cap = re.search(r"([0-9,]+) characters at most", words)
                if cap:
                    sizes[name] = int(cap[1].replace(",", ""))
                elif words:
                    del sizes[name]

    # ------------------------------------------------------------ through operations

    def plant(self, session: Session, world: World, number: int) -> None:
        """Let so many posts and offers stand in lists."""
        desk, erac = world.actor("moderator"), world.actor("erac")
        for at in range(number):
            who = world.actor(("alpha", "bravo")[at % 2])
            words = {"words": self.pack(1000, "words"), "place": self.pack(80, "place")}
            post = make.make_post(session, who, world.incident, **words)
            if at % 4:
                with transaction(session, desk) as tx:
                    letting = feed.Letting(seen_by=("partners",), said=self.pack(4000, "said"))
                    feed.publish(tx, post, letting)
            terms = {name: self.pack(500, name) for name in ("restrictions", "insurance")}
            line = {"description": self.pack(500, "description"), "place": self.pack(80, "on")}
            offer = make.make_offer(session, who, world.incident, **terms, **line)
            if at % 2:
                make.list_offer(session, erac, offer, note=self.pack(300, "note"))

    def rename_everything(self, session: Session) -> None:
        """Give whatever has a short text the next entries for it."""
        with housekeeping(session) as writer:
            for column, size in SHORT.items():
                for row in writer.query(column.class_):
                    if getattr(row, column.key) or column.key == "name":
                        setattr(row, column.key, self.pack(size, str(column)))

    def attach(self, client: PageClient, path: str) -> None:
        """Put files with hostile names with an offer."""
        for _ in range(3):
            form = client.page(path).form("offer.attach")
            name = f"{self.pack(60, 'filename')}.pdf"
            file = (io.BytesIO(PDF), name)
            assert client.submit(form, document=file).status_code == 303


def _said(page: str, identifier: str) -> str:
    """Return what is said to be wrong with a field; quickly: it is asked hundreds of times."""
    found = re.search(rf'id="{re.escape(identifier)}-error"[^>]*>(.*?)</', page, re.DOTALL)
    return found[1] if found else ""
