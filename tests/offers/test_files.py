"""Photos and data sheets that go with an offer."""

from __future__ import annotations

import io

import pytest
from PIL import ExifTags, Image

from portal.core.errors import FieldError, NotAllowedError, StateGoneError
from portal.journal.queries import story
from portal.offers import operations as offers
from portal.offers import queries
from portal.offers.operations.sheets import MOST_SHEETS
from tests.factories import decline, list_offer, make_offer
from tests.offers.making import PDF, asked, do, draft, entered, with_sheet

BASE = "/incidents/EX27"


def camera(kind="JPEG"):
    """Return a photograph with a place and a name in it."""
    exif = Image.Exif()
    exif[ExifTags.Base.Artist] = "Jane Secret"
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitudeRef] = "N"
    file = io.BytesIO()
    Image.new("RGB", (64, 48), "red").save(file, kind, exif=exif)
    return file.getvalue()


def send(client, offer, data, name):
    url = f"{BASE}/offers/{offer.reference}"
    return client.send(url, "offer.attach", document=(io.BytesIO(data), name))


def file_of(client, offer, number=1):
    return client.get(f"{BASE}/offers/{offer.reference}/files/{number}")


@pytest.mark.parametrize(("kind", "name"), [("JPEG", "pump.jpg"), ("PNG", "pump.png")])
def test_a_picture_is_drawn_anew_and_shown(client_for, session, world, kind, name):
    offer, alpha = make_offer(session, world.actor("alpha")), client_for("alpha")
    page = alpha.follow(send(alpha, offer, camera(kind), name))
    assert "pump.jpg" in page.main
    answer = file_of(alpha, offer)
    assert answer.mimetype == "image/jpeg"
    assert answer.headers["Content-Disposition"] == 'inline; filename="pump.jpg"'
    assert b"Jane Secret" not in answer.data
    drawn = Image.open(io.BytesIO(answer.data))
    assert (drawn.format, drawn.size, dict(drawn.getexif())) == ("JPEG", (64, 48), {})


def test_a_data_sheet_is_kept_as_it_came_and_never_opened_here(client_for, session, world):
    offer, alpha = draft(session, world.actor("alpha")), client_for("alpha")
    alpha.follow(send(alpha, offer, PDF, "../../pump data.PDF"))
    answer = file_of(alpha, offer)
    assert (answer.mimetype, answer.data) == ("application/pdf", PDF)
    assert answer.headers["Content-Disposition"] == 'attachment; filename="pump data.pdf"'
    assert answer.headers["Content-Security-Policy"].endswith("; sandbox")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_picture_that_calls_itself_a_pdf_is_taken_for_what_it_is(client_for, session, world):
    offer, alpha = make_offer(session, world.actor("alpha")), client_for("alpha")
    alpha.follow(send(alpha, offer, camera(), "sheet.pdf"))
    assert file_of(alpha, offer).mimetype == "image/jpeg"
    name = "x" * 300 + "<script>.pdf"
    alpha.follow(send(alpha, offer, PDF, name))
    session.rollback()
    sheets = queries.sheets_of(session, offer, world.actor("alpha"))
    assert [len(it.name) for it in sheets] == [9, 80]
    assert file_of(alpha, offer, 2).mimetype == "application/pdf"


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"MZ\x90\0" * 99, "pump.exe"),
        (b"<html><script>alert(1)</script></html>", "pump.jpg"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "pump.svg"),
        (b"PK\x03\x04" + b"\0" * 99, "pump.xlsx"),
        (b"Pumps, two", "pump.txt"),
        (camera()[:200], "pump.jpg"),
        (b"", "pump.pdf"),
    ],
)
def test_anything_else_is_refused(client_for, session, world, data, name):
    offer, alpha = make_offer(session, world.actor("alpha")), client_for("alpha")
    page = alpha.read(send(alpha, offer, data, name), 422)
    assert page.error_at("document")
    assert queries.sheets_of(session, offer, world.actor("alpha")) == []


def test_files_come_and_go_and_keep_their_numbers(session, world):
    alpha = world.actor("alpha")
    offer = make_offer(session, alpha)
    for number in range(MOST_SHEETS):
        with_sheet(session, alpha, offer, name=f"{number}.pdf")
    with pytest.raises(FieldError) as refused:
        with_sheet(session, alpha, offer)
    assert refused.value.field == "document"
    do(session, alpha, offers.detach, offer, 2)
    with_sheet(session, alpha, offer, name="new.pdf")
    assert [
        (it.number, it.name) for it in queries.sheets_of(session, offer, world.actor("alpha"))
    ] == [
        (1, "0.pdf"),
        (3, "2.pdf"),
        (4, "3.pdf"),
        (5, "new.pdf"),
    ]
    with pytest.raises(StateGoneError):
        do(session, alpha, offers.detach, offer, 2)
    told = [it for it in story(session, "offer", offer.id) if it.move in {"attach", "detach"}]
    assert [it.move for it in told] == [*["attach"] * MOST_SHEETS, "detach", "attach"]
    assert set(told[0].words) == {"file", "digest"}, "the content is not in the record"


def test_what_goes_with_an_offer_is_its_owners_to_change(session, world):
    alpha, erac = world.actor("alpha"), world.actor("erac")
    offer = with_sheet(session, alpha, make_offer(session, alpha))
    for name in ("bravo", "guild", "erac", "moderator", "admin"):
        with pytest.raises(NotAllowedError):
            with_sheet(session, world.actor(name), offer)
        with pytest.raises(NotAllowedError):
            do(session, world.actor(name), offers.detach, offer, 1)
    list_offer(session, erac, offer)
    with_sheet(session, world.actor("alpha_admin"), offer)
    assert offer.state == "listed", "a better photo is no new offer"


def test_an_answered_offer_takes_no_more_files(session, world):
    alpha, erac = world.actor("alpha"), world.actor("erac")
    offer = with_sheet(session, alpha, make_offer(session, alpha))
    with_sheet(session, alpha, asked(session, erac, offer))
    decline(session, erac, offer)
    with pytest.raises(StateGoneError):
        with_sheet(session, alpha, offer)
    with pytest.raises(StateGoneError):
        do(session, alpha, offers.detach, offer, 1)


def test_the_parties_of_an_offer_see_its_files_and_nobody_else(client_for, session, world):
    """Not the record either: a data sheet may state a price."""
    knowing = {
        "sent": {"alpha", "alpha_admin", "erac"},
        "draft": {"alpha", "alpha_admin"},
        "entered": {"erac"},
    }
    alpha, erac = world.actor("alpha"), world.actor("erac")
    made = {
        "sent": with_sheet(session, alpha, make_offer(session, alpha)),
        "draft": with_sheet(session, alpha, draft(session, alpha)),
        "entered": with_sheet(session, erac, entered(session, world)),
    }
    clients = {name: client_for(name) for name in world.people}
    for key, offer in made.items():
        told = {
            name
            for name, client in clients.items()
            if file_of(client, offer).status_code == 200
        }
        assert told == knowing[key], key
        assert file_of(clients["alpha"], offer, 9).status_code == 404
