"""One post's own page, and what can be done with it there."""

from types import SimpleNamespace

from flask import flash, render_template, request, url_for
from flask.typing import ResponseReturnValue

from portal.core.web.forms import ButtonForm, PortalForm, see_other
from portal.core.web.requests import current_actor, db_session, or_404
from portal.core.writes import Held
from portal.feed import operations, queries
from portal.feed.models import Acknowledgement, Post
from portal.feed.queries import PostView
from portal.feed.states import ACKNOWLEDGEMENT, POST, PostState
from portal.feed.views.common import (
    ON_POST,
    bp,
    find,
    forms_for,
    make,
    status_of,
    url_of,
    write,
)
from portal.incidents.models import Incident
from portal.journal.audience import DESK, rooms_of
from portal.journal.queries import Told, story

#: Where an acknowledgement goes back to, when it was not given on the post's own page.
_BACK = {"feed": "feed.index", "floor": "floor.show"}


@bp.get("/<reference>")
def show(incident: Incident, reference: str) -> ResponseReturnValue:
    """Show one post: to its author as a receipt with what happens next, to others as a post."""
    return _post_page(find(incident, reference))


@bp.post(f"/<reference>/<any({', '.join(ON_POST)}):move>")
def move(incident: Incident, reference: str, move: str) -> ResponseReturnValue:
    """Make one move of a post, as its form says."""
    post = find(incident, reference)
    form = ON_POST[move](post)
    return make(post, form, lambda: url_of(post)) or _post_page(post, **{move: form})


@bp.post("/<reference>/acknowledge")
def acknowledge(incident: Incident, reference: str) -> ResponseReturnValue:
    """Say for one's organization that it has read a post."""
    post = find(incident, reference)
    form = ButtonForm()
    if form.validate_on_submit():
        with form.catching(), write(form, [Held(post)]) as tx:
            operations.acknowledge(tx, post)
            back = _BACK.get(request.form.get("back", ""))
            if back is None:
                flash(f"Acknowledged {post.reference}.")
            return see_other(tx.answer(url_for(back) if back else url_of(post)))
    return _post_page(post, acknowledge=form)


def _post_page(post: Post, **sent: PortalForm) -> ResponseReturnValue:
    """Show one post with its story and the moves open to this person."""
    actor, session = current_actor(), db_session()
    view = or_404(queries.whole(post, rooms_of(actor)))
    forms = forms_for(post, ON_POST, sent)
    forms.setdefault("acknowledge", ButtonForm())
    is_handled, is_desk = view.author is not None, DESK in rooms_of(actor)
    is_waiting, incident_id = post.state is PostState.WAITING, post.incident_id
    asks = is_desk and post.acknowledge_by is not None
    page = render_template(
        "feed/show.html",
        post=view,
        moves=POST.names_open_to(actor, post),
        acknowledged=_own_word(post),
        may_acknowledge=_may_acknowledge(post),
        forms=forms,
        story=story(session, "post", post.id) if is_handled else [],
        lineage=_lineage(post, view),
        given=queries.acknowledgements_of(session, post) if asks else [],
        missing=queries.missing(session, post) if asks else [],
        successor=queries.successor_of(session, post, actor),
        wait=queries.usual_wait(session, incident_id) if is_waiting else None,
    )
    return page, status_of(forms)


def _own_word(post: Post) -> Acknowledgement | None:
    actor = current_actor()
    if post.acknowledge_by is None or actor.organization_id is None:
        return None
    return queries.acknowledgement_of(db_session(), post, actor.organization_id)


def _may_acknowledge(post: Post) -> bool:
    actor = current_actor()
    new = SimpleNamespace(
        state=None,
        post=post,
        organization_id=actor.organization_id,
        person_id=actor.person_id,
    )
    may = ACKNOWLEDGEMENT.may_create(actor, new, "acknowledge")
    asks = not rooms_of(actor).isdisjoint(post.seen_by)
    return may and asks and _own_word(post) is None


def _lineage(post: Post, view: PostView) -> list[Told]:
    """Return the corrections of a post that is out, for everybody who reads it."""
    if post.corrected_at is None or post.state is PostState.RETRACTED or not view.said:
        return []
    told = story(db_session(), "post", post.id)
    return [it for it in told if it.move == "correct"]
