"""Organizations that ask to be taken in: asking, vetting, the answer."""

import re
from dataclasses import asdict, dataclass

from portal.accounts.models import Application
from portal.accounts.operations.inviting import Invitations, Invited, Outcome, invite_all
from portal.accounts.queries import hash_token
from portal.accounts.states import APPLICATION
from portal.core.actor import Role
from portal.core.errors import FieldError
from portal.core.references import unused_reference
from portal.journal.transaction import Tx
from portal.organizations.models import Organization
from portal.organizations.operations import OrganizationParticulars, register
from portal.organizations.states import OrganizationKind

#: What the first person of an organization may do: act for it, and invite the others.
FIRST_ROLES = frozenset({Role.LIAISON, Role.ORG_ADMIN})

_DIGITS, _EXTENSION = re.compile("[0-9]"), re.compile("[x#]", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What somebody unknown says of an organization and of themselves; see `Application`."""

    name: str
    kind: OrganizationKind
    sectors: tuple[str, ...]
    counties: tuple[str, ...]
    website: str
    person_name: str
    email: str
    telephone: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """How the vetter made sure, and the name under which the organization is taken in."""

    name: str
    call_back_number: str
    call_back_source: str
    by_letter: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of an approval: the organization, and what became of its first person."""

    organization: Organization
    invited: Invited


def apply(tx: Tx, claim: Claim, *, key: str, token: str) -> Application:
    """Put an organization before those who vet.

    key, token : of the form and of the link to the application's page; see `Application`.
    """
    row = Application(
        **asdict(claim),
        reference=unused_reference(tx.session, Application.reference),
        applied_at=tx.now,
        key=key,
        token_hash=hash_token(token),
    )
    tx.move(APPLICATION, "apply", row, name=claim.name, email=claim.email)
    return row


def ask(tx: Tx, application: Application, *, question: str) -> None:
    """Ask who applied something; the answer brings the application back."""
    tx.move(APPLICATION, "ask", application, question=question)
    application.question, application.reply = question, ""


def reply(tx: Tx, application: Application, *, said: str) -> None:
    """Answer the vetters' question, in the name of who applied."""
    tx.move(APPLICATION, "reply", application, reply=said)
    application.reply = said


def refuse(tx: Tx, application: Application, *, reason: str) -> None:
    """Do not take the organization in; who applied reads the reason."""
    tx.move(APPLICATION, "refuse", application, reason=reason)
    application.reason = reason


def approve(tx: Tx, application: Application, approval: Approval) -> Answer:
    """Take the organization in, and invite who applied as its first administrator.

    Raises FieldError for a name taken, the claimed number, or a person who is kept out.
    """
    tx.check(APPLICATION, "approve", application)
    _check_call_back(application, approval)
    organization = register(
        tx,
        OrganizationParticulars(
            name=approval.name,
            kind=OrganizationKind(application.kind),
            sectors=application.sectors,
            counties=application.counties,
        ),
    )
    tx.session.flush()
    (invited,) = invite_all(
        tx,
        Invitations(
            emails=[application.email],
            organization=organization,
            roles=FIRST_ROLES,
            by_letter=approval.by_letter,
        ),
    )
    if invited.outcome is Outcome.KEPT_OUT:
        raise FieldError("email", "Who applied is suspended. An administrator decides first.")
    application.organization_id = organization.id
    application.call_back_number = approval.call_back_number
    application.call_back_source = approval.call_back_source
    tx.move(
        APPLICATION,
        "approve",
        application,
        organization=organization.reference,
        call_back_number=approval.call_back_number,
        call_back_source=approval.call_back_source,
    )
    return Answer(organization, invited)


def _check_call_back(application: Application, approval: Approval) -> None:
    if _plain(approval.call_back_number) == _plain(application.telephone):
        raise FieldError(
            "call_back_number",
            "This is the number in the application. Call one from an independent source.",
        )


def _plain(number: str) -> str:
    """Return the last ten digits of a telephone number, without an extension."""
    return "".join(_DIGITS.findall(_EXTENSION.split(number)[0]))[-10:]
