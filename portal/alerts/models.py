"""Rows of outside alerts."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.columns import Id, Row


class OutsideAlert(Row):
    """An alert that an incident knows: it was brought in, or one that was brought in names it.

    key             : SHA-256 of sender, identifier and sent: each alert is there once.
    post_id         : the draft that it became; None if its update was here before it.
    overtaken_by_id : the alert that updates or cancels it, as far as one is known.
    """

    __tablename__ = "outside_alert"
    __table_args__ = (UniqueConstraint("incident_id", "key"),)

    id: Mapped[Id]
    incident_id: Mapped[int] = mapped_column(ForeignKey("incident.id"))
    key: Mapped[str] = mapped_column(String(64))
    sender: Mapped[str]
    identifier: Mapped[str]
    sent: Mapped[datetime]
    post_id: Mapped[int | None] = mapped_column(ForeignKey("post.id"), unique=True)
    overtaken_by_id: Mapped[int | None] = mapped_column(ForeignKey("outside_alert.id"))
