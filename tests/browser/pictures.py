"""Pictures that people in the tests send."""

from __future__ import annotations

import io
import os

from PIL import Image

from portal.feed.operations import Snapshot


def photograph(width: int, height: int) -> bytes:
    """Return a picture that can not be packed, as photographs can not; sizes in pixels."""
    noise = Image.frombytes("RGB", (width, height), os.urandom(width * height * 3))
    file = io.BytesIO()
    noise.save(file, "JPEG", quality=90)
    return file.getvalue()


def snapshot(width: int, height: int) -> Snapshot:
    """Return a picture as the portal keeps it."""
    jpeg = photograph(width, height)
    return Snapshot(jpeg=jpeg, small=jpeg, width=width, height=height)
