"""Where one request ends and the next begins: no body is ever taken for a request."""

from __future__ import annotations

import re
import socket
from typing import TYPE_CHECKING

import pytest
import requests

from tests.live.server import PATIENCE_S

if TYPE_CHECKING:
    from tests.live.conftest import Place

pytestmark = pytest.mark.xdist_group("live")

#: What must never be answered: it stands within a body, or behind a request that is broken.
HIDDEN = b"GET /healthz?smuggled HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"

CHUNK = b"%x\r\n%b\r\n0\r\n\r\n" % (len(HIDDEN), HIDDEN)

#: Headers and body of a POST, in which two readers might disagree where it ends.
BODIES = {
    "length alone": (b"Content-Length: %d" % len(HIDDEN), HIDDEN),
    "chunks alone": (b"Transfer-Encoding: chunked", CHUNK),
    "length shorter than the chunks": (
        b"Content-Length: 4\r\nTransfer-Encoding: chunked",
        CHUNK,
    ),
    "chunks before the length": (b"Transfer-Encoding: chunked\r\nContent-Length: 4", CHUNK),
    "length in tens and more": (b"Content-Length: +%d" % len(HIDDEN), HIDDEN),
    "length below zero": (b"Content-Length: -1", HIDDEN),
    "two lengths": (b"Content-Length: 0\r\nContent-Length: %d" % len(HIDDEN), HIDDEN),
    "two lengths in one": (b"Content-Length: 0, %d" % len(HIDDEN), HIDDEN),
    "length in sixteens": (b"Content-Length: 0x%x" % len(HIDDEN), HIDDEN),
    "length with a bar": (b"Content-Length: 1_0", HIDDEN),
    "a word before chunked": (b"Transfer-Encoding: identity, chunked", CHUNK),
    "chunked in capitals": (b"Transfer-Encoding: CHUNKED", CHUNK),
    "a blank before the colon": (b"Transfer-Encoding : chunked\r\nContent-Length: 0", CHUNK),
    "a folded line": (b"X: y\r\n Transfer-Encoding: chunked\r\nContent-Length: 0", CHUNK),
    "a chunk of no size": (b"Transfer-Encoding: chunked", b"x\r\n" + HIDDEN),
    "a chunk of minus one": (b"Transfer-Encoding: chunked", b"-1\r\n" + HIDDEN),
    "a chunk too long by far": (b"Transfer-Encoding: chunked", b"f" * 30 + b"\r\n" + HIDDEN),
    "a bare line feed": (b"X: y\nContent-Length: %d" % len(HIDDEN), HIDDEN),
}


def answers(place: Place, request: bytes) -> list[bytes]:
    """Return the status lines of all that comes back until the server hangs up."""
    with socket.create_connection(("127.0.0.1", place.server.port), PATIENCE_S) as line:
        line.sendall(request)
        line.shutdown(socket.SHUT_WR)
        came = b"".join(iter(lambda: line.recv(4096), b""))
    return re.findall(rb"HTTP/1\.\d (\d\d\d)", came) + re.findall(rb'{"status":"ok"}', came)


@pytest.mark.parametrize("name", BODIES)
def test_nothing_within_a_body_is_taken_for_a_request(place, name):
    headers, body = BODIES[name]
    host = b"Host: 127.0.0.1:%d" % place.server.port
    start = b"POST /sign-in HTTP/1.1\r\n" + host + b"\r\nConnection: keep-alive\r\n"
    found = answers(place, start + headers + b"\r\n\r\n" + body)
    assert b'{"status":"ok"}' not in found, "the hidden request was answered"
    assert len(found) <= 1
    assert not set(found) & {b"200", b"500"}


def test_a_request_of_its_own_is_answered(place):
    """Else the others would show nothing."""
    host = b"Host: 127.0.0.1:%d" % place.server.port
    asked = b"GET /healthz HTTP/1.1\r\n" + host + b"\r\n\r\n"
    assert answers(place, asked)[0] == b"200"
    assert len(answers(place, asked + asked)) == 4


def test_a_form_with_a_file_is_no_request_whose_end_is_unclear(place: Place):
    """Its parts are the body's business; here nothing but the token is missing."""
    answer = requests.post(
        f"{place.server.url}/sign-in",
        files={"photo": ("a.jpg", b"\xff\xd8\xff", "image/jpeg")},
        data={"email": "a@b.example"},
        timeout=PATIENCE_S,
    )
    assert answer.status_code == 403
