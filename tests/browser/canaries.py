"""What belongs to one organization alone, and whether anybody else was given a word of it.

The words are taken from the database as a test leaves it: offers and drafts with their notes,
prices and references, reports that were never let out, whom to call. What another organization
has said, too, or what was published, gives nobody away.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from portal.accounts.models import Membership, Person
from portal.feed.models import Post
from portal.offers.models import Offer, OfferLine
from portal.offers.states import OfferState
from portal.organizations.models import Contact, Organization
from portal.organizations.states import OrganizationKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session

#: What markup and JSON leave as it is. Shorter pieces would be found anywhere, unless there is
#: a figure in them: telephones, prices, references.
_PLAIN = re.compile(r"[\w .,;:@()+$/-]+", re.ASCII)
_LEAST, _LEAST_WITH_FIGURES = 16, 8


@dataclass(frozen=True)
class Canary:
    """A piece of text that only one organization may read, and the agency unless a draft."""

    organization: int
    words: str
    is_draft: bool = False


def canaries(session: Session) -> list[Canary]:
    """Return all there are, each its owner's alone."""
    said: dict[str, set[Canary]] = {}
    for it in (*_offers(session), *_reports(session), *_contacts(session)):
        said.setdefault(it.words, set()).add(it)
    public = "\n".join(_public(session))
    return [
        Canary(next(iter(them)).organization, words, all(it.is_draft for it in them))
        for words, them in said.items()
        if len({it.organization for it in them}) == 1 and words not in public
    ]


def leaks(session: Session, name: str, heard: str) -> list[str]:
    """Return which words of others are in what somebody of the demo was given.

    heard : every byte of their pages and frames.
    """
    person = select(Person.id).where(Person.email == f"{name}@demo.example").scalar_subquery()
    own = session.execute(
        select(Organization.id, Organization.kind)
        .join(Membership, Membership.organization_id == Organization.id)
        .where(Membership.person_id == person)
    ).all()
    is_agency = any(kind is OrganizationKind.AGENCY for _, kind in own)
    mine = {organization for organization, _ in own}
    text = html.unescape(heard)
    return sorted(
        it.words
        for it in canaries(session)
        if it.organization not in mine and (it.is_draft or not is_agency) and it.words in text
    )


def _offers(session: Session) -> Iterator[Canary]:
    found = select(Offer).join(Offer.organization).options(selectinload(Offer.lines))
    for offer in session.scalars(found.where(Organization.kind != OrganizationKind.AGENCY)):
        said = [offer.reference, offer.contract, offer.restrictions, offer.insurance]
        said += [offer.support, offer.telephone, offer.question, offer.reply, offer.note]
        for line in offer.lines:
            said += [line.description, line.place, *_price(line)]
        is_draft = offer.state is OfferState.DRAFT
        for words in _pieces(said):
            yield Canary(offer.organization_id, words, is_draft)


def _price(line: OfferLine) -> Iterator[str]:
    """Say a price as pages do, where it is one that nobody else would come upon."""
    if line.price_cents and line.price_cents >= 100_000:
        yield f"${line.price_cents / 100:,.2f}"


def _reports(session: Session) -> Iterator[Canary]:
    found = select(Post).join(Post.organization)
    for post in session.scalars(found.where(Organization.kind != OrganizationKind.AGENCY)):
        assert post.organization_id is not None
        said = [post.question, post.reply]
        if post.published_at is None:
            said += [post.reference, post.words, post.place, post.note]
        for words in _pieces(said):
            yield Canary(post.organization_id, words)


def _contacts(session: Session) -> Iterator[Canary]:
    found = select(Contact).join(Organization, Organization.id == Contact.organization_id)
    for contact in session.scalars(found.where(Organization.kind != OrganizationKind.AGENCY)):
        for words in _pieces([contact.telephone, contact.email]):
            yield Canary(contact.organization_id, words)


def _public(session: Session) -> Iterator[str]:
    published = select(Post).where(Post.published_at.is_not(None))
    for post in session.scalars(published):
        yield from (post.words, post.said, post.said_before, post.place, post.note)
    yield from session.scalars(select(Organization.name))


def _pieces(said: list[str]) -> Iterator[str]:
    for text in said:
        for it in map(str.strip, _PLAIN.findall(text)):
            least = _LEAST_WITH_FIGURES if re.search(r"\d", it) else _LEAST
            if len(it) >= least:
                yield it
