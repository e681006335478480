"""Screens of administrators: people, their roles and their single-use links."""

from collections.abc import Callable, Sequence
from itertools import groupby

from flask import Blueprint, current_app, flash, render_template, request, url_for
from flask.typing import ResponseReturnValue

from portal.accounts import operations, queries
from portal.accounts.forms import InviteForm, RolesForm, SuspendForm, role_words
from portal.accounts.models import Membership, Person
from portal.accounts.states import MEMBERSHIP, PERSON, SIGN_IN
from portal.config import Settings
from portal.core.actor import Role
from portal.core.errors import AlreadyDoneError
from portal.core.web.agents import browser_words
from portal.core.web.forms import ButtonForm, PortalForm, see_other, writer
from portal.core.web.requests import current_actor, db_session, for_roles, or_404
from portal.core.writes import Held
from portal.journal.transaction import Tx, transaction
from portal.organizations.queries import list_active

bp = Blueprint("people", __name__, url_prefix="/admin")
_write = writer(transaction)

SHOWN_ONCE = (
    "This was sent before. The link was shown once and is kept nowhere: "
    "if it was not passed on, make a new one."
)


@bp.get("")
@for_roles(Role.ADMIN)
def index() -> ResponseReturnValue:
    """Show people by organization; `q` looks for words in name, address and organization."""
    words = request.args.get("q", "").replace("\0", "").strip()[:100]
    people = queries.list_people(db_session(), words)
    groups = groupby(people, key=lambda it: it[1].organization)
    return render_template(
        "accounts/people.html",
        groups=[(organization, list(listed)) for organization, listed in groups],
        words=words,
        count=len(people),
        most=queries.PEOPLE_PAGE,
        roles=role_words(),
    )


@bp.route("/people/invite", methods=["GET", "POST"])
@for_roles(Role.ADMIN)
def invite() -> ResponseReturnValue:
    """Ask whom to invite, and show the link in the answer."""
    form = InviteForm(list_active(db_session()), request.args.get("organization", ""))
    if form.validate_on_submit():
        answer = _issue(form, (), lambda tx: operations.invite(tx, form.invitation()))
        if answer is not None:
            return answer
    hints = {role.value: hint for role, (_, hint) in role_words().items()}
    return render_template("accounts/invite.html", form=form, hints=hints), form.status


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
    return _make_link(person, operations.invite_again)


@bp.post("/people/<reference>/reset")
@for_roles(Role.ADMIN)
def reset(reference: str) -> ResponseReturnValue:
    """Make a link by which the person sets a new password."""
    person, _ = _person(reference)
    return _make_link(person, operations.reset)


@bp.post("/people/<reference>/suspend")
@for_roles(Role.ADMIN)
def suspend(reference: str) -> ResponseReturnValue:
    """Keep the person out, at once."""
    person, _ = _person(reference)
    form = SuspendForm(row=person)
    if form.validate_on_submit():
        with form.catching(), _write(form, form.held(person)) as tx:
            ended = operations.suspend(tx, person, reason=str(form.reason.data))
            flash(f"{_name(person)} is suspended. Sessions ended: {ended}.")
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
            flash(f"{_name(person)} can sign in again.")
            return see_other(tx.answer(_url(person)))
    return _page(reference, button=form)


@bp.post("/people/<reference>/change_roles")
@for_roles(Role.ADMIN)
def change_roles(reference: str) -> ResponseReturnValue:
    """Give the person other roles; open pages and sockets follow at once."""
    person, membership = _person(reference)
    form = RolesForm(membership.organization.kind, row=membership)
    if form.validate_on_submit():
        with form.catching(), _write(form, form.held(membership)) as tx:
            operations.change_roles(tx, membership, roles=form.chosen())
            flash("The roles are changed.")
            return see_other(tx.answer(_url(person)))
    return _page(reference, roles=form)


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


def _person(reference: str) -> tuple[Person, Membership]:
    return or_404(queries.get_person(db_session(), reference))


def _name(person: Person) -> str:
    return person.name or person.email


def _url(person: Person) -> str:
    return url_for(".show", reference=person.reference)


def _make_link(person: Person, make: Callable[[Tx, Person], str]) -> ResponseReturnValue:
    form, reference = ButtonForm(row=person), person.reference
    if form.validate_on_submit():
        answer = _issue(form, form.held(person), lambda tx: (person, make(tx, person)))
        if answer is not None:
            return answer
    return _page(reference, button=form)


def _issue(
    form: PortalForm, held: Sequence[Held], make: Callable[[Tx], tuple[Person, str]]
) -> ResponseReturnValue | None:
    """Make a single-use link and show it in this very answer, as its token is kept nowhere."""
    made: list[tuple[Person, str]] = []
    try:
        with form.catching(), _write(form, held) as tx:
            made.append(make(tx))
            tx.answer(_url(made[0][0]))
    except AlreadyDoneError as done:
        flash(SHOWN_ONCE, "note")
        return see_other(done.answer)
    if not made or form.status != 200:
        return None
    person, token = made[0]
    is_invitation = person.password_hash is None
    endpoint = "joining.accept" if is_invitation else "joining.recover"
    settings: Settings = current_app.extensions["settings"]
    base = settings.base_url or request.host_url.rstrip("/")
    return render_template(
        "accounts/link.html",
        person=person,
        link=base + url_for(endpoint, token=token),
        is_invitation=is_invitation,
    )


def _page(reference: str, **sent: PortalForm) -> ResponseReturnValue:
    actor, session = current_actor(), db_session()
    person, membership = _person(reference)
    roles = frozenset(map(Role, membership.roles))
    sessions = queries.list_sign_ins(session, person.id, roles)
    kind = membership.organization.kind
    forms = {
        "roles": RolesForm(kind, row=membership, roles=list(membership.roles)),
        "suspend": SuspendForm(row=person),
        "button": ButtonForm(row=person),
    }
    page = render_template(
        "accounts/person.html",
        person=person,
        membership=membership,
        sessions=[(row, browser_words(row.agent)) for row in sessions],
        deeds=queries.list_deeds(session, person, membership),
        forms=forms | sent,
        moves=PERSON.names_open_to(actor, person),
        membership_moves=MEMBERSHIP.names_open_to(actor, membership),
        can_end=[row.id for row in sessions if "end" in SIGN_IN.names_open_to(actor, row)],
        roles=role_words(),
        hints={role.value: hint for role, (_, hint) in role_words().items()},
    )
    return page, max((form.status for form in sent.values()), default=200)
