"""A partner's reports: sending one, and what became of those before."""

from flask import Response, render_template, request
from flask.typing import ResponseReturnValue

from portal.core.actor import Role
from portal.core.hub import off_hub
from portal.core.pictures import PictureError, read_picture_off_hub, small
from portal.core.scanner import ScanError
from portal.core.web.forms import see_other
from portal.core.web.limits import REPORTS, sparing
from portal.core.web.requests import current_actor, db_session, for_roles, or_404, takes
from portal.core.web.uploads import named, sent
from portal.core.writes import Held
from portal.feed import operations, queries
from portal.feed.forms.reporting import ReportForm
from portal.feed.operations import MOST_PHOTOS, Snapshot
from portal.feed.views.common import bp, find, url_of, write
from portal.incidents.models import Incident
from portal.journal.audience import rooms_of

#: Four pictures of 8 MB, and the form around them.
_MAX_BODY = 34 * 1024 * 1024


@bp.get("/mine")
def mine(incident: Incident) -> ResponseReturnValue:
    """Show the actor's organization what became of its reports; `before` names one."""
    reference = request.args.get("before")
    first = find(incident, reference) if reference else None
    before = first.submitted_at if first else None
    page = queries.list_mine(db_session(), incident.id, current_actor(), before=before)
    return render_template("feed/mine.html", page=page, before=before)


@bp.route("/new", methods=["GET", "POST"])
@for_roles(Role.LIAISON, Role.ORG_ADMIN)
@takes(_MAX_BODY)
def new(incident: Incident) -> ResponseReturnValue:
    """Ask what a partner sees, and hand it to the desk."""
    actor, session = current_actor(), db_session()
    form = ReportForm(actor, incident)
    if form.validate_on_submit():
        photos = _photos(form)
        if not form.errors and form.keeps_to(REPORTS, actor.person_id):
            spared, held = sparing(REPORTS, actor.person_id), [Held(incident, shared=True)]
            with form.catching(), spared, write(form, held) as tx:
                post = operations.submit(tx, incident, form.report(), photos)
                return see_other(tx.answer(url_of(post)))
    if form.status != 200 and _has_files() and not form.photos.errors:
        form.photos.errors = ["Please choose the pictures again."]
    places = queries.places_of(session, actor)
    if places and request.method == "GET":  # most report again from where they did before
        form.county.data = places[0][1]
    page = render_template(
        "feed/new.html",
        form=form,
        waiting=queries.count_waiting(session, incident.id),
        wait=queries.usual_wait(session, incident.id),
        places=places,
    )
    return page, form.status


@bp.get("/<reference>/photos/<int:number>")
def photo(incident: Incident, reference: str, number: int) -> ResponseReturnValue:
    """Send a picture to whoever may see its post; `small` sends the smaller copy."""
    post = find(incident, reference)
    view = queries.whole(post, rooms_of(current_actor()))
    if view is None or not view.photos:  # taken back: the picture goes with the words
        or_404(None)
    found = or_404(queries.photo_of(db_session(), post, number))
    answer = Response(found.small if "small" in request.args else found.jpeg)
    answer.mimetype = "image/jpeg"
    return named(answer, f"{reference}-{number}.jpg", how="inline")


def _has_files() -> bool:
    return any(file.filename for file in request.files.getlist("photos"))


def _photos(form: ReportForm) -> list[Snapshot]:
    """Make the pictures anew; what is wrong with one is said at the field."""
    files = [file for file in request.files.getlist("photos") if file.filename]
    if len(files) > MOST_PHOTOS:
        form.photos.errors = [f"Send {MOST_PHOTOS} pictures at most."]
        return []
    try:
        return [_snapshot(sent(file)) for file in files]
    except (PictureError, ScanError) as error:
        form.photos.errors = [str(error)]
        return []


def _snapshot(data: bytes) -> Snapshot:
    """Make one picture anew, large and small, and stop nobody else meanwhile."""
    picture = read_picture_off_hub(data)
    return Snapshot(
        jpeg=picture.jpeg,
        small=off_hub(lambda: small(picture.jpeg)),
        width=picture.width,
        height=picture.height,
    )
