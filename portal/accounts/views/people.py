"""Screens of administrators: people, for whom they act, and their single-use links."""

from collections.abc import Callable
from itertools import groupby

from flask import Blueprint, flash, render_template, request, url_for
from flask.typing import ResponseReturnValue

from portal.accounts import operations, queries
from portal.accounts.forms.memberships import GrantForm
from portal.accounts.forms.people import ResetFactorsForm, SuspendForm, role_words
from portal.accounts.models import Membership, Person
from portal.accounts.states import MEMBERSHIP, PERSON, SIGN_IN, MembershipState, TicketPurpose
from portal.accounts.views.links import by_letter, make_link
from portal.accounts.views.memberships import MOVES, forms_for, make, name_of
from portal.core.actor import Role
from portal.core.web.agents import browser_words
from portal.core.web.forms import ButtonForm, PortalForm, see_other, writer
from portal.core.web.requests import current_actor, db_session, for_roles, or_404
from portal.journal.looks import note_looks
from portal.journal.transaction import Tx, transaction
from portal.organizations.queries import list_active

bp = Blueprint("people", __name__, url_prefix="/admin")
_write = writer(transaction)


@bp.get("")
@for_roles(Role.ADMIN)
def index() -> ResponseReturnValue:
    """Show people by organization; `q` looks for words in name, address and organization."""
    words = request.args.get("q", "").replace("\0", "").strip()[:100]
    people = queries.list_people(db_session(), words)
    note_looks(db_session(), current_actor(), "people")
    groups = groupby(people, key=lambda it: it[1].organization)
    return render_template(
        "accounts/people.html",
        groups=[(organization, list(listed)) for organization, listed in groups],
        words=words,
        count=len(people),
        most=queries.PEOPLE_PAGE,
        roles=role_words(),
    )


@bp.get("/people/<reference>")
@for_roles(Role.ADMIN)
def show(reference: str) -> ResponseReturnValue:
    """Show one person: what they may do, what is open in their name, what was done."""
    return _page(reference)


@bp.post("/people/<reference>/invite_again")
@for_roles(Role.ADMIN)
def invite_again(reference: str) -> ResponseReturnValue:
    """Make a new invitation link; the earlier one ends."""
    person, _ = _person(reference)
    return _make_link(
        person, lambda tx, it: operations.invite_again(tx, it, by_letter=_is_by_letter())
    )


@bp.post("/people/<reference>/reset")
@for_roles(Role.ADMIN)
def reset(reference: str) -> ResponseReturnValue:
    """Make a link by which the person sets a new password."""
    person, _ = _person(reference)
    return _make_link(person, operations.reset, TicketPurpose.RESET)


@bp.post("/people/<reference>/readmit")
@for_roles(Role.ADMIN)
def readmit(reference: str) -> ResponseReturnValue:
    """Make a new invitation link for somebody who was kept out before joining."""
    person, _ = _person(reference)
    return _make_link(
        person, lambda tx, it: operations.readmit(tx, it, by_letter=_is_by_letter())
    )


@bp.post("/people/<reference>/reset_factors")
@for_roles(Role.ADMIN)
def reset_factors(reference: str) -> ResponseReturnValue:
    """Take the person's second factors away, and make a link to set new ones."""
    person, _ = _person(reference)
    form = ResetFactorsForm(row=person)
    if form.validate_on_submit():
        said = str(form.call_back.data)
        answer = make_link(
            _write,
            form,
            form.held(person),
            lambda tx: (person, operations.reset_factors(tx, person, call_back=said)),
            back=_url,
            purpose=TicketPurpose.FACTOR,
        )
        if answer is not None:
            return answer
    return _page(reference, reset_factors=form)


@bp.post("/people/<reference>/suspend")
@for_roles(Role.ADMIN)
def suspend(reference: str) -> ResponseReturnValue:
    """Keep the person out, at once."""
    person, _ = _person(reference)
    form = SuspendForm(row=person)
    if form.validate_on_submit():
        with form.catching(), _write(form, form.held(person)) as tx:
            ended = operations.suspend(tx, person, reason=str(form.reason.data))
            flash(f"{name_of(person)} is suspended. Sessions ended: {ended}.")
            return see_other(tx.answer(_url(person)))
    return _page(reference, suspend=form)


@bp.post("/people/<reference>/restore")
@for_roles(Role.ADMIN)
def restore(reference: str) -> ResponseReturnValue:
    """Let a suspended person in again."""
    person, _ = _person(reference)
    form = ButtonForm(row=person)
    if form.validate_on_submit():
        with form.catching(), _write(form, form.held(person)) as tx:
            operations.restore(tx, person)
            flash(f"{name_of(person)} can sign in again.")
            return see_other(tx.answer(_url(person)))
    return _page(reference, button=form)


@bp.route("/people/<reference>/grant", methods=["GET", "POST"])
@for_roles(Role.ADMIN)
def grant(reference: str) -> ResponseReturnValue:
    """Let the person act for one more organization."""
    person, _ = _person(reference)
    form = GrantForm(list_active(db_session()))
    if form.validate_on_submit():
        organization, roles = form.chosen, form.chosen_roles()
        with form.catching(), _write(form, ()) as tx:
            operations.grant(tx, person, organization, roles=roles)
            flash(f"{name_of(person)} acts for {organization.name}, too.")
            return see_other(tx.answer(_url(person, organization.reference)))
    hints = {role.value: hint for role, (_, hint) in role_words().items()}
    page = render_template("accounts/grant.html", form=form, person=person, hints=hints)
    return page, form.status


@bp.post(f"/people/<reference>/of/<party>/<any({', '.join(MOVES)}):move>")
@for_roles(Role.ADMIN)
def move(reference: str, party: str, move: str) -> ResponseReturnValue:
    """Make one move of a membership, as its form says."""
    person, memberships = _person(reference)
    found = [it for it in memberships if it.organization.reference == party]
    made = make(move, or_404(found or None)[0], person, _url(person, party))
    if isinstance(made, PortalForm):
        return _page(reference, party, **{f"membership_{move}": made})
    return made


@bp.post("/people/<reference>/sessions/<int:sign_in_id>/end")
@for_roles(Role.ADMIN)
def end(reference: str, sign_in_id: int) -> ResponseReturnValue:
    """End one session of the person, as of a lost telephone."""
    person, _ = _person(reference)
    row = or_404(queries.get_sign_in(db_session(), sign_in_id, person.id))
    form = ButtonForm()
    if form.validate_on_submit():
        with form.catching(), _write(form, ()) as tx:
            operations.end_sign_in(tx, row, why="ended by an administrator")
            flash("The session has ended.")
            return see_other(tx.answer(_url(person)))
    return _page(reference, button=form)


def _person(reference: str) -> tuple[Person, list[Membership]]:
    return or_404(queries.get_person(db_session(), reference))


def _url(person: Person, party: str | None = None) -> str:
    return url_for(".show", reference=person.reference, of=party)


def _is_by_letter() -> bool:
    """Return whether the link is sent: the portal can, and nobody asks to pass it on."""
    return by_letter() and request.form.get("how") != "by_hand"


def _make_link(
    person: Person,
    make: Callable[[Tx, Person], str],
    purpose: TicketPurpose = TicketPurpose.INVITE,
) -> ResponseReturnValue:
    form, reference = ButtonForm(row=person), person.reference
    if form.validate_on_submit():
        answer = make_link(
            _write,
            form,
            form.held(person),
            lambda tx: (person, make(tx, person)),
            back=_url,
            purpose=purpose,
        )
        if answer is not None:
            return answer
    return _page(reference, button=form)


def _page(reference: str, party: str = "", **sent: PortalForm) -> ResponseReturnValue:
    """Show a person. party : the organization whose membership can be changed here."""
    actor, session = current_actor(), db_session()
    person, memberships = _person(reference)
    party = party or request.args.get("of", "")
    chosen = [it for it in memberships if it.organization.reference == party]
    membership = (chosen or memberships)[0]
    is_active = MembershipState.ACTIVE
    held = {role for it in memberships if it.state is is_active for role in it.roles}
    sessions = queries.list_sign_ins(session, person.id, frozenset(map(Role, held)))
    note_looks(
        session, actor, "person", {it.organization_id: person.reference for it in memberships}
    )
    forms = {
        "suspend": SuspendForm(row=person),
        "reset_factors": ResetFactorsForm(row=person),
        "button": ButtonForm(row=person),
        **forms_for(membership),
    }
    of = membership.organization.reference
    page = render_template(
        "accounts/person.html",
        person=person,
        memberships=memberships,
        membership=membership,
        sessions=[(row, browser_words(row.agent)) for row in sessions],
        deeds=queries.list_deeds(session, person, memberships),
        forms=forms | sent,
        moves=PERSON.names_open_to(actor, person),
        membership_moves=MEMBERSHIP.names_open_to(actor, membership),
        urls={it: url_for(".move", reference=reference, party=of, move=it) for it in MOVES},
        can_end=[row.id for row in sessions if "end" in SIGN_IN.names_open_to(actor, row)],
        roles=role_words(),
        hints={role.value: hint for role, (_, hint) in role_words().items()},
        by_letter=by_letter(),
    )
    return page, max((form.status for form in sent.values()), default=200)
