"""Frames: whatever is cut into whatever pieces is read as it was meant, by both sides."""

from __future__ import annotations

import struct
from contextlib import suppress
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wsproto import ConnectionType
from wsproto.connection import Connection
from wsproto.events import BytesMessage, Message, Ping, TextMessage

from portal.core.rates import Pace, Rate
from portal.live.driver.wire import (
    Code,
    Limits,
    Opcode,
    Reader,
    WireError,
    close_frame,
    frame,
    text_frame,
)

MESSAGES = st.lists(st.one_of(st.text(max_size=300), st.binary(max_size=300)), max_size=8)


def masked(head: int, payload: bytes = b"", mask: bytes = b"\x11\x22\x33\x44") -> bytes:
    size = len(payload)
    long = struct.pack("!H", size) if size > 125 else b""
    hidden = bytes(it ^ mask[i % 4] for i, it in enumerate(payload))
    return bytes((head, 0x80 | (126 if long else size))) + long + mask + hidden


def read(limits: Limits, *pieces: bytes):
    reader = Reader(limits)
    return [it for piece in pieces for it in reader.feed(piece)]


@given(MESSAGES, st.integers(1, 50), st.data())
def test_what_a_client_says_is_read_however_it_is_cut(messages, pieces, data):
    """The client's side is wsproto's."""
    client = Connection(ConnectionType.CLIENT)
    wire = b""
    for message in messages:
        kind = TextMessage if isinstance(message, str) else BytesMessage
        cuts = data.draw(st.integers(1, 3))
        step = -(-len(message) // cuts) or 1
        parts = [message[i : i + step] for i in range(0, len(message), step)] or [message]
        for number, part in enumerate(parts, 1):
            wire += client.send(kind(data=part, message_finished=number == len(parts)))
        wire += client.send(Ping(payload=b"?"))
    size = max(1, len(wire) // pieces)
    found = read(Limits(), *(wire[i : i + size] for i in range(0, len(wire), size)))
    said = [it for it in found if it[0] is not Opcode.PING]
    assert [p.decode() if o is Opcode.TEXT else p for o, p in said] == messages
    assert len(found) - len(said) == len(messages)


@given(st.lists(st.one_of(st.text(max_size=70_000), st.binary(max_size=70_000)), max_size=4))
def test_what_is_framed_is_what_a_client_reads(messages):
    client = Connection(ConnectionType.CLIENT)
    client.receive_data(b"".join(map(text_frame, messages)))
    said: list[str | bytes] = []
    is_new = True
    for event in client.events():
        assert isinstance(event, Message)
        data = event.data if isinstance(event.data, str) else bytes(event.data)
        said = [*said, data] if is_new else [*said[:-1], said[-1] + data]
        is_new = event.message_finished
    assert said == messages


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65_535, 65_536, 70_000])
def test_lengths_at_their_borders(size):
    assert frame(b"x" * size)[-size or None :] == (b"x" * size if size else frame(b""))
    head = 2 if size < 126 else 4 if size < 65_536 else 10
    assert len(frame(b"x" * size)) == head + size


BENT = {
    "unmasked": (b"\x81\x01a", Code.PROTOCOL),
    "an extension's bit": (masked(0xC1, b"a"), Code.PROTOCOL),
    "an opcode that is none": (masked(0x83, b"a"), Code.PROTOCOL),
    "a control frame that is one": (masked(0x8B), Code.PROTOCOL),
    "a ping in parts": (masked(0x09, b"a"), Code.PROTOCOL),
    "a ping too long": (masked(0x89, b"a" * 126), Code.PROTOCOL),
    "a part of nothing": (masked(0x80, b"a"), Code.PROTOCOL),
    "two beginnings": (masked(0x01, b"a") + masked(0x01, b"b"), Code.PROTOCOL),
    "too long": (masked(0x81, b"a" * 301), Code.TOO_LONG),
    "too long together": (masked(0x01, b"a" * 200) + masked(0x80, b"a" * 101), Code.TOO_LONG),
    "said to be too long": (b"\x81\xff" + struct.pack("!Q", 2**62), Code.TOO_LONG),
    "binary": (masked(0x82, b"a"), Code.UNSUPPORTED),
    "too fast": (masked(0x81, b"a") * 4, Code.TOO_FAST),
}


@pytest.mark.parametrize(("wire", "code"), BENT.values(), ids=BENT)
def test_what_no_client_may_send_is_refused_for_its_reason(wire, code):
    limits = Limits(300, Pace(Rate(3, timedelta(hours=1))), binary=False)
    with pytest.raises(WireError) as caught:
        read(limits, wire)
    assert caught.value.code is code


def test_a_refusal_comes_before_the_bytes_that_were_announced():
    with pytest.raises(WireError):
        read(Limits(message=1000), b"\x81\xfe\x03\xe9")


@given(st.binary(max_size=400))
def test_rubbish_is_read_or_refused(rubbish):
    with suppress(WireError):
        read(Limits(message=300), rubbish)


def test_an_end_has_its_code_and_words():
    assert close_frame(Code.RESYNC, "resync") == b"\x88\x08\x0f\xa8resync"
