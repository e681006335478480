"""Rows of the feed."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, String, and_, update
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from portal.accounts.models import Person
from portal.core import clock
from portal.core.columns import CodeColumn, CodesColumn, MovedRow, Reference, Row
from portal.feed.states import LET_OUT, AcknowledgementState, ClaimState, PostState
from portal.incidents.models import Incident
from portal.journal.audience import DESK, PARTNERS, STAFF, org
from portal.organizations.models import Organization

#: Longest text of a report and of a post, a place and a note, in characters.
MAX_WORDS = 1000
MAX_SAID = 4000
MAX_PLACE = 80
MAX_NOTE = 300


class Post(MovedRow):
    """A situation post: a partner's report, the SEOC's own word, or an outside alert.

    person_id : who entered it; None for an outside alert, as is its organization.
    spoken_by : who said it, when another entered it: a caller, an outside sender.
    link      : code of `links`: how it came.
    kind      : code of `post-kinds`.
    words     : as the author wrote them.
    counties  : FIPS codes of `counties`; none stands for the whole State.
    place     : where in the county, such as "Store 14, Carthage".
    lifeline  : code of `lifelines`, or "". Source: FEMA Community Lifelines.
    standing  : code of `standings`: how it stands there, or "".
    source    : code of `sources`: who stands behind the words.
    pictures  : width x height of each `Photo`, such as "1600x1200", in their order.
    asked_for : rooms that the author asked to be its readers.
    seen_by   : rooms that the desk let it out to; empty until published.

    What its readers see beside that, from when it is let out:
    said           : the words now; said_before, correction: those before, and why they changed.
    tlp            : code of `tlp`: with whom readers may share it. Source: FIRST TLP 2.0.
    confidence     : code of `certainties`, or "". Source: CAP 1.2.
    review_by      : when it counts as no longer confirmed, unless the desk confirms it.
    ends_at        : when what it says is over.
    acknowledge_by : until when each organization is to say that it has read it.
    pinned_until   : until when it stands among what is true now.
    doubted_at     : when a reader asked whether it is still true; None once the desk answered.

    question, reply : what the desk asks the author, and the answer.
    reason, note    : code of `post-reasons` when not published; what the desk says to it, or
                      why it was retracted.
    successor_id    : the post that took its place: merged into, or superseded by.
    replaces_id     : the post whose place it takes once it is published.
    waiting_since   : since when it is the desk's turn.
    reminded_at     : when somebody was told that it waits too long.
    """

    __tablename__ = "post"
    __table_args__ = (
        Index(None, "incident_id", "published_at"),
        Index(None, "incident_id", "state", "waiting_since"),
        Index(None, "organization_id", "incident_id", "submitted_at"),
        Index(None, "incident_id", "moved_at"),
        Index(None, "incident_id", "pinned_until"),
        Index(None, "incident_id", "acknowledge_by"),
        Index(None, "incident_id", "doubted_at"),
    )
    stamps = {  # noqa: RUF012
        **dict.fromkeys(("submit", "enter", "bring_in"), ("submitted_at", "waiting_since")),
        "propose": ("submitted_at", "waiting_since"),
        "post": ("submitted_at", "published_at"),
        **dict.fromkeys(("reply", "reopen"), ("waiting_since",)),
        **dict.fromkeys(("publish", "second"), ("published_at",)),
        "correct": ("corrected_at",),
        "confirm": ("confirmed_at",),
        "doubt": ("doubted_at",),
        "remind": ("reminded_at",),
    }

    reference: Mapped[Reference]
    incident_id: Mapped[int] = mapped_column(ForeignKey("incident.id"))
    organization_id: Mapped[int | None] = mapped_column(ForeignKey("organization.id"))
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    spoken_by: Mapped[str] = mapped_column(String(120), default="")
    link: Mapped[CodeColumn] = mapped_column(default="portal")
    kind: Mapped[CodeColumn] = mapped_column(default="status")
    words: Mapped[str]
    counties: Mapped[CodesColumn] = mapped_column(default=())
    place: Mapped[str] = mapped_column(String(MAX_PLACE), default="")
    lifeline: Mapped[CodeColumn] = mapped_column(default="")
    standing: Mapped[CodeColumn] = mapped_column(default="")
    source: Mapped[CodeColumn] = mapped_column(default="partner_verified")
    is_urgent: Mapped[bool] = mapped_column(default=False)
    asked_for: Mapped[CodesColumn] = mapped_column(default=())
    seen_by: Mapped[CodesColumn] = mapped_column(default=())
    pictures: Mapped[CodesColumn] = mapped_column(default=())
    said: Mapped[str] = mapped_column(default="")
    said_before: Mapped[str] = mapped_column(default="")
    correction: Mapped[str] = mapped_column(default="")
    tlp: Mapped[CodeColumn] = mapped_column(default="GREEN")
    confidence: Mapped[CodeColumn] = mapped_column(default="")
    review_by: Mapped[datetime | None]
    ends_at: Mapped[datetime | None]
    acknowledge_by: Mapped[datetime | None]
    pinned_until: Mapped[datetime | None]
    doubted_at: Mapped[datetime | None]
    question: Mapped[str] = mapped_column(default="")
    reply: Mapped[str] = mapped_column(default="")
    reason: Mapped[str] = mapped_column(String(40), default="")
    note: Mapped[str] = mapped_column(default="")
    successor_id: Mapped[int | None] = mapped_column(ForeignKey("post.id"))
    replaces_id: Mapped[int | None] = mapped_column(ForeignKey("post.id"))
    state: Mapped[PostState]
    submitted_at: Mapped[datetime | None]
    waiting_since: Mapped[datetime | None]
    published_at: Mapped[datetime | None]
    corrected_at: Mapped[datetime | None]
    confirmed_at: Mapped[datetime | None]
    reminded_at: Mapped[datetime | None]

    incident: Mapped[Incident] = relationship(viewonly=True)
    organization: Mapped[Organization | None] = relationship(lazy="raise", viewonly=True)
    person: Mapped[Person | None] = relationship(lazy="raise", viewonly=True)
    successor: Mapped["Post | None"] = relationship(
        lazy="raise", foreign_keys=[successor_id], remote_side="Post.id", viewonly=True
    )
    claim: Mapped["Claim | None"] = relationship(lazy="raise", viewonly=True)
    photos: Mapped[list["Photo"]] = relationship(
        lazy="raise", order_by="Photo.number", cascade="all"
    )
    tags: Mapped[list["PostTag"]] = relationship(lazy="raise", cascade="all, delete-orphan")

    @property
    def stream(self) -> int:
        """Its entries stand in its incident's stream."""
        return self.incident_id

    @property
    def audience(self) -> frozenset[str]:
        """The author's organization and the desk; once let out, those it was let out to.

        A retracted post keeps its readers: they must see that it was taken back.
        """
        rooms = {DESK}
        if self.organization_id is not None:
            rooms.add(org(self.organization_id))
        if self.state in LET_OUT and self.seen_by:
            rooms.update(self.seen_by)
            if PARTNERS not in self.seen_by:
                rooms.add(STAFF)
        return frozenset(rooms)

    def stamped(self, session: Session, move: str, at: datetime) -> None:
        """Give its tags the time at which it was let out."""
        if "published_at" in self.stamps.get(move, ()):
            session.execute(
                update(PostTag).where(PostTag.post_id == self.id).values(published_at=at),
                execution_options={"synchronize_session": False},
            )


#: What the floor's map and lifelines are read from.
_STANDS = and_(Post.__table__.c.standing != "", Post.__table__.c.lifeline != "")
Index(
    "ix_post_standings",
    Post.__table__.c.incident_id,
    Post.__table__.c.published_at,
    sqlite_where=_STANDS,
    postgresql_where=_STANDS,
)


class PostTag(Row):
    """One thing by which a published post is found: the feed's filters read nothing else.

    tag          : such as "county:29097", "region:D", "sector:ENER", "lifeline:WATER".
    published_at : the post's own, so that one index gives the latest of a tag.
    """

    __tablename__ = "post_tag"
    __table_args__ = (Index(None, "incident_id", "tag", "published_at"), Index(None, "post_id"))

    incident_id: Mapped[int] = mapped_column(ForeignKey("incident.id"), primary_key=True)
    tag: Mapped[str] = mapped_column(String(48), primary_key=True)
    post_id: Mapped[int] = mapped_column(ForeignKey("post.id"), primary_key=True)
    published_at: Mapped[datetime | None]


class Photo(Row):
    """A picture of a report, made anew: `jpeg` 1,600 pixels wide at most, `small` 480."""

    __tablename__ = "photo"

    post_id: Mapped[int] = mapped_column(ForeignKey("post.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    width: Mapped[int]
    height: Mapped[int]
    jpeg: Mapped[bytes] = mapped_column(LargeBinary, deferred=True, deferred_raiseload=True)
    small: Mapped[bytes] = mapped_column(LargeBinary, deferred=True, deferred_raiseload=True)


class Claim(MovedRow):
    """Who at the desk has a report before them, and until when the others leave it to them.

    sign_in_id : the session in which it was taken; signing out ends it.
    """

    __tablename__ = "claim"
    __table_args__ = (Index(None, "state", "until"),)

    post_id: Mapped[int] = mapped_column(ForeignKey("post.id"), unique=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    sign_in_id: Mapped[int | None] = mapped_column(ForeignKey("sign_in.id"))
    until: Mapped[datetime]
    state: Mapped[ClaimState]

    post: Mapped[Post] = relationship(lazy="joined", viewonly=True)
    person: Mapped[Person] = relationship(lazy="raise", viewonly=True)

    @property
    def stream(self) -> int:
        """Its entries stand in the incident's stream."""
        return self.post.incident_id

    @property
    def audience(self) -> frozenset[str]:
        """Only the desk knows who works on what."""
        return frozenset({DESK})

    @property
    def reference(self) -> str:
        """What it claims."""
        return self.post.reference

    @property
    def is_held(self) -> bool:
        """True while it keeps others off; the clock ends it, whatever the state says."""
        return self.state is ClaimState.HELD and self.until > clock.now()


class Acknowledgement(MovedRow):
    """An organization's word that it has read a post that asks for it."""

    __tablename__ = "acknowledgement"
    __table_args__ = (Index(None, "post_id", "organization_id", unique=True),)
    stamps = {"acknowledge": ("given_at",)}  # noqa: RUF012

    post_id: Mapped[int] = mapped_column(ForeignKey("post.id"))
    organization_id: Mapped[int] = mapped_column(ForeignKey("organization.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    given_at: Mapped[datetime | None]
    state: Mapped[AcknowledgementState]

    post: Mapped[Post] = relationship(lazy="joined", viewonly=True)
    organization: Mapped[Organization] = relationship(lazy="raise", viewonly=True)
    person: Mapped[Person] = relationship(lazy="raise", viewonly=True)

    @property
    def stream(self) -> int:
        """Its entries stand in the incident's stream."""
        return self.post.incident_id

    @property
    def audience(self) -> frozenset[str]:
        """The organization's own people, and the desk that waits for it."""
        return frozenset({DESK, org(self.organization_id)})

    @property
    def reference(self) -> str:
        """What it acknowledges."""
        return self.post.reference


class ReadMark(Row):
    """How far a person has read an incident's feed; it only moves forward."""

    __tablename__ = "read_mark"

    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    incident_id: Mapped[int] = mapped_column(ForeignKey("incident.id"), primary_key=True)
    read_until: Mapped[datetime]
