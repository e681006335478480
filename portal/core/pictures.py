"""Pictures that people send: looked at, turned upright, made small, and stripped of the rest.

What leaves here was drawn anew from the colours alone. So no place, name or time that a camera
wrote into a file leaves with it, and nothing that a file pretends to be beside a picture.
"""

import io
import struct
import threading
from dataclasses import dataclass
from typing import cast

from PIL import Image, ImageCms, ImageOps

from portal.core.hub import off_hub

#: Largest file, in bytes.
MAX_BYTES = 8 * 1024 * 1024

#: Largest picture, in pixels: what a telephone's best camera makes.
MAX_PIXELS = 50_000_000

#: Longest side of what is kept, in pixels.
MAX_SIDE = 1600

_QUALITY = 80

_FORMATS = ("JPEG", "PNG", "WEBP", "GIF")

#: `ftyp` brands of HEIF, in which iPhones keep photographs.
_HEIC = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")

#: One picture may take some hundred megabytes while it is decoded: no two at a time.
_one_at_a_time = threading.Lock()

# The size is compared below, before anything is decoded, and with words for people.
Image.MAX_IMAGE_PIXELS = None


class PictureError(ValueError):
    """A file that can not be taken as a picture; says so in words for people."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as it is kept: a JPEG without metadata; `width` and `height` in pixels."""

    jpeg: bytes
    width: int
    height: int


def read_picture(data: bytes) -> Picture:
    """Read what a person sent, JPEG, PNG, WebP or the first frame of a GIF, and draw it anew.

    Raises `PictureError`.
    """
    if len(data) > MAX_BYTES:
        limit = MAX_BYTES // (1024 * 1024)
        raise PictureError(f"This picture is larger than {limit} MB. Send a smaller one.")
    image = _opened(data)
    try:
        drawn = _drawn(image, MAX_SIDE, MAX_SIDE)
    except Exception as error:  # broken files fail in as many ways as there are formats
        raise PictureError(
            "This picture is damaged or not complete. Try to save or send it again."
        ) from error
    return Picture(_encoded(drawn), drawn.width, drawn.height)


def read_picture_off_hub(data: bytes) -> Picture:
    """Read a picture as `read_picture` does, and stop nobody else meanwhile."""
    with _one_at_a_time:
        return off_hub(lambda: read_picture(data))


def small(picture_jpeg: bytes, width: int = 480) -> bytes:
    """Return a kept picture for lists, at most so many pixels wide."""
    return _encoded(_drawn(_opened(picture_jpeg), width, MAX_SIDE))


def _opened(data: bytes) -> Image.Image:
    """Read a file's head, and refuse what is no picture or too large to be decoded."""
    if data[4:8] == b"ftyp" and data[8:12] in _HEIC:
        raise PictureError(
            "This is a HEIC picture, which not every browser can show. Send it as JPEG: on an"
            " iPhone choose Settings, Camera, Formats, Most Compatible."
        )
    try:
        image = Image.open(io.BytesIO(data), formats=_FORMATS)
    except Exception as error:  # broken files fail in as many ways as there are formats
        raise PictureError(
            "This file is no picture that can be shown. Send a JPEG, PNG, WebP or GIF."
        ) from error
    if image.width * image.height > MAX_PIXELS:
        raise PictureError(
            f"This picture has more than {MAX_PIXELS // 1_000_000} million pixels."
            " Make it smaller and send it again."
        )
    return image


def _drawn(image: Image.Image, width: int, height: int) -> Image.Image:
    """Return the picture upright, in sRGB, on white, scaled down to fit; nothing else of it."""
    image.draft("RGB", (max(width, height),) * 2)  # a JPEG decoder halves far cheaper
    image.load()
    fitting = _with_plain_colours(image)
    fitting.thumbnail((width, height), Image.Resampling.LANCZOS)
    upright = _in_srgb(_upright(fitting), image.info.get("icc_profile"))
    canvas = Image.new("RGB", upright.size, "white")
    canvas.paste(upright, mask=upright.getchannel("A") if upright.mode == "RGBA" else None)
    return canvas


def _upright(image: Image.Image) -> Image.Image:
    """Turn the picture as its camera was held; as it lies, where that can not be read."""
    try:
        return ImageOps.exif_transpose(image)
    except (SyntaxError, ValueError, KeyError, TypeError, OSError, struct.error):
        return image


def _with_plain_colours(image: Image.Image) -> Image.Image:
    """Return the picture in colours that can be mixed: no palette, eight bits."""
    if image.mode in {"RGB", "RGBA", "L", "CMYK"}:
        return image
    if image.mode.startswith(("I", "F")):  # sixteen bits of grey
        return image.convert("I").point(lambda grey: grey / 256).convert("L")
    return image.convert("RGBA" if image.has_transparency_data else "RGB")


def _in_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Return the picture in the colours of the web; without a profile it has them."""
    mode = "RGBA" if image.has_transparency_data else "RGB"
    if profile:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            target = ImageCms.createProfile("sRGB")
            made = ImageCms.profileToProfile(image, source, target, outputMode=mode)
        except (ImageCms.PyCMSError, OSError, ValueError):
            return image.convert(mode)  # a profile that says nothing, or of other colours
        return cast("Image.Image", made)
    return image.convert(mode)


def _encoded(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=_QUALITY, progressive=True, optimize=True)
    return file.getvalue()
