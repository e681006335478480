"""The desk: what waits, one report and its decisions, claims, and many at once."""

from collections.abc import Set as AbstractSet
from datetime import timedelta
from types import SimpleNamespace

from flask import flash, render_template, request, url_for
from flask.typing import ResponseReturnValue

from portal.core import clock
from portal.core.errors import NotAllowedError
from portal.core.web.forms import ButtonForm, PortalForm, see_other
from portal.core.web.requests import current_actor, db_session, for_roles, or_404
from portal.core.writes import Held
from portal.feed import operations, queries
from portal.feed.forms.deciding import BulkForm
from portal.feed.models import Post
from portal.feed.states import CLAIM, POST
from portal.feed.views.common import (
    AT_DESK,
    QUEUE_ROLES,
    bp,
    find,
    forms_for,
    make,
    status_of,
    write,
)
from portal.incidents.models import Incident
from portal.journal.audience import rooms_of

#: What of the queue can be shown alone.
SHOWN = ("", "urgent", "yours", "asked")


@bp.get("/queue")
@for_roles(*QUEUE_ROLES)
def queue(incident: Incident) -> ResponseReturnValue:
    """Show what waits for the desk, urgent first, then oldest."""
    return _queue_page(incident)


@bp.get("/queue/<reference>")
@for_roles(*QUEUE_ROLES)
def item(incident: Incident, reference: str) -> ResponseReturnValue:
    """Show the queue beside one report and its decisions."""
    return _queue_page(incident, find(incident, reference))


@bp.post(f"/<reference>/<any({', '.join(AT_DESK)}):move>")
def decide(incident: Incident, reference: str, move: str) -> ResponseReturnValue:
    """Decide on a report, and go on to the next."""
    post = _at_desk(incident, reference)
    form = AT_DESK[move](post)
    following = queries.next_after(db_session(), incident.id, reference, current_actor())
    answer = make(post, form, lambda: _url_of_item(following))
    return answer or _queue_page(incident, post, **{move: form})


@bp.post("/queue/<reference>/<any(take, release):move>")
def claim(incident: Incident, reference: str, move: str) -> ResponseReturnValue:
    """Put a report before oneself, or give it back."""
    post, form = _at_desk(incident, reference), ButtonForm()
    if form.validate_on_submit():
        with form.catching(), write(form, [Held(post)]) as tx:
            if move == "take":
                operations.take(tx, post, gently="gently" in request.form)
            else:
                operations.release(tx, or_404(queries.get_claim(tx.session, post)))
            return see_other(tx.answer(_url_of_item(reference)))
    if "gently" in request.form:  # decided in this moment: nobody pressed anything
        return see_other(_url_of_item(reference))
    return _queue_page(incident, post, **{move: form})


@bp.post("/queue")
@for_roles(*QUEUE_ROLES)
def bulk(incident: Incident) -> ResponseReturnValue:
    """Decide on many reports at once, each by the same rules as one alone."""
    form = BulkForm()
    if form.validate_on_submit():
        posts = [find(incident, it) for it in dict.fromkeys(request.form.getlist("posts"))]
        with form.catching(), write(form, [Held(post) for post in posts]) as tx:
            done, left = form.make(tx, posts)
            flash(f"Decided: {done}. Left as they are: {left}.")
            return see_other(tx.answer(url_for("feed.queue")))
    return _queue_page(incident, bulk=form)


def _at_desk(incident: Incident, reference: str) -> Post:
    """Return the post for somebody of the desk; to others who see it, the desk is shut."""
    post = find(incident, reference)
    if not current_actor().has(*QUEUE_ROLES):
        raise NotAllowedError("This step belongs to another desk.")
    return post


def _url_of_item(reference: str | None) -> str:
    if reference is None:
        return url_for("feed.queue")
    return url_for("feed.item", reference=reference)


def _queue_page(
    incident: Incident, post: Post | None = None, **sent: PortalForm
) -> ResponseReturnValue:
    """Show the queue, beside it one report with the decisions open to this person."""
    actor, session = current_actor(), db_session()
    show = request.args.get("show", "")
    show = show if show in SHOWN else ""
    forms: dict[str, PortalForm] = dict(sent)
    item: dict[str, object] = {"post": None, "moves": frozenset()}
    if post is not None:
        forms = forms_for(post, AT_DESK, sent)
        item = _item(post)
    forms |= {name: forms.get(name) or ButtonForm() for name in ("take", "release")}
    forms.setdefault("bulk", BulkForm())
    decided = queries.count_decided(session, incident.id, clock.now() - timedelta(hours=24))
    posts, waiting = queries.counted_queue(session, incident.id, actor, show)
    page = render_template(
        "feed/queue.html",
        posts=posts,
        waiting=waiting,
        doubted=queries.list_doubted(session, incident.id),
        wait=queries.usual_wait(session, incident.id),
        decided=decided,
        show=show,
        forms=forms,
        **item,
    )
    return page, status_of(forms)


def _item(post: Post) -> dict[str, object]:
    """Return what stands beside the queue about one report."""
    actor, session = current_actor(), db_session()
    moves: AbstractSet[str] = POST.names_open_to(actor, post)
    claim = post.claim or SimpleNamespace(state=None, post=post)
    is_open = bool(moves & {"publish", "second"})
    return {
        "post": queries.whole(post, rooms_of(actor)),
        "moves": moves | CLAIM.names_open_to(actor, claim),
        "alike": queries.alike(session, post) if is_open else [],
        "before": queries.reports_before(session, post) if is_open else None,
    }
