"""Rows of presence."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, column, func, select
from sqlalchemy.orm import Mapped, column_property, mapped_column, relationship

from portal.accounts.models import Person
from portal.accounts.states import PersonState
from portal.core import clock
from portal.core.columns import CodeColumn, CodesColumn, MovedRow, Reference, Row
from portal.incidents.models import Incident
from portal.journal.audience import PARTNERS, STAFF, org
from portal.organizations.models import Organization
from portal.organizations.states import OrganizationState
from portal.presence.states import CheckInState

#: Longest limit of a decision and longest hand-over note, in characters.
MAX_UP_TO = 120
MAX_HAND_OVER = 1000

#: The link of those who are here by an open page: of them alone it is shown whether it is open.
PORTAL = "portal"

_IS_OPEN = column("state", String) == CheckInState.IN.value


class Connection(Row):
    """That one serving process has an open page of a person in an incident: a lease.

    No entry tells of it. A process that dies leaves rows behind, and those end by the clock.

    process  : name of the process, another one after each start.
    until    : end of the lease; whoever has no lease past now is not connected.
    heard_at : when the process last found the page open.
    """

    __tablename__ = "connection"

    incident_id: Mapped[int] = mapped_column(ForeignKey("incident.id"), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    process: Mapped[str] = mapped_column(String(40), primary_key=True)
    until: Mapped[datetime] = mapped_column(index=True)
    heard_at: Mapped[datetime]


class CheckIn(MovedRow):
    """One shift of one person in one incident. Source: ICS 211.

    person_id     : who is here; a person has one open check-in for each incident.
    entered_by_id : who of the SEOC checked a caller in; None when it was the person.
    assignment    : code of `assignments`: the cell or desk.
    link          : code of `links`: how to reach the person now.
    until         : end of the shift; past it nobody counts as here, whatever the state says.
    telephone     : ICS 211, block 10; for the own organization and staff alone.
    decides       : codes of `decisions`: what the person may decide; () asks first.
    decides_up_to : the limit in the person's words, such as "up to 5,000 gallons".
    hand_over     : what the next shift should know.

    Read of the person's connections where it is asked for, by whatever process they are held:

    connected_until : end of the longest lease; None if nothing was heard of late.
    heard_at        : when the person's page was last found open.
    """

    __tablename__ = "check_in"
    __table_args__ = (
        Index(
            "uq_check_in_incident_id_person_id_open",
            "incident_id",
            "person_id",
            unique=True,
            sqlite_where=_IS_OPEN,
            postgresql_where=_IS_OPEN,
        ),
        Index(None, "incident_id", "state", "checked_in_at"),
        Index(None, "incident_id", "checked_in_at"),
        Index(None, "person_id", "checked_in_at"),
        Index(None, "organization_id", "incident_id", "checked_out_at"),
    )
    stamps = {  # noqa: RUF012
        "check_in": ("checked_in_at",),
        "check_in_for": ("checked_in_at",),
        "check_out": ("checked_out_at",),
    }

    reference: Mapped[Reference]
    incident_id: Mapped[int] = mapped_column(ForeignKey("incident.id"))
    organization_id: Mapped[int] = mapped_column(ForeignKey("organization.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    entered_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    assignment: Mapped[CodeColumn]
    link: Mapped[CodeColumn]
    until: Mapped[datetime]
    telephone: Mapped[str] = mapped_column(String(40), default="")
    decides: Mapped[CodesColumn] = mapped_column(default=())
    decides_up_to: Mapped[str] = mapped_column(String(MAX_UP_TO), default="")
    hand_over: Mapped[str] = mapped_column(default="")
    state: Mapped[CheckInState]
    checked_in_at: Mapped[datetime | None]
    checked_out_at: Mapped[datetime | None]

    connected_until: Mapped[datetime | None] = column_property(
        select(func.max(Connection.until))
        .where(Connection.incident_id == incident_id, Connection.person_id == person_id)
        .correlate_except(Connection)
        .scalar_subquery(),
        deferred=True,
    )
    heard_at: Mapped[datetime | None] = column_property(
        select(func.max(Connection.heard_at))
        .where(Connection.incident_id == incident_id, Connection.person_id == person_id)
        .correlate_except(Connection)
        .scalar_subquery(),
        deferred=True,
    )

    incident: Mapped[Incident] = relationship(viewonly=True)
    organization: Mapped[Organization] = relationship(lazy="raise", viewonly=True)
    person: Mapped[Person] = relationship(lazy="raise", foreign_keys=[person_id], viewonly=True)
    entered_by: Mapped[Person | None] = relationship(
        lazy="raise", foreign_keys=[entered_by_id], viewonly=True
    )

    @property
    def stream(self) -> int:
        """Its entries stand in its incident's stream."""
        return self.incident_id

    @property
    def audience(self) -> frozenset[str]:
        """Everybody knows which organizations are here; what each may know says `project`."""
        return frozenset({PARTNERS, STAFF, org(self.organization_id)})

    @property
    def is_over(self) -> bool:
        """True when the clock has ended the shift, and nobody has checked out."""
        return self.state is CheckInState.IN and self.until <= clock.now()

    @property
    def is_here(self) -> bool:
        """True for somebody who counts as present now."""
        return (
            self.state is CheckInState.IN
            and not self.is_over
            and self.person.state is PersonState.ACTIVE
            and self.organization.state is OrganizationState.ACTIVE
        )

    @property
    def is_connected(self) -> bool:
        """True for somebody who is here by the portal, and has a page of it open."""
        return (
            self.is_here
            and self.link == PORTAL
            and self.connected_until is not None
            and self.connected_until > clock.now()
        )
