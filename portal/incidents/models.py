"""Rows of incidents."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.columns import CodeColumn, CodesColumn, Id, MovedRow, Row
from portal.incidents.states import IncidentState
from portal.journal.audience import AUDIT, PARTNERS


class Incident(MovedRow):
    """What the SEOC is activated for; everything else hangs on one.

    code      : short name in URLs and references, such as OZ27; `daily` for id 0.
    types     : codes of `incident-types` (OpenFEMA designatedIncidentTypes and local ones).
    counties  : FIPS codes of the counties concerned.
    level     : code of `activation-levels`, which each State words for itself.
    time_zone : IANA name in which its times are shown.
    telephone, email, bridge : how to reach the SEOC when the portal cannot be.
    review_minutes : a report should not wait longer; then the duty address hears of it.
    needs_second   : whether instructions to all partners need a second person at the desk.
    period_number : running number of the operational period; 0 before the first.
    """

    __tablename__ = "incident"
    stamps = {"open": ("opened_at",), "close": ("closed_at",)}  # noqa: RUF012

    code: Mapped[str] = mapped_column(String(12), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    is_exercise: Mapped[bool]
    types: Mapped[CodesColumn]
    counties: Mapped[CodesColumn]
    level: Mapped[CodeColumn]
    time_zone: Mapped[str] = mapped_column(String(40))
    telephone: Mapped[str] = mapped_column(String(40))
    email: Mapped[str] = mapped_column(String(254))
    bridge: Mapped[str] = mapped_column(String(120))
    review_minutes: Mapped[int] = mapped_column(default=15)
    needs_second: Mapped[bool] = mapped_column(default=False)
    state: Mapped[IncidentState]
    opened_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    period_number: Mapped[int] = mapped_column(default=0)
    period_starts_at: Mapped[datetime | None]
    period_ends_at: Mapped[datetime | None]

    @property
    def reference(self) -> str:
        """An incident is spoken of by its code."""
        return self.code

    @property
    def is_open(self) -> bool:
        """True while partners can report and offer."""
        return self.state is IncidentState.OPEN

    @property
    def stream(self) -> int:
        """An incident's own changes stand in its own stream."""
        return self.id

    @property
    def audience(self) -> frozenset[str]:
        """Everybody signed in knows which incidents there are."""
        return frozenset({PARTNERS, AUDIT})


class OperationalPeriod(Row):
    """A stretch of time for which the SEOC plans, mostly 12 hours. Source: NIMS ICS."""

    __tablename__ = "operational_period"
    __table_args__ = (UniqueConstraint("incident_id", "number"),)

    id: Mapped[Id]
    incident_id: Mapped[int] = mapped_column(ForeignKey("incident.id"))
    number: Mapped[int]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
