"""What the screens of the feed share: the blueprint, finding a post, making one move of it."""

from collections.abc import Callable, Mapping

from flask import Blueprint, flash, url_for
from flask.typing import ResponseReturnValue

from portal.core.actor import Role
from portal.core.web.forms import PortalForm, see_other, writer
from portal.core.web.requests import current_actor, db_session, or_404
from portal.feed import queries
from portal.feed.forms import deciding, moving
from portal.feed.forms.moving import MoveForm
from portal.feed.models import Post
from portal.incidents.models import Incident
from portal.journal.transaction import transaction

bp = Blueprint("feed", __name__, url_prefix="/incidents/<code>/feed")
write = writer(transaction)

#: Who opens the queue; who may decide, the machines' tables say.
QUEUE_ROLES = (Role.MODERATOR, Role.MOP3, Role.CIKR)

#: Moves made on a post's own page, and their forms.
ON_POST: Mapping[str, type[MoveForm]] = {
    "withdraw": moving.button("withdraw", "Withdrawn {}."),
    "reply": moving.ReplyForm,
    "doubt": moving.button("doubt", "Asked. The SEOC looks at {} again."),
    "correct": moving.CorrectForm,
    "confirm": moving.ConfirmForm,
    "pin": moving.PinForm,
    "unpin": moving.button("unpin", "Unpinned {}."),
    "nudge": moving.button("nudge", "Reminded those who have not acknowledged {}."),
    "supersede": moving.SupersedeForm,
    "retract": moving.RetractForm,
}

#: Moves made at the desk, and their forms.
AT_DESK: Mapping[str, type[MoveForm]] = {
    "publish": deciding.PublishForm,
    "reject": deciding.RejectForm,
    "ask": deciding.AskForm,
    "merge": deciding.MergeForm,
    "second": moving.button("second", "Published {}."),
    "drop": moving.button("drop", "Dropped {}."),
}


def find(incident: Incident, reference: str) -> Post:
    """Return the post if the actor may see it; what is hidden looks absent."""
    return or_404(queries.get_post(db_session(), incident.id, reference, current_actor()))


def url_of(post: Post) -> str:
    """Return the path of a post's own page."""
    return url_for("feed.show", reference=post.reference)


def make(post: Post, form: MoveForm, then: Callable[[], str]) -> ResponseReturnValue | None:
    """Make the move of a form that was sent; None when the page has to be shown again.

    then : where to go on from here.
    """
    if form.validate_on_submit():
        with form.catching(), write(form, form.held(post)) as tx:
            form.make(tx, post)
            flash(form.says.format(post.reference))
            return see_other(tx.answer(then()))
    return None


def forms_for(
    post: Post, known: Mapping[str, type[MoveForm]], sent: Mapping[str, PortalForm]
) -> dict[str, PortalForm]:
    """Return the forms of the moves, with what was sent in its place.

    What was sent was made first: only the first form of a request reads what was typed.
    """
    return {name: sent.get(name) or form(post) for name, form in known.items()} | dict(sent)


def status_of(forms: Mapping[str, PortalForm]) -> int:
    """Return the HTTP status of a page with these forms."""
    return max((form.status for form in forms.values()), default=200)
