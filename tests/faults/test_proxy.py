"""The network that misbehaves on purpose does what it is told, and nothing else."""

from __future__ import annotations

import hashlib
import os
import socket
import threading
import time
from contextlib import closing, suppress
from typing import TYPE_CHECKING

import pytest

from tests.faults.proxy import ChaosProxy, Cut, End

if TYPE_CHECKING:
    from collections.abc import Iterator


class Echo:
    """Says back what it is told, and keeps what each connection said."""

    def __init__(self) -> None:
        self.heard: list[bytearray] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                end, _ = self._listener.accept()
                self.heard.append(bytearray())
                threading.Thread(
                    target=self._talk, args=(end, self.heard[-1]), daemon=True
                ).start()

    def _talk(self, end: socket.socket, heard: bytearray) -> None:
        with suppress(OSError), end:
            while data := end.recv(4096):
                heard += data
                end.sendall(data)

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


@pytest.fixture
def echo() -> Iterator[Echo]:
    with closing(Echo()) as echo:
        yield echo


@pytest.fixture
def proxy(echo: Echo) -> Iterator[ChaosProxy]:
    with ChaosProxy(echo.port) as proxy:
        yield proxy


def dial(proxy: ChaosProxy) -> socket.socket:
    return socket.create_connection(("127.0.0.1", proxy.port), timeout=10)


def read_all(end: socket.socket) -> bytes:
    """Return what comes until the other side ends; raises when it resets."""
    got = bytearray()
    while data := end.recv(4096):
        got += data
    return bytes(got)


def exchange(proxy: ChaosProxy, data: bytes) -> bytes:
    with dial(proxy) as end:
        threading.Thread(target=_say, args=(end, data), daemon=True).start()
        return read_all(end)


def _say(end: socket.socket, data: bytes) -> None:
    with suppress(OSError):
        end.sendall(data)
        end.shutdown(socket.SHUT_WR)


def is_whole(proxy: ChaosProxy) -> bool:
    """Return whether an exchange comes through; a broken one may be heard of as an error."""
    with suppress(OSError):
        return exchange(proxy, b"hello") == b"hello"
    return False


def test_it_passes_on_every_byte_and_every_goodbye(proxy):
    data = os.urandom(1_000_000)
    assert hashlib.sha256(exchange(proxy, data)).digest() == hashlib.sha256(data).digest()
    assert (proxy.up.passed, proxy.down.passed) == (1_000_000, 1_000_000)


@pytest.mark.parametrize("after", [0, 1, 4095, 4096, 10_000])
def test_a_line_breaks_at_the_very_byte_on_the_way_up(proxy, echo, after):
    proxy.plan = lambda _number: Cut(after, is_up=True)
    with suppress(OSError):
        assert exchange(proxy, bytes(20_000)) != bytes(20_000)
    assert proxy.broken == 1
    assert all(len(heard) <= after for heard in echo.heard)


@pytest.mark.parametrize("after", [1, 5000])
def test_a_line_breaks_at_the_very_byte_on_the_way_down(proxy, after):
    proxy.plan = lambda _number: Cut(after, is_up=False, how=End.CLOSE)
    assert exchange(proxy, bytes(20_000)) == bytes(after)


def test_the_plan_says_which_connections_break(proxy):
    proxy.plan = lambda number: Cut(0) if number % 2 else None
    assert [is_whole(proxy) for _ in range(3)] == [True, False, True]
    assert (proxy.count, proxy.broken) == (3, 1)


def test_in_a_black_hole_nobody_hears_anything_and_then_everything_comes(proxy):
    with dial(proxy) as end:
        end.sendall(b"before")
        assert end.recv(100) == b"before"
        proxy.blackhole()
        end.sendall(b"meanwhile")
        end.settimeout(0.3)
        with pytest.raises(TimeoutError):
            end.recv(100)
        proxy.heal()
        end.settimeout(10)
        assert end.recv(100) == b"meanwhile"


def test_a_reset_breaks_what_there_is_and_lets_new_ones_through(proxy):
    with dial(proxy) as end:
        end.sendall(b"hello")
        assert end.recv(100) == b"hello"
        proxy.reset()
        with pytest.raises(ConnectionResetError):
            read_all(end)
    assert is_whole(proxy)


def test_whoever_is_refused_gets_through_once_it_is_healed(proxy):
    proxy.refuse()
    assert not is_whole(proxy)
    proxy.heal()
    assert is_whole(proxy)


def test_with_nobody_behind_it_nothing_gets_through(proxy, echo):
    echo.close()
    assert not is_whole(proxy)


def test_a_slow_line_keeps_every_byte(proxy):
    proxy.slow_down(bits_s=4_000_000, latency_s=0.05)
    began = time.monotonic()
    data = os.urandom(50_000)
    assert exchange(proxy, data) == data
    assert time.monotonic() - began > 0.1 + 50_000 * 8 / 4_000_000 - 0.01


def test_it_says_everything_twice_and_answers_once(proxy, echo):
    proxy.doubles = True
    assert exchange(proxy, b"once") == b"once"
    deadline = time.monotonic() + 10
    while [bytes(it) for it in echo.heard] != [b"once", b"once"]:
        assert time.monotonic() < deadline, echo.heard
        time.sleep(0.01)
