"""Reading second factors."""

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.accounts.models import Authenticator, Passkey, RecoveryCode


@dataclass(frozen=True, slots=True)
class Factors:
    """The second factors of one person. codes : how many recovery codes are left."""

    passkeys: tuple[Passkey, ...]
    authenticator: Authenticator | None
    codes: int

    def __bool__(self) -> bool:
        """Return whether there is any that one signs in with day by day."""
        return bool(self.passkeys) or self.authenticator is not None


def factors_of(session: Session, person_id: int) -> Factors:
    """Return a person's second factors; passkeys in the order of making."""
    passkeys = session.scalars(
        select(Passkey).where(Passkey.person_id == person_id).order_by(Passkey.id)
    ).all()
    codes = session.scalar(
        select(func.count())
        .select_from(RecoveryCode)
        .where(RecoveryCode.person_id == person_id, RecoveryCode.used_at.is_(None))
    )
    return Factors(tuple(passkeys), session.get(Authenticator, person_id), codes or 0)


def get_passkey(session: Session, reference: str, person_id: int) -> Passkey | None:
    """Return one of a person's passkeys."""
    return session.scalar(
        select(Passkey).where(Passkey.reference == reference, Passkey.person_id == person_id)
    )


def passkey_by_credential(session: Session, credential_id: str) -> Passkey | None:
    """Return the passkey that a browser names, whosever it is."""
    return session.scalar(select(Passkey).where(Passkey.credential_id == credential_id))


def get_recovery_code(session: Session, person_id: int, mark: str) -> RecoveryCode | None:
    """Return a person's recovery code that begins so, used or not."""
    return session.scalar(
        select(RecoveryCode).where(
            RecoveryCode.person_id == person_id, RecoveryCode.mark == mark
        )
    )
