"""Pictures: drawn anew, upright and small, without anything a camera or a forger put beside."""

from __future__ import annotations

import io
import json
import struct
import subprocess
import sys
import zipfile
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import ExifTags, Image, ImageCms, PngImagePlugin

from portal.core.pictures import (
    MAX_BYTES,
    MAX_SIDE,
    PictureError,
    read_picture,
    read_picture_off_hub,
    small,
)

FORMATS = ["JPEG", "PNG", "WEBP", "GIF"]

RED, BLUE, WHITE = (254, 0, 0), (0, 0, 254), (255, 255, 255)


def encoded(image, name, **more):
    file = io.BytesIO()
    image.save(file, name, **more)
    return file.getvalue()


def drawn(jpeg):
    return Image.open(io.BytesIO(jpeg))


def two_colours(width=64, height=32):
    """Return a picture that is red above and blue below."""
    image = Image.new("RGB", (width, height), "red")
    image.paste("blue", (0, height // 2, width, height))
    return image


def is_like(pixel, colour):
    return all(abs(a - b) <= 24 for a, b in zip(pixel, colour, strict=True))


def located(orientation=1):
    """Return EXIF with a place, a name, a time and a thumbnail's worth of words."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    exif[ExifTags.Base.Artist] = "Jane Secret"
    exif[ExifTags.Base.DateTime] = "2027:04:21 14:05:00"
    gps = exif.get_ifd(ExifTags.IFD.GPSInfo)
    gps[ExifTags.GPS.GPSLatitudeRef] = "N"
    gps[ExifTags.GPS.GPSLatitude] = (37.0, 12.0, 32.0)
    return exif


@pytest.mark.parametrize("name", FORMATS)
def test_each_format_becomes_a_jpeg_of_the_same_size_and_colours(name):
    picture = read_picture(encoded(two_colours(), name))
    image = drawn(picture.jpeg)
    assert (image.format, image.mode) == ("JPEG", "RGB")
    assert image.size == (picture.width, picture.height) == (64, 32)
    assert is_like(image.getpixel((8, 4)), RED)
    assert is_like(image.getpixel((8, 28)), BLUE)
    assert image.info.get("progressive")


def test_of_a_moving_picture_the_first_frame_is_taken():
    frames = [Image.new("RGB", (16, 16), colour) for colour in ("red", "blue")]
    for name in ("GIF", "WEBP"):
        data = encoded(frames[0], name, save_all=True, append_images=frames[1:])
        assert is_like(drawn(read_picture(data).jpeg).getpixel((8, 8)), RED)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16"])
def test_other_colours_become_plain_ones(mode):
    data = encoded(Image.new(mode, (8, 8)), "PNG")
    see_through = mode in {"LA", "RGBA"}
    pixel = drawn(read_picture(data).jpeg).getpixel((4, 4))
    assert is_like(pixel, WHITE if see_through else (0, 0, 0))


def test_sixteen_bits_of_grey_and_printers_colours_are_understood():
    grey = Image.frombytes("I;16", (8, 8), struct.pack("<64H", *[32768] * 64))
    shown = drawn(read_picture(encoded(grey, "PNG")).jpeg).getpixel((4, 4))
    assert is_like(shown, (128, 128, 128))
    ink = Image.new("CMYK", (8, 8), (0, 255, 255, 0))
    assert is_like(drawn(read_picture(encoded(ink, "JPEG")).jpeg).getpixel((4, 4)), RED)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "P"])
def test_a_profile_is_followed_where_it_can_be_and_never_in_the_way(mode):
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    plain = two_colours().convert(mode)
    for profile in (srgb, lab, b"no profile"):
        jpeg = read_picture(encoded(plain, "PNG", icc_profile=profile)).jpeg
        assert "icc_profile" not in drawn(jpeg).info
        if mode != "L":
            assert is_like(drawn(jpeg).getpixel((8, 4)), RED)


def test_a_large_picture_is_scaled_to_its_longest_side_and_a_small_one_left():
    wide = read_picture(encoded(Image.new("RGB", (4000, 1000)), "JPEG"))
    assert (wide.width, wide.height) == (MAX_SIDE, 400)
    tall = read_picture(encoded(Image.new("L", (10, 5000)), "PNG"))
    assert (tall.width, tall.height) == (3, MAX_SIDE)
    assert read_picture(encoded(Image.new("RGB", (3, 2)), "PNG")).width == 3


def test_a_list_gets_a_smaller_one():
    kept = read_picture(encoded(two_colours(1200, 900), "JPEG")).jpeg
    assert drawn(small(kept)).size == (480, 360)
    assert drawn(small(kept, 100)).size == (100, 75)
    assert len(small(kept)) < len(kept)
    assert drawn(small(read_picture(encoded(two_colours(), "PNG")).jpeg)).size == (64, 32)


# ---------------------------------------------------------------- upright

TURNS = [
    (1, None),
    (2, "FLIP_LEFT_RIGHT"),
    (3, "ROTATE_180"),
    (4, "FLIP_TOP_BOTTOM"),
    (5, "TRANSPOSE"),
    (6, "ROTATE_90"),
    (7, "TRANSVERSE"),
    (8, "ROTATE_270"),
]


@pytest.mark.parametrize("name", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize(("orientation", "turn"), TURNS)
def test_a_picture_stands_upright_however_the_camera_was_held(name, orientation, turn):
    held = two_colours().transpose(Image.Transpose[turn]) if turn else two_colours()
    picture = read_picture(encoded(held, name, exif=located(orientation)))
    assert (picture.width, picture.height) == (64, 32)
    assert is_like(drawn(picture.jpeg).getpixel((32, 4)), RED)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
def test_a_broken_orientation_is_no_reason_to_refuse():
    data = encoded(two_colours(), "JPEG", exif=b"Exif\x00\x00II*\x00\xff\xff\xff\xff")
    assert read_picture(data).width == 64


# ---------------------------------------------------------------- nothing beside the picture

SECRETS = [
    b"Exif",
    b"Secret",
    b"2027",
    b"http",
    b"xmp",
    b"ICC_PROFILE",
    b"PK\x03\x04",
    b"<script",
]


def with_everything(name):
    """Return a picture with a place, a profile, a comment and a description."""
    text = PngImagePlugin.PngInfo()
    text.add_text("Author", "Jane Secret")
    return encoded(
        two_colours(),
        name,
        exif=located(),
        xmp=b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><a href="http://secret"/></x:xmpmeta>',
        icc_profile=ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(),
        comment=b"<script>alert('Secret')</script>",
        pnginfo=text if name == "PNG" else None,
        dpi=(300, 300),
    )


def segments(jpeg):
    """Return the markers of a JPEG's segments up to its first scan."""
    found, at = [], 2
    while jpeg[at + 1] != 0xDA:
        found.append(jpeg[at + 1])
        at += 2 + int.from_bytes(jpeg[at + 2 : at + 4], "big")
    return found


@pytest.mark.parametrize("name", FORMATS)
def test_no_place_name_or_time_leaves_with_a_picture(name):
    sent = with_everything(name)
    assert b"Secret" in sent
    picture = read_picture(sent)
    for jpeg in (picture.jpeg, small(picture.jpeg)):
        image = drawn(jpeg)
        assert not image.getexif()
        assert not {"exif", "xmp", "icc_profile", "comment"} & set(image.info)
        assert not [secret for secret in SECRETS if secret in jpeg]
        # JFIF's own head; quantities, frame and Huffman tables; no other application's words
        assert set(segments(jpeg)) <= {0xE0, 0xDB, 0xC2, 0xC4}


@pytest.mark.parametrize("name", FORMATS)
def test_what_is_hidden_behind_a_picture_stays_behind(name):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("page.html", "<script>alert(1)</script>")
    both = encoded(two_colours(), name) + archive.getvalue()
    assert zipfile.is_zipfile(io.BytesIO(both))
    jpeg = read_picture(both).jpeg
    assert not zipfile.is_zipfile(io.BytesIO(jpeg))
    assert not [secret for secret in SECRETS if secret in jpeg]


# ---------------------------------------------------------------- refused


def chunk(kind, data):
    checked = kind + data
    return struct.pack(">I", len(data)) + checked + struct.pack(">I", zlib.crc32(checked))


def png_that_says(width, height):
    """Return a PNG of a few bytes that claims a size."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = chunk(b"IDAT", zlib.compress(b"\0" * 100))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + data + chunk(b"IEND", b"")


@pytest.mark.parametrize(("width", "height"), [(10_000, 5_001), (2**31 - 1, 2**31 - 1)])
def test_a_picture_of_too_many_pixels_is_refused_before_it_is_decoded(width, height):
    with pytest.raises(PictureError, match="50 million pixels"):
        read_picture(png_that_says(width, height))


def test_a_picture_that_claims_what_it_does_not_hold_is_refused():
    with pytest.raises(PictureError, match="damaged"):
        read_picture(png_that_says(300, 300))


def test_a_file_of_more_than_8_mb_is_refused_and_one_of_8_mb_is_looked_at():
    sent = encoded(two_colours(), "JPEG")
    assert read_picture(sent.ljust(MAX_BYTES, b"\0")).width == 64
    with pytest.raises(PictureError, match="larger than 8 MB"):
        read_picture(sent.ljust(MAX_BYTES + 1, b"\0"))


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_a_truncated_picture_is_refused(name, share):
    noise = Image.effect_noise((200, 200), 90).convert("RGB")
    whole = encoded(noise, name)
    with pytest.raises(PictureError, match=r"damaged|no picture"):
        read_picture(whole[: int(len(whole) * share)])


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"words",
        b"%PDF-1.7\n",
        b"PK\x03\x04" + b"\0" * 60,
        b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        b"<html><script>alert(1)</script>",
        b"\xff\xd8\xff",
        b"\x89PNG\r\n\x1a\n",
        b"GIF89a",
        b"RIFF\x10\0\0\0WEBPVP8 ",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n",
        *(encoded(two_colours(), name) for name in ("BMP", "TIFF", "AVIF", "ICO", "PPM")),
    ],
    ids=lambda data: repr(data[:12]),
)
def test_other_files_are_refused_in_words_for_people(data):
    with pytest.raises(PictureError, match="no picture that can be shown"):
        read_picture(data)


def test_an_iphones_format_is_refused_with_what_to_do():
    with pytest.raises(PictureError, match="Most Compatible"):
        read_picture(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 100)


@given(
    st.sampled_from([encoded(two_colours(), name) for name in FORMATS]),
    st.lists(st.tuples(st.integers(0, 4_000), st.integers(0, 255)), max_size=8),
)
def test_whatever_is_broken_it_is_read_or_refused(data, changes):
    broken = bytearray(data)
    for place, byte in changes:
        broken[place % len(broken)] = byte
    try:
        picture = read_picture(bytes(broken))
    except PictureError:
        return
    assert drawn(picture.jpeg).size == (picture.width, picture.height)


# ---------------------------------------------------------------- off the hub

# A patched process, as the server is: a ticker runs while pictures are read.
UNDER_GEVENT = """
from gevent import monkey
monkey.patch_all()
import gevent, io, json, time
from PIL import Image
from portal.core.pictures import PictureError, read_picture_off_hub

file = io.BytesIO()
Image.effect_noise((2000, 2000), 60).convert("RGB").save(file, "PNG", compress_level=1)
over, longest = False, 0.0

def tick():
    global longest
    while not over:
        began = time.perf_counter()
        gevent.sleep(0.001)
        longest = max(longest, time.perf_counter() - began)

ticker = gevent.spawn(tick)
jobs = [gevent.spawn(read_picture_off_hub, file.getvalue()[:2_000_000]) for _ in range(2)]
file = io.BytesIO()
Image.new("RGB", (6000, 6000)).save(file, "PNG")
jobs += [gevent.spawn(read_picture_off_hub, file.getvalue()) for _ in range(3)]
gevent.joinall(jobs)
over = True
ticker.join()
refused = [isinstance(job.exception, PictureError) for job in jobs]
widths = [job.value.width for job in jobs if job.value]
print(json.dumps({"refused": refused, "widths": widths, "longest": longest}))
"""


def test_reading_pictures_stops_nobody_else_in_a_serving_process():
    script = [sys.executable, "-c", UNDER_GEVENT]
    run = subprocess.run(script, check=True, capture_output=True, timeout=120)
    told = json.loads(run.stdout)
    assert told["refused"] == [True] * 2 + [False] * 3
    assert told["widths"] == [MAX_SIDE] * 3
    assert told["longest"] < 0.5, "the hub stood still while a picture was read"


def test_without_a_hub_it_is_read_at_once():
    assert read_picture_off_hub(encoded(two_colours(), "PNG")).width == 64
