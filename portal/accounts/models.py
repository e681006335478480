"""Rows of people, their memberships, their open sessions and their single-use links."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.accounts.states import MembershipState, PersonState, SignInState, TicketPurpose
from portal.core.columns import CodesColumn, Id, MovedRow, Reference, Row
from portal.journal.audience import AUDIT
from portal.organizations.models import Organization


class _Account(MovedRow):
    __abstract__ = True

    @property
    def stream(self) -> int:
        """Accounts are matters of day-to-day operations."""
        return 0

    @property
    def audience(self) -> frozenset[str]:
        """Changes of accounts are read by administrators and the records officer."""
        return frozenset({AUDIT})


class Person(_Account):
    """Somebody who can sign in.

    email         : lower case; the name to sign in with.
    password_hash : argon2id in PHC form; None until the invitation is taken up.
    is_demo       : signs in only where the demo is on, and over loopback only.
    """

    __tablename__ = "person"

    reference: Mapped[Reference]
    email: Mapped[str] = mapped_column(String(254), unique=True)
    name: Mapped[str] = mapped_column(String(120), default="")
    password_hash: Mapped[str | None] = mapped_column(String(200))
    is_demo: Mapped[bool] = mapped_column(default=False)
    state: Mapped[PersonState]

    @property
    def person_id(self) -> int:
        """A person is SELF to their own row."""
        return self.id


class Membership(_Account):
    """A person acting for an organization in certain roles; a session acts for one of them."""

    __tablename__ = "membership"
    __table_args__ = (UniqueConstraint("person_id", "organization_id"),)

    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    organization_id: Mapped[int] = mapped_column(ForeignKey("organization.id"), index=True)
    roles: Mapped[CodesColumn]
    state: Mapped[MembershipState]

    person: Mapped[Person] = relationship(lazy="raise")
    organization: Mapped[Organization] = relationship(lazy="raise")


class SignIn(_Account):
    """An open session of a browser or a client.

    token_hash   : SHA-256 of the 256-bit token that the cookie carries.
    last_seen_at : last request of the person; sockets do not count.
    ends_at      : absolute end, whatever happens.
    agent        : what the browser calls itself, for the person's own list.
    """

    __tablename__ = "sign_in"

    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    membership_id: Mapped[int] = mapped_column(ForeignKey("membership.id"))
    started_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    agent: Mapped[str] = mapped_column(String(200))
    state: Mapped[SignInState]


class Ticket(Row):
    """A single-use link: an invitation (72 hours) or a reset of a password (30 minutes).

    token_hash : SHA-256 of the 256-bit token in the link, which is kept nowhere.
    """

    __tablename__ = "ticket"

    id: Mapped[Id]
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    purpose: Mapped[TicketPurpose]
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    issued_by: Mapped[str] = mapped_column(String(120))
    ends_at: Mapped[datetime]
    used_at: Mapped[datetime | None]

    person: Mapped[Person] = relationship(lazy="raise")
