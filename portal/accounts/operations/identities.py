"""Single sign-on: as whom an OpenID provider knows somebody."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import select, update

from portal.accounts.models import Identity, Person, Ticket
from portal.accounts.operations.factors import keep_a_factor
from portal.accounts.operations.people import join
from portal.accounts.operations.sign_ins import end_sign_ins
from portal.accounts.states import PERSON
from portal.core.errors import FieldError
from portal.core.references import unused_reference
from portal.journal.statements import insert_into
from portal.journal.transaction import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class NewIdentity:
    """Somebody as a provider knows them. label : what people call the provider."""

    issuer: str
    subject: str
    label: str


def link_identity(tx: Tx, person: Person, new: NewIdentity) -> None:
    """Let a person sign in as whom a provider knows them; one at each provider.

    Raises FieldError if that is linked already, to this person or to another.
    """
    tx.move(PERSON, "add_factor", person, factor="provider", name=new.label)
    known = select(Identity.subject).where(
        Identity.person_id == person.id, Identity.issuer == new.issuer
    )
    held = tx.session.scalar(known)
    if held is not None:
        which = "This" if held == new.subject else "Another"
        words = f"{which} sign-in at {new.label} is linked to you already."
        raise FieldError("provider", words)
    row = insert_into(tx.session, Identity).values(
        reference=unused_reference(tx.session, Identity.reference),
        person_id=person.id,
        issuer=new.issuer,
        subject=new.subject,
        made_at=tx.now,
    )
    # Also when two link it at the same moment.
    row = row.on_conflict_do_nothing(index_elements=["issuer", "subject"])
    if tx.session.execute(row.returning(Identity.id)).first() is None:
        raise FieldError(
            "provider", f"This sign-in at {new.label} is linked to somebody else here."
        )


def unlink_identity(
    tx: Tx, person: Person, identity: Identity, *, label: str, enough: Collection[str]
) -> None:
    """Take the link to a provider away; other sessions end.

    enough : see `keep_a_factor`.
    Raises FieldError for the last way to sign in.
    """
    keep_a_factor(tx, person, without=identity, enough=enough)
    tx.move(PERSON, "remove_factor", person, factor="provider", name=label)
    tx.session.delete(identity)
    end_sign_ins(tx, person.id, why="single sign-on removed", but=tx.actor.sign_in_id)


def use_identity(tx: Tx, identity: Identity) -> None:
    """Note that somebody came by a provider.

    Raises FieldError if the link was taken away meanwhile.
    """
    used = tx.session.execute(
        update(Identity)
        .where(Identity.id == identity.id)
        .values(used_at=tx.now)
        .returning(Identity.id),
        execution_options={"synchronize_session": False},
    ).first()
    if used is None:
        raise FieldError("provider", "This sign-in is no longer linked to anybody here.")


def join_by(tx: Tx, ticket: Ticket, new: NewIdentity, *, name: str) -> Person:
    """Take up an invitation by a provider: person and link come in one.

    Raises StateGoneError for a link of no use, FieldError for what is linked already.
    """
    person = join(tx, ticket, name=name, password_hash=None)
    link_identity(tx, person, new)
    return person
