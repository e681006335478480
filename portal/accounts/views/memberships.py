"""What administrators and organizations' own administrators do with memberships.

The pages are `people` and `keeping`; here is what both do alike.
"""

from collections.abc import Callable
from typing import Any

from flask import flash
from flask.typing import ResponseReturnValue

from portal.accounts import operations, queries
from portal.accounts.forms.memberships import DeputeForm, EndForm, RolesForm
from portal.accounts.models import Membership, Person
from portal.accounts.states import MEMBERSHIP
from portal.core.errors import NotAllowedError
from portal.core.moves import parts
from portal.core.web.forms import ButtonForm, PortalForm, see_other, writer
from portal.core.web.requests import current_actor, db_session
from portal.core.writes import Held
from portal.journal.transaction import Tx, transaction

_write = writer(transaction)

MOVES = ("change_roles", "depute", "end_depute", "end", "resume")


def name_of(person: Person) -> str:
    """Return what to call somebody who may not have joined yet."""
    return person.name or person.email


def forms_for(membership: Membership) -> dict[str, PortalForm]:
    """Return the forms of the moves that are open now."""
    forms: dict[str, PortalForm] = {}
    for move in MOVES:
        if move in MEMBERSHIP.names_open_to(current_actor(), membership):
            forms[f"membership_{move}"] = _form(move, membership)
    return forms


def make(
    move: str, membership: Membership, person: Person, back: str
) -> ResponseReturnValue | PortalForm:
    """Make one move as its form says; return the form where it was refused.

    back : the path of the page that follows.
    """
    if not MEMBERSHIP.moves[move].by & parts(current_actor(), membership):
        raise NotAllowedError("This step belongs to another desk.")
    form = _form(move, membership)
    if form.validate_on_submit():
        held = form.held(membership)
        if isinstance(form, DeputeForm):
            held.append(Held(form.colleague(), shared=True))
        with form.catching(), _write(form, held) as tx:
            _DO[move](tx, membership, form)
            flash(_SAYS[move].format(name_of(person)))
            return see_other(tx.answer(back))
    return form


def _form(move: str, membership: Membership) -> PortalForm:
    actor = current_actor()
    if move in {"change_roles", "resume"}:
        return RolesForm(membership, actor, keeps_others=move == "change_roles")
    if move == "depute":
        colleagues = queries.list_colleagues(db_session(), membership.organization_id)
        return DeputeForm(membership, colleagues)
    return EndForm(row=membership) if move == "end" else ButtonForm(row=membership)


def _change_roles(tx: Tx, membership: Membership, form: Any) -> None:
    operations.change_roles(tx, membership, roles=form.chosen())


def _depute(tx: Tx, membership: Membership, form: Any) -> None:
    operations.depute(tx, membership, form.colleague(), until=form.ends_at())


def _end_depute(tx: Tx, membership: Membership, _form: Any) -> None:
    operations.end_depute(tx, membership)


def _end(tx: Tx, membership: Membership, form: Any) -> None:
    operations.end_membership(tx, membership, reason=str(form.reason.data))


def _resume(tx: Tx, membership: Membership, form: Any) -> None:
    operations.resume(tx, membership, roles=form.chosen())


_DO: dict[str, Callable[[Tx, Membership, Any], None]] = {
    "change_roles": _change_roles,
    "depute": _depute,
    "end_depute": _end_depute,
    "end": _end,
    "resume": _resume,
}

_SAYS = {
    "change_roles": "The roles are changed.",
    "depute": "{} is a deputy now.",
    "end_depute": "{} is no longer a deputy.",
    "end": "{} is removed. The sessions have ended.",
    "resume": "{} acts for the organization again.",
}
