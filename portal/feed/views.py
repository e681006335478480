"""Screens of the feed, of a partner's reports and of the desk."""

from collections.abc import Set as AbstractSet

from flask import Blueprint, flash, render_template, request, url_for
from flask.typing import ResponseReturnValue

from portal.core.actor import Role
from portal.core.web.forms import ButtonForm, PortalForm, see_other, writer
from portal.core.web.requests import current_actor, db_session, for_roles, or_404
from portal.core.writes import Held
from portal.feed import operations, queries
from portal.feed.forms import PublishForm, RejectForm, ReportForm, RetractForm
from portal.feed.models import Post
from portal.feed.states import POST
from portal.incidents.models import Incident
from portal.journal.audience import rooms_of
from portal.journal.queries import story
from portal.journal.transaction import transaction

bp = Blueprint("feed", __name__, url_prefix="/incidents/<code>/feed")
_write = writer(transaction)

DESK_ROLES = (Role.MODERATOR, Role.MOP3, Role.CIKR)


@bp.get("")
def index(incident: Incident) -> ResponseReturnValue:
    """Show the latest posts, oldest first; `before` names the post to go back from."""
    first = _named_in_query(incident)
    before = first.published_at if first else None
    posts = queries.list_feed(db_session(), incident.id, current_actor(), before=before)
    return render_template(
        "feed/index.html",
        posts=posts,
        earlier=posts[0].reference if len(posts) == queries.FEED_PAGE else None,
        before=before,
    )


@bp.get("/mine")
def mine(incident: Incident) -> ResponseReturnValue:
    """Show the actor's organization what became of its reports; `before` names one."""
    first = _named_in_query(incident)
    before = first.submitted_at if first else None
    posts = queries.list_mine(db_session(), incident.id, current_actor(), before=before)
    return render_template(
        "feed/mine.html",
        posts=posts,
        earlier=posts[-1].reference if len(posts) == queries.MINE_PAGE else None,
        before=before,
    )


@bp.route("/new", methods=["GET", "POST"])
@for_roles(Role.LIAISON, Role.ORG_ADMIN)
def new(incident: Incident) -> ResponseReturnValue:
    """Ask what a partner sees, and hand it to the desk."""
    actor = current_actor()
    form = ReportForm(actor, incident)
    if form.validate_on_submit():
        with form.catching(), _write(form, [Held(incident, shared=True)]) as tx:
            post = operations.submit(tx, incident, form.report())
            return see_other(tx.answer(_url(post)))
    waiting = queries.count_waiting(db_session(), incident.id)
    page = render_template("feed/new.html", form=form, waiting=waiting)
    return page, form.status


@bp.get("/queue")
@for_roles(*DESK_ROLES)
def queue(incident: Incident) -> ResponseReturnValue:
    """Show what waits for the desk, oldest first."""
    return _queue_page(incident)


@bp.get("/queue/<reference>")
@for_roles(*DESK_ROLES)
def item(incident: Incident, reference: str) -> ResponseReturnValue:
    """Show the queue beside one report and its decisions."""
    return _queue_page(incident, _post(incident, reference))


@bp.get("/<reference>")
def show(incident: Incident, reference: str) -> ResponseReturnValue:
    """Show one post: to its author as a receipt with what happens next, to others as a post."""
    return _post_page(_post(incident, reference))


@bp.post("/<reference>/publish")
def publish(incident: Incident, reference: str) -> ResponseReturnValue:
    """Let a report out."""
    post = _post(incident, reference)
    form = PublishForm(post.asked_for, row=post)
    if form.validate_on_submit():
        with form.catching(), _write(form, form.held(post)) as tx:
            operations.publish(tx, post, seen_by=form.rooms())
            flash(f"Published {post.reference}.")
            return see_other(tx.answer(url_for(".queue")))
    return _queue_page(incident, post, publish=form)


@bp.post("/<reference>/reject")
def reject(incident: Incident, reference: str) -> ResponseReturnValue:
    """Do not publish a report, and tell its author why."""
    post = _post(incident, reference)
    form = RejectForm(row=post)
    if form.validate_on_submit():
        with form.catching(), _write(form, form.held(post)) as tx:
            operations.reject(
                tx, post, reason=str(form.reason.data), note=str(form.note.data or "")
            )
            flash(f"Not published {post.reference}. The author sees why.")
            return see_other(tx.answer(url_for(".queue")))
    return _queue_page(incident, post, reject=form)


@bp.post("/<reference>/withdraw")
def withdraw(incident: Incident, reference: str) -> ResponseReturnValue:
    """Take an own report back."""
    post = _post(incident, reference)
    form = ButtonForm(row=post)
    if form.validate_on_submit():
        with form.catching(), _write(form, form.held(post)) as tx:
            operations.withdraw(tx, post)
            return see_other(tx.answer(_url(post)))
    return _post_page(post, withdraw=form)


@bp.post("/<reference>/retract")
def retract(incident: Incident, reference: str) -> ResponseReturnValue:
    """Take a published post back from every reader."""
    post = _post(incident, reference)
    form = RetractForm(row=post)
    if form.validate_on_submit():
        with form.catching(), _write(form, form.held(post)) as tx:
            operations.retract(tx, post, note=str(form.note.data))
            return see_other(tx.answer(_url(post)))
    return _post_page(post, retract=form)


def _named_in_query(incident: Incident) -> Post | None:
    """Return the post from which to go back, if there is to be one."""
    reference = request.args.get("before")
    return _post(incident, reference) if reference else None


def _post(incident: Incident, reference: str) -> Post:
    return or_404(queries.get_post(db_session(), incident.id, reference, current_actor()))


def _url(post: Post) -> str:
    return url_for(".show", reference=post.reference)


def _status(forms: dict[str, PortalForm]) -> int:
    return max((form.status for form in forms.values()), default=200)


def _queue_page(
    incident: Incident, post: Post | None = None, **sent: PortalForm
) -> ResponseReturnValue:
    """Show the queue, beside it one report with the decisions open to this person."""
    actor, view = current_actor(), None
    forms: dict[str, PortalForm] = {}
    moves: AbstractSet[str] = frozenset()
    if post is not None:
        view = queries.whole(post, rooms_of(actor))
        moves = POST.names_open_to(actor, post)
        forms = {
            "publish": PublishForm(post.asked_for, row=post),
            "reject": RejectForm(row=post),
        } | sent
    posts = queries.list_queue(db_session(), incident.id)
    page = render_template("feed/queue.html", posts=posts, post=view, moves=moves, forms=forms)
    return page, _status(forms)


def _post_page(post: Post, **sent: PortalForm) -> ResponseReturnValue:
    """Show one post with its story and the moves open to this person."""
    actor = current_actor()
    view = or_404(queries.whole(post, rooms_of(actor)))
    forms = {"withdraw": ButtonForm(row=post), "retract": RetractForm(row=post)} | sent
    page = render_template(
        "feed/show.html",
        post=view,
        moves=POST.names_open_to(actor, post),
        forms=forms,
        story=story(db_session(), "post", post.id) if view.author else [],
    )
    return page, _status(forms)
