"""The benchmark's load client finds what it is there to find: a small server lies to it."""

import shutil
import socket
import threading
import time
from contextlib import contextmanager, suppress

import pytest

from benchmarks.race.build import compiled
from benchmarks.race.client import Crowd

pytestmark = pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler")

UPGRADED = (
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n{}\r\n"
)


def frame(text):
    size = len(text)
    length = bytes([size]) if size < 126 else b"\x7e" + size.to_bytes(2)
    return b"\x81" + length + text.encode()


def event(n, html="said", room="partners"):
    return frame(f'42["entry",{{"room":"{room}","n":{n},"html":"{html}"}}]')


class Liar:
    """Lets in by the book, then sends each socket whatever bytes the test has for it."""

    def __init__(self, extra="", status=""):
        self.door = socket.create_server(("127.0.0.1", 0), backlog=16)
        self.port = self.door.getsockname()[1]
        self.sockets, self._extra, self.status = [], extra, status
        self._thread = threading.Thread(target=self._let_in, daemon=True)
        self._thread.start()

    def _let_in(self):
        while True:
            try:
                sock, _ = self.door.accept()
            except OSError:
                return
            with suppress(OSError):  # who loses patience hangs up, at whatever moment
                self._answer(sock)

    def _answer(self, sock):
        if not self._asked(sock):
            sock.close()
        elif self.status:
            sock.sendall(f"HTTP/1.1 {self.status}\r\n\r\n".encode())
            sock.close()
        else:
            sock.sendall(UPGRADED.format(self._extra).encode() + frame('0{"sid":"x"}'))
            sock.recv(100)
            sock.sendall(frame('40{"sid":"x"}'))
            self.sockets.append(sock)

    def _asked(self, sock):
        """Read a request, and return whether it came whole before the client hung up."""
        head = b""
        while b"\r\n\r\n" not in head:
            read = sock.recv(4096)
            if not read:
                return False
            head += read
        return True

    def close(self):
        self.door.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self.door.close()
        for sock in self.sockets:
            sock.close()


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    return compiled("client.c", tmp_path_factory.mktemp("client"))


@contextmanager
def crowd(program, liar, count=2, **options):
    made = Crowd(program, liar.port, count, **options)
    try:
        made.dial(count)
        yield made
    finally:
        made.end()
        liar.close()


def told(program, *streams, count=2, first=1):
    """Return what the client says of these bytes, one stream a socket, and of what follows."""
    liar = Liar()
    with crowd(program, liar, len(streams)) as it:
        it.expect(first, count, patience_s=0.5)
        for sock, stream in zip(liar.sockets, streams, strict=True):
            sock.sendall(stream)
        return it.heard(), it.listen(0.2), it.bad


def test_all_is_well_where_it_is(program):
    right = event(1) + event(2)
    answer, _, bad = told(program, right, right)
    assert (answer["delivered"], bad) == (4, 0)
    assert answer["sample"] == {"room": "partners", "n": 2, "html": "said"}


def test_a_frame_may_come_in_pieces(program):
    liar = Liar()
    with crowd(program, liar, 1) as it:
        it.expect(1, 1, patience_s=5)
        for byte in event(1, "x" * 300):
            liar.sockets[0].sendall(bytes([byte]))
        assert it.heard()["delivered"] == 1
        assert it.bad == 0


@pytest.mark.parametrize(
    ("stream", "what"),
    [
        (event(1), "missing"),
        (event(1) + event(1) + event(2), "doubled"),
        (event(2) + event(1), "gaps"),
        (event(1) + event(2, "lied"), "wrong"),
        (event(1) + event(2, room="org:7"), "wrong"),
        (event(1) + event(2) + event(3), "strays"),
        (event(1) + b"\xc1\x03abc", "corrupt"),
        (event(1) + b"\x83\x03abc", "corrupt"),
    ],
)
def test_what_is_wrong_is_found(program, stream, what):
    answer, later, bad = told(program, event(1) + event(2), stream)
    assert answer[what] + later.get(what, 0) >= 1
    assert bad >= 1


def test_whoever_offers_deflate_says_if_it_was_taken(program):
    taken = Liar("Sec-WebSocket-Extensions: permessage-deflate\r\n")
    for liar, negotiated in ((taken, 1), (Liar(), 0)):
        it = Crowd(program, liar.port, 1, offers_deflate=True)
        try:
            assert it.dial(1)["negotiated"] == negotiated
        finally:
            it.end()
            liar.close()


def test_a_refusal_is_no_way_in(program):
    liar = Liar(status="503 Service Unavailable")
    it = Crowd(program, liar.port, 1)
    try:
        with pytest.raises(RuntimeError, match="not all came in"):
            it.dial(1, patience_s=0.2)
    finally:
        it.end()
        liar.close()


def test_who_is_turned_away_comes_back(program):
    liar = Liar(status="503 Service Unavailable")
    it = Crowd(program, liar.port, 1)
    threading.Timer(0.3, setattr, (liar, "status", "")).start()
    try:
        answer = it.dial(1, patience_s=20)
        assert answer["errors"] == answer["refused"] == answer["attempts"] - 1 >= 1
    finally:
        it.end()
        liar.close()


def test_who_stops_reading_gets_the_rest_later(program):
    liar = Liar()
    with crowd(program, liar) as it:
        it.expect(1, 1)
        for sock in liar.sockets:
            sock.sendall(event(1))
        it.heard()
        it.stop_reading(1)
        it.expect(2, 1, patience_s=5)
        for sock in liar.sockets:
            sock.sendall(event(2))
        assert it.heard()["delivered"] == 1
        assert it.read_again(5)["behind"] == 0
        assert it.bad == 0


def test_who_is_cut_off_comes_back(program):
    liar = Liar()
    with crowd(program, liar) as it:
        it.begin_storm(10, first_s=0.01, most_s=0.02)
        time.sleep(0.3)  # the word reaches the client by another way than the end does
        for sock in liar.sockets:
            sock.close()
        assert it.heard()["ready"] == 2
