"""Rows of people, their memberships, factors, open sessions and single-use links."""

from datetime import datetime
from typing import ClassVar

from sqlalchemy import ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.accounts.states import (
    ApplicationState,
    MembershipState,
    PersonState,
    SignInState,
    TicketPurpose,
)
from portal.core.columns import CodeColumn, CodesColumn, Id, MovedRow, Reference, Row
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
    password_hash : argon2id in PHC form; None for who has none, as with passkeys alone.
    is_demo       : signs in only where the demo is on, and over loopback only; needs no second
                    factor.
    joined_at     : when the invitation was taken up.
    terms_version : the terms of use that were accepted last; 0 for none.
    """

    __tablename__ = "person"

    reference: Mapped[Reference]
    email: Mapped[str] = mapped_column(String(254), unique=True)
    name: Mapped[str] = mapped_column(String(120), default="")
    password_hash: Mapped[str | None] = mapped_column(String(200))
    is_demo: Mapped[bool] = mapped_column(default=False)
    joined_at: Mapped[datetime | None]
    terms_version: Mapped[int] = mapped_column(default=0)
    state: Mapped[PersonState]

    stamps: ClassVar[dict[str, tuple[str, ...]]] = {"join": ("joined_at",)}

    @property
    def person_id(self) -> int:
        """A person is SELF to their own row."""
        return self.id


class Membership(_Account):
    """A person acting for an organization in certain roles; a session acts for one of them.

    acting_roles : roles held in a colleague's place, beside one's own, until `acting_until`.
    acting_for   : whose place that is: a person's name.
    """

    __tablename__ = "membership"
    __table_args__ = (UniqueConstraint("person_id", "organization_id"),)

    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    organization_id: Mapped[int] = mapped_column(ForeignKey("organization.id"), index=True)
    roles: Mapped[CodesColumn]
    acting_roles: Mapped[CodesColumn] = mapped_column(default=())
    acting_until: Mapped[datetime | None]
    acting_for: Mapped[str] = mapped_column(String(120), default="")
    state: Mapped[MembershipState]

    person: Mapped[Person] = relationship(lazy="raise", viewonly=True)
    organization: Mapped[Organization] = relationship(lazy="raise", viewonly=True)


class SignIn(_Account):
    """An open session of a browser or a client.

    token_hash   : SHA-256 of the 256-bit token that the cookie carries.
    last_seen_at : last request of the person; sockets do not count.
    ends_at      : absolute end, whatever happens.
    proved_at    : when the person last showed all factors; some acts want that to be recent.
    how          : by what the person came in, such as passkey: a code of `sign-in-ways`.
    agent        : what the browser calls itself, for the person's own list.
    """

    __tablename__ = "sign_in"

    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    membership_id: Mapped[int] = mapped_column(ForeignKey("membership.id"))
    started_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    proved_at: Mapped[datetime]
    how: Mapped[CodeColumn]
    agent: Mapped[str] = mapped_column(String(200))
    state: Mapped[SignInState]

    stamps: ClassVar[dict[str, tuple[str, ...]]] = {"prove": ("proved_at",)}


class Ticket(Row):
    """A single-use link; see `TicketPurpose` for what it is good for.

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

    person: Mapped[Person] = relationship(lazy="raise", viewonly=True)


class Passkey(Row):
    """A public-key credential of a person. Source: W3C Web Authentication.

    name          : what the person calls it, such as "Work phone".
    credential_id : as the browser says it, in base64url without padding.
    public_key    : a COSE key.
    sign_count    : uses as the authenticator counts them; 0 for those that do not count.
    """

    __tablename__ = "passkey"

    id: Mapped[Id]
    reference: Mapped[Reference]
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    name: Mapped[str] = mapped_column(String(60))
    credential_id: Mapped[str] = mapped_column(String(1400), unique=True)
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    sign_count: Mapped[int]
    made_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class Authenticator(Row):
    """A person's authenticator app. Source: RFC 6238, 6 digits, 30 seconds, SHA-1.

    secret    : sealed under the portal's secret key, see `portal.core.sealing`.
    last_step : the time step of the last code taken; no earlier one is taken again.
    """

    __tablename__ = "authenticator"

    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    secret: Mapped[str] = mapped_column(String(300))
    last_step: Mapped[int]
    made_at: Mapped[datetime]


class RecoveryCode(Row):
    """One of ten codes for who has lost every other second factor.

    mark      : the code's first four signs, by which it is found.
    code_hash : argon2id of the whole code.
    """

    __tablename__ = "recovery_code"
    __table_args__ = (UniqueConstraint("person_id", "mark"),)

    id: Mapped[Id]
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    mark: Mapped[str] = mapped_column(String(4))
    code_hash: Mapped[str] = mapped_column(String(200))
    used_at: Mapped[datetime | None]


class Identity(Row):
    """Somebody as an OpenID provider knows them: issuer and subject, never an address."""

    __tablename__ = "identity"
    __table_args__ = (UniqueConstraint("issuer", "subject"),)

    id: Mapped[Id]
    reference: Mapped[Reference]
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    issuer: Mapped[str] = mapped_column(String(300))
    subject: Mapped[str] = mapped_column(String(255))
    made_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class Spent(Row):
    """The digest of a value that may be used once, such as a passkey's challenge."""

    __tablename__ = "spent"
    __table_args__ = (Index(None, "until"),)

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    until: Mapped[datetime]


class Application(MovedRow):
    """Somebody unknown asks that an organization be taken in; MOP3 vets it.

    name, kind, sectors, counties, website : of the organization, as typed.
    person_name, email, telephone : of who asks; would be its first administrator.
    call_back_number : where the vetter called to make sure.
    call_back_source : where that number is from: never from the application itself.
    key         : of the form it came by: the same form sent again is the same application.
    token_hash  : of the link to its page, whose token is worked out from the key.
    """

    __tablename__ = "application"
    __table_args__ = (Index(None, "state", "applied_at"),)

    reference: Mapped[Reference]
    name: Mapped[str] = mapped_column(String(120))
    kind: Mapped[CodeColumn]
    sectors: Mapped[CodesColumn]
    counties: Mapped[CodesColumn]
    website: Mapped[str] = mapped_column(String(200))
    person_name: Mapped[str] = mapped_column(String(120))
    email: Mapped[str] = mapped_column(String(254))
    telephone: Mapped[str] = mapped_column(String(40))
    why: Mapped[str]
    question: Mapped[str] = mapped_column(default="")
    reply: Mapped[str] = mapped_column(default="")
    reason: Mapped[str] = mapped_column(default="")
    call_back_number: Mapped[str] = mapped_column(String(40), default="")
    call_back_source: Mapped[str] = mapped_column(String(200), default="")
    applied_at: Mapped[datetime]
    key: Mapped[str] = mapped_column(String(64), unique=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    organization_id: Mapped[int | None] = mapped_column(ForeignKey("organization.id"))
    state: Mapped[ApplicationState]

    @property
    def stream(self) -> int:
        """Accounts are matters of day-to-day operations."""
        return 0

    @property
    def audience(self) -> frozenset[str]:
        """Who vets reads it, and who keeps the record."""
        return frozenset({AUDIT, "cell:mop3"})
