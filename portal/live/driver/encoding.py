"""How packets are written as JSON: what was encoded before is put in as it is."""

from typing import Any

import orjson
from orjson import Fragment, JSONDecodeError
from socketio.packet import Packet

__all__ = ["Fragment", "JSONDecodeError", "TextPacket", "dumps", "loads"]

loads = orjson.loads


def dumps(value: Any, **_style: Any) -> str:
    """Return a value as compact JSON, in the place of `json.dumps` in the libraries."""
    return orjson.dumps(value).decode()


class TextPacket(Packet):  # type: ignore[misc]  # it brings no types
    """A packet where nobody attaches bytes: none are looked for in what is said."""

    uses_binary_events = False
