"""Second factors: passkeys, an authenticator app, recovery codes. Each code is taken once.

What is computed from secrets (hashes, signatures, codes) is computed by the callers; here is
what must hold in the database, also when fifty arrive at once.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, literal, or_, select, update
from sqlalchemy.orm import Session

from portal.accounts.models import (
    Authenticator,
    Identity,
    Passkey,
    Person,
    RecoveryCode,
    Spent,
    Ticket,
)
from portal.accounts.operations.links import issue, use
from portal.accounts.operations.sign_ins import end_sign_ins
from portal.accounts.queries import hash_token
from portal.accounts.states import PERSON, TicketPurpose
from portal.core import clock
from portal.core.errors import FieldError
from portal.core.references import unused_reference
from portal.journal.housekeeping import housekeeping
from portal.journal.statements import insert_into
from portal.journal.transaction import Tx

#: So many recovery codes are made at a time.
CODES = 10

#: A person has this many passkeys at most.
MOST_PASSKEYS = 10

#: How long a value that may be used once is remembered; longer than any of them is good for.
REMEMBERED = timedelta(hours=1)

_ONCE = {"synchronize_session": False}

USED = "This code was used before. Wait for the next one."


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPasskey:
    """A credential as its registration was verified; see `Passkey`."""

    name: str
    credential_id: str
    public_key: bytes
    sign_count: int


def spend(tx: Tx, value: str) -> None:
    """Use up a value that may be used once.

    Raises FieldError at the field `credential` if it was used before.
    """
    row = insert_into(tx.session, Spent).values(
        digest=hash_token(value), until=tx.now + REMEMBERED
    )
    if tx.session.execute(row.on_conflict_do_nothing().returning(Spent.digest)).first() is None:
        raise FieldError("credential", "This was sent before. Try once more.")


def forget_spent(session: Session) -> None:
    """Delete used-up values that could no longer be used anyhow."""
    with housekeeping(session):
        session.execute(delete(Spent).where(Spent.until < clock.now()), execution_options=_ONCE)


def add_passkey(tx: Tx, person: Person, new: NewPasskey) -> Passkey:
    """Give a person one more passkey.

    Raises FieldError if the credential is known, or there are too many.
    """
    if tx.session.scalar(select(Passkey.id).where(Passkey.credential_id == new.credential_id)):
        raise FieldError("credential", "This passkey is known already.")
    held = tx.session.scalars(select(Passkey.id).where(Passkey.person_id == person.id)).all()
    if len(held) >= MOST_PASSKEYS:
        raise FieldError("credential", f"Nobody has more than {MOST_PASSKEYS} passkeys.")
    tx.move(PERSON, "add_factor", person, factor="passkey", name=new.name)
    row = Passkey(
        reference=unused_reference(tx.session, Passkey.reference),
        person_id=person.id,
        name=new.name,
        credential_id=new.credential_id,
        public_key=new.public_key,
        sign_count=new.sign_count,
        made_at=tx.now,
    )
    tx.session.add(row)
    return row


def remove_passkey(
    tx: Tx, person: Person, passkey: Passkey, *, enough: Collection[str] = ()
) -> None:
    """Take a passkey away; other sessions end.

    enough : see `keep_a_factor`.
    Raises FieldError for the last way to sign in.
    """
    keep_a_factor(tx, person, without=passkey, enough=enough)
    tx.move(PERSON, "remove_factor", person, factor="passkey", name=passkey.name)
    tx.session.delete(passkey)
    end_sign_ins(tx, person.id, why="second factor removed", but=tx.actor.sign_in_id)


def use_passkey(tx: Tx, passkey: Passkey, *, sign_count: int, challenge: str) -> None:
    """Note that a passkey has answered a challenge, which is then used up.

    Raises FieldError if the challenge was answered before, or the passkey has gone.
    """
    spend(tx, challenge)
    used = tx.session.execute(
        update(Passkey)
        .where(
            Passkey.id == passkey.id,
            or_(Passkey.sign_count < sign_count, literal(sign_count) == 0),
        )
        .values(sign_count=sign_count, used_at=tx.now)
        .returning(Passkey.id),
        execution_options=_ONCE,
    ).first()
    if used is None:
        raise FieldError("credential", "This passkey cannot be used. Call the SEOC.")


def set_authenticator(tx: Tx, person: Person, *, secret: str, step: int) -> None:
    """Give a person an authenticator app, in place of the one before.

    secret : sealed. step : the time step of the code that proved it; it is used up.
    """
    tx.move(PERSON, "add_factor", person, factor="authenticator", name="")
    former = tx.session.get(Authenticator, person.id)
    if former is not None:
        former.secret, former.last_step, former.made_at = secret, step, tx.now
        return
    tx.session.add(
        Authenticator(person_id=person.id, secret=secret, last_step=step, made_at=tx.now)
    )


def remove_authenticator(tx: Tx, person: Person, *, enough: Collection[str] = ()) -> None:
    """Take the authenticator app away; other sessions end.

    enough : see `keep_a_factor`.
    Raises FieldError for the last way to sign in.
    """
    row = tx.session.get_one(Authenticator, person.id)
    keep_a_factor(tx, person, without=row, enough=enough)
    tx.move(PERSON, "remove_factor", person, factor="authenticator", name="")
    tx.session.delete(row)
    end_sign_ins(tx, person.id, why="second factor removed", but=tx.actor.sign_in_id)


def use_code(tx: Tx, person_id: int, *, step: int) -> None:
    """Use up the code of a time step, and all before it.

    Raises FieldError if it was used before.
    """
    used = tx.session.execute(
        update(Authenticator)
        .where(Authenticator.person_id == person_id, Authenticator.last_step < step)
        .values(last_step=step)
        .returning(Authenticator.person_id),
        execution_options=_ONCE,
    ).first()
    if used is None:
        raise FieldError("code", USED)


def renew_codes(tx: Tx, person: Person, hashes: Iterable[tuple[str, str]]) -> None:
    """Give a person new recovery codes, as marks and hashes; the former ones are void."""
    tx.move(PERSON, "add_factor", person, factor="codes", name="")
    tx.session.execute(
        delete(RecoveryCode).where(RecoveryCode.person_id == person.id), execution_options=_ONCE
    )
    tx.session.add_all(
        RecoveryCode(person_id=person.id, mark=mark, code_hash=code_hash)
        for mark, code_hash in hashes
    )


def use_recovery_code(tx: Tx, code_id: int) -> None:
    """Use up a recovery code.

    Raises FieldError if it was used before.
    """
    used = tx.session.execute(
        update(RecoveryCode)
        .where(RecoveryCode.id == code_id, RecoveryCode.used_at.is_(None))
        .values(used_at=tx.now)
        .returning(RecoveryCode.id),
        execution_options=_ONCE,
    ).first()
    if used is None:
        raise FieldError("code", "This recovery code was used before. Take another one.")


def reset_factors(tx: Tx, person: Person, *, call_back: str) -> str:
    """Take all second factors of a person away and return the token of a link to set new ones.

    call_back : how the person was called back, by whom known, on which number; it stands in
                the record.

    All sessions end. Links to providers go, too: who had got hold of the account may have made
    them.
    """
    tx.move(PERSON, "reset_factors", person, call_back=call_back)
    for row in (Passkey, RecoveryCode, Authenticator, Identity):
        tx.session.execute(
            delete(row).where(row.person_id == person.id), execution_options=_ONCE
        )
    end_sign_ins(tx, person.id, why="second factor reset")
    return issue(tx, person, TicketPurpose.FACTOR)


def renew_factors(tx: Tx, ticket: Ticket) -> Person:
    """Use a link up by which its person gets new second factors, and return the person.

    Raises StateGoneError if the link was used, replaced or has ended.
    """
    use(tx, ticket)
    return tx.session.get_one(Person, ticket.person_id)


def keep_a_factor(
    tx: Tx,
    person: Person,
    *,
    without: Passkey | Authenticator | Identity,
    enough: Collection[str] = (),
) -> None:
    """Refuse to leave a person without a second factor, or with no way in at all.

    enough : issuers of the providers at which a sign-in shows several factors by itself.
    Raises FieldError at the field `factor`.
    """
    passkeys = tx.session.scalars(select(Passkey).where(Passkey.person_id == person.id)).all()
    links = tx.session.scalars(select(Identity).where(Identity.person_id == person.id)).all()
    app = tx.session.get(Authenticator, person.id)
    linked = [it.issuer for it in links if it is not without]
    knows = person.password_hash is not None or linked
    is_left = (
        any(it is not without for it in passkeys)
        or (app is not None and app is not without and knows)
        or any(issuer in enough for issuer in linked)
    )
    if not is_left:
        raise FieldError("factor", "This is your last one. Add another first.")
