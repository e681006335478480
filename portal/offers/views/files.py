"""Photos and data sheets of an offer."""

from flask import Response, request
from flask.typing import ResponseReturnValue

from portal.core.pictures import MAX_BYTES, PictureError, read_picture_off_hub
from portal.core.scanner import ScanError
from portal.core.sheets import SheetError, check_pdf, is_pdf, stem_of
from portal.core.web.forms import ButtonForm, see_other
from portal.core.web.requests import current_actor, db_session, or_404, takes
from portal.core.web.uploads import named, sent
from portal.incidents.models import Incident
from portal.journal.looks import note_looks
from portal.offers import operations, queries
from portal.offers.forms.terms import DocumentForm
from portal.offers.models import MAX_PLACE
from portal.offers.operations import Document
from portal.offers.views.common import bp, find, url_of, write
from portal.offers.views.offers import page_of

_PDF, _JPEG = "application/pdf", "image/jpeg"


@bp.post("/offers/<reference>/attach")
@takes(MAX_BYTES + 64 * 1024)
def attach(incident: Incident, reference: str) -> ResponseReturnValue:
    """Put a photo or a data sheet with an offer."""
    offer = find(incident, reference)
    form = DocumentForm(row=offer)
    if form.validate_on_submit() and (document := _document(form)) is not None:
        with form.catching(), write(form, form.held(offer)) as tx:
            operations.attach(tx, offer, document)
            return see_other(tx.answer(url_of(offer)))
    return page_of(offer, document=form)


@bp.get("/offers/<reference>/files/<int:number>")
def file(incident: Incident, reference: str, number: int) -> Response:
    """Send a file to whoever may see its offer; a PDF is never opened here."""
    offer = find(incident, reference)
    found = or_404(queries.sheet_of(db_session(), offer, number, current_actor()))
    note_looks(db_session(), current_actor(), "file", {offer.organization_id: offer.reference})
    answer = Response(found.data, mimetype=found.mimetype)
    how = "inline" if found.mimetype == _JPEG else "attachment"
    return named(answer, found.name, how=how)


@bp.post("/offers/<reference>/files/<int:number>/detach")
def detach(incident: Incident, reference: str, number: int) -> ResponseReturnValue:
    """Take a file away from an offer."""
    offer = find(incident, reference)
    form = ButtonForm(row=offer)
    if form.validate_on_submit():
        with form.catching(), write(form, form.held(offer)) as tx:
            operations.detach(tx, offer, number)
            return see_other(tx.answer(url_of(offer)))
    return page_of(offer, remove=form)


def _document(form: DocumentForm) -> Document | None:
    """Read the file by what it is, not by what it says it is; the refusal goes to the field."""
    file = request.files.get("document")
    try:
        data = sent(file) if file is not None else b""
        if file is None or not data:
            form.document.errors = ["Choose a photo or a PDF."]
            return None
        return _read(stem_of(file.filename, MAX_PLACE - len(".pdf")), data)
    except (PictureError, ScanError, SheetError) as error:
        form.document.errors = [str(error)]
        return None


def _read(stem: str, data: bytes) -> Document:
    if len(data) > MAX_BYTES:
        raise SheetError(f"Send {MAX_BYTES // 1024**2} MB at most.")
    if is_pdf(data):
        check_pdf(data)
        return Document(f"{stem}.pdf", _PDF, data)
    return Document(f"{stem}.jpg", _JPEG, read_picture_off_hub(data).jpeg)
