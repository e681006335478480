"""Pictures with a report: drawn anew, seen by those who see the report, gone when it is."""

from __future__ import annotations

import io

import pytest
from PIL import ExifTags, Image
from sqlalchemy import func, select
from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.test import encode_multipart

from portal.core.pictures import MAX_BYTES, read_picture
from portal.feed import operations as feed
from portal.feed.models import Photo, Post
from portal.feed.operations import Snapshot
from portal.journal.queries import story
from portal.journal.transaction import transaction
from tests.factories import publish, report, retract, withdraw_post

BASE = "/incidents/EX27/feed"
TYPED = {
    "words": "The roof is off.",
    "county": "29097",
    "lifeline": "SAFETY",
    "standing": "closed",
    "asked_for": "partners",
}


def camera(size=(64, 48), padded_to=0):
    """Return a photograph as a telephone makes it, with a place and a name in it."""
    exif = Image.Exif()
    exif[ExifTags.Base.Artist] = "Jane Secret"
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitudeRef] = "N"
    file = io.BytesIO()
    Image.new("RGB", size, "red").save(file, "JPEG", exif=exif, comment=b"Jane Secret")
    data = file.getvalue()
    return data + b"\0" * max(0, padded_to - len(data))


def submit(client, form, *contents, **changes):
    """Send a report's form with files."""
    files = [
        FileStorage(io.BytesIO(it), f"DSC{number}.jpg") for number, it in enumerate(contents)
    ]
    values = MultiDict(form.filled | TYPED | changes)
    values.setlist("photos", files)
    boundary, body = encode_multipart(values)
    kind = f'multipart/form-data; boundary="{boundary}"'
    return client.post(form.action, data=body, content_type=kind)


def sent_with(client, *contents, **changes):
    """Open the page, and send a report with files."""
    return submit(client, client.page(f"{BASE}/new").form(), *contents, **changes)


@pytest.fixture
def pictured(session, world):
    """A report of Alpha's with two pictures."""
    made = read_picture(camera())
    taken = Snapshot(jpeg=made.jpeg, small=made.jpeg, width=made.width, height=made.height)
    with transaction(session, world.actor("alpha")) as tx:
        return feed.submit(tx, world.incident, report(), [taken, taken])


def statuses(client_for, post):
    """Return who can open the first picture, and who its post."""
    paths = (f"{BASE}/{post.reference}", f"{BASE}/{post.reference}/photos/1")
    people = ("alpha", "alpha_admin", "bravo", "charlie", "moderator", "cikr", "erac")
    clients = {name: client_for(name) for name in people}
    page, picture = (
        {name for name, client in clients.items() if client.get(path).status_code == 200}
        for path in paths
    )
    return page, picture


def test_a_picture_loses_what_its_camera_wrote(client_for, session):
    liaison = client_for("alpha")
    receipt = liaison.follow(sent_with(liaison, camera((2400, 1200))))
    post = session.scalars(select(Post)).one()
    for size, width in (("", 1600), ("?small=1", 480)):
        answer = liaison.get(f"{BASE}/{post.reference}/photos/1{size}")
        assert (answer.status_code, answer.mimetype) == (200, "image/jpeg")
        assert "sandbox" in answer.headers["Content-Security-Policy"]
        assert b"Secret" not in answer.data
        drawn = Image.open(io.BytesIO(answer.data))
        assert (drawn.width, dict(drawn.getexif())) == (width, {})
    assert [it.get("alt") for it in receipt.one("main").iter("img")] == [
        f"Picture 1 of 1, {post.reference}"
    ]
    (told,) = story(session, "post", post.id)
    assert len(told.words["photos"]) == 1


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"%PDF-1.7 no picture", "This file is no picture"),
        (b"\0\0\0\x18ftypheic" + b"\0" * 64, "HEIC"),
        (camera()[:300], "no picture|damaged"),
        (camera(padded_to=MAX_BYTES + 1), "larger than 8 MB"),
    ],
    ids=["PDF", "HEIC", "cut off", "too large"],
)
def test_what_is_wrong_with_a_file_is_said_at_the_field(client_for, session, data, said):
    liaison = client_for("alpha")
    page = liaison.read(sent_with(liaison, camera(), data), 422)
    assert any(word in page.error_at("photos") for word in said.split("|"))
    assert "The roof is off." in page.html, "what was typed is kept"
    assert session.scalar(select(Post.id)) is None


def test_another_mistake_asks_for_the_pictures_again(client_for):
    liaison = client_for("alpha")
    page = liaison.read(sent_with(liaison, camera(), county=""), 422)
    assert page.error_at("county")
    assert page.error_at("photos") == "Error: Please choose the pictures again."


def test_four_pictures_and_no_more(client_for, session):
    liaison = client_for("alpha")
    page = liaison.read(sent_with(liaison, *[camera()] * 5), 422)
    assert "Send 4 pictures at most." in page.error_at("photos")
    assert sent_with(liaison, *[camera()] * 4).status_code == 303
    assert session.scalar(select(func.count()).select_from(Photo)) == 4


@pytest.mark.one_backend
def test_four_pictures_of_eight_megabytes_are_taken_and_more_is_not(client_for, session):
    liaison = client_for("alpha")
    largest = camera(padded_to=MAX_BYTES)
    assert sent_with(liaison, *[largest] * 4).status_code == 303
    answer = sent_with(liaison, *[largest] * 4, b"\0" * 3 * 1024 * 1024)
    assert answer.status_code == 413
    assert "too large" in answer.text
    assert session.scalar(select(func.count()).select_from(Post)) == 1


def test_a_report_sent_twice_with_its_pictures_is_one(client_for, session):
    liaison = client_for("alpha")
    form = liaison.page(f"{BASE}/new").form()
    first, again = (submit(liaison, form, camera()) for _ in range(2))
    assert first.headers["Location"] == again.headers["Location"]
    assert submit(liaison, form, camera((9, 9))).status_code == 422, "it is another picture"
    assert session.scalar(select(func.count()).select_from(Photo)) == 1


@pytest.mark.parametrize("room", ["partners", "staff", "sector:FOOD", "region:C"])
def test_who_may_see_a_post_sees_its_pictures(client_for, session, world, pictured, room):
    page, picture = statuses(client_for, pictured)
    assert page == picture == {"alpha", "alpha_admin", "moderator", "cikr"}
    publish(session, world.actor("moderator"), pictured, (room,))
    page, picture = statuses(client_for, pictured)
    assert page == picture
    assert ("charlie" in picture) == (room in {"partners", "sector:FOOD"})
    assert ("bravo" in picture) == (room in {"partners", "region:C"})
    assert "erac" in picture
    path = f"{BASE}/{pictured.reference}/photos"
    assert client_for("alpha").get(f"{path}/2").status_code == 200
    assert client_for("alpha").get(f"{path}/3").status_code == 404


def test_a_picture_goes_with_the_words_that_are_taken_back(
    client_for, session, world, pictured
):
    publish(session, world.actor("moderator"), pictured)
    retract(session, world.actor("moderator"), pictured)
    page, picture = statuses(client_for, pictured)
    assert {"bravo", "charlie", "erac"} <= page
    assert picture == {"alpha", "alpha_admin", "moderator", "cikr"}
    assert "/photos/" not in client_for("bravo").page(BASE).html


def test_nobody_new_sees_the_pictures_of_a_report_that_was_withdrawn(
    client_for, session, world, pictured
):
    withdraw_post(session, world.actor("alpha"), pictured)
    page, picture = statuses(client_for, pictured)
    assert page == picture == {"alpha", "alpha_admin", "moderator", "cikr"}


def test_a_picture_is_not_kept_by_what_stands_between(client_for, session, world, pictured):
    """A cache that others share must not hold what one of them may not see."""
    publish(session, world.actor("moderator"), pictured)
    answer = client_for("bravo").get(f"{BASE}/{pictured.reference}/photos/1")
    assert {"private", "no-store"} & set(answer.headers["Cache-Control"].split(", "))
