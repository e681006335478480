"""Headers are read as everybody reads them, or the request is refused."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.live.driver.headers import LONGEST, MOST, read_headers

NAMES = st.from_regex(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,20}", fullmatch=True)
VALUES = st.from_regex(
    r"[!-~\x80-\xff]([\t !-~\x80-\xff]{0,40}[!-~\x80-\xff])?", fullmatch=True
)

REFUSED = {
    "a blank before the colon": b"Host : a\r\n",
    "no colon": b"Host\r\n",
    "no name": b": a\r\n",
    "a folded line": b"A: b\r\n c\r\n",
    "a NUL": b"A: b\0c\r\n",
    "a bare CR": b"A: b\rc\r\n",
    "another sign that steers": b"A: b\x0bc\r\n",
    "two lengths": b"Content-Length: 1\r\ncontent-length: 1\r\n",
    "a length and a coding": b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n",
    "two codings": b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
    "a coding that we do not know": b"Transfer-Encoding: gzip, chunked\r\n",
    "a length with a sign": b"Content-Length: +1\r\n",
    "two lengths in one": b"Content-Length: 1, 1\r\n",
    "a length in other digits": "Content-Length: ¹\r\n".encode("latin-1"),
    "a length that is none": b"Content-Length:\r\n",
    "an end before the empty line": b"",
    "a line too long": b"A: " + b"a" * LONGEST + b"\r\n",
    "too many": b"A: b\r\n" * (MOST + 1),
}


@pytest.mark.parametrize("words", REFUSED.values(), ids=REFUSED)
def test_what_can_be_read_in_two_ways_is_refused(words):
    end = b"\r\n" if words else b""
    with pytest.raises(ValueError, match=r"."):
        read_headers(io.BytesIO(b"Host: a\r\n" + words + end))


@given(st.lists(st.tuples(NAMES, VALUES), max_size=20))
def test_everything_else_is_read_as_it_was_sent(fields):
    plain = [
        it for it in fields if it[0].lower() not in {"content-length", "transfer-encoding"}
    ]
    wire = "".join(f"{name}:\t {value} \r\n" for name, value in plain) + "\r\nbody"
    lines = io.BytesIO(wire.encode("latin-1"))
    found = read_headers(lines)
    assert list(found.headers) == [f"{name}: {value}\r\n" for name, value in plain]
    assert lines.read() == b"body"
    for name, _ in plain:
        first = next(value for key, value in plain if key.lower() == name.lower())
        assert found.get(name.swapcase()) == first


def test_one_clear_end_is_taken():
    found = read_headers(io.BytesIO(b"content-LENGTH: 12\r\n\r\n"))
    assert found.get("Content-Length") == "12"
    del found["CONTENT-length"]
    assert found.get("Content-Length") is None
