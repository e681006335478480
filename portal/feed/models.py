"""Rows of the feed."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.accounts.models import Person
from portal.core.columns import CodeColumn, CodesColumn, MovedRow, Reference
from portal.feed.states import PostState
from portal.incidents.models import Incident
from portal.journal.audience import DESK, PARTNERS, STAFF, org
from portal.organizations.models import Organization

#: Longest text of a report, in characters.
MAX_WORDS = 1000


class Post(MovedRow):
    """A situation post: a partner's report, and once published what its readers see.

    words     : as the author wrote them, at most 1,000 characters.
    county    : FIPS code of `counties`.
    lifeline  : code of `lifelines`. Source: FEMA Community Lifelines.
    standing  : code of `standings`: how it stands there.
    asked_for : rooms that the author asked to be its readers.
    seen_by   : rooms that the desk let it out to; empty until published.
    reason    : code of `post-reasons`, when not published.
    note      : what the desk tells the author, or why it was retracted.
    """

    __tablename__ = "post"
    __table_args__ = (
        Index(None, "incident_id", "published_at"),
        Index(None, "incident_id", "state", "submitted_at"),
        Index(None, "organization_id", "incident_id", "submitted_at"),
    )
    stamps = {"submit": ("submitted_at",), "publish": ("published_at",)}  # noqa: RUF012

    reference: Mapped[Reference]
    incident_id: Mapped[int] = mapped_column(ForeignKey("incident.id"))
    organization_id: Mapped[int] = mapped_column(ForeignKey("organization.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    words: Mapped[str]
    county: Mapped[CodeColumn]
    lifeline: Mapped[CodeColumn]
    standing: Mapped[CodeColumn]
    asked_for: Mapped[CodesColumn]
    seen_by: Mapped[CodesColumn] = mapped_column(default=())
    reason: Mapped[str] = mapped_column(String(40), default="")
    note: Mapped[str] = mapped_column(default="")
    state: Mapped[PostState]
    submitted_at: Mapped[datetime | None]
    published_at: Mapped[datetime | None]

    incident: Mapped[Incident] = relationship()
    organization: Mapped[Organization] = relationship(lazy="raise")
    person: Mapped[Person] = relationship(lazy="raise")

    @property
    def stream(self) -> int:
        """Its entries stand in its incident's stream."""
        return self.incident_id

    @property
    def audience(self) -> frozenset[str]:
        """The author's organization and the desk; once let out, those it was let out to.

        A retracted post keeps its readers: they must see that it was taken back.
        """
        rooms = {DESK, org(self.organization_id)}
        if self.state in {PostState.PUBLISHED, PostState.RETRACTED}:
            rooms.update(self.seen_by)
            if PARTNERS not in self.seen_by:
                rooms.add(STAFF)
        return frozenset(rooms)
