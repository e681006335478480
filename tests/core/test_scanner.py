"""The scanner's protocol, and what is said where it finds something or is away."""

from __future__ import annotations

import socket

import pytest

from portal.config import read_settings
from portal.core.scanner import ScanError, Scanner
from tests.core.clamd import EICAR, clamd


@pytest.mark.parametrize("is_local", [False, True])
def test_what_is_clean_passes_and_what_is_not_is_refused(tmp_path, is_local):
    with clamd(tmp_path / "s" if is_local else None) as scanner:
        ours = Scanner(scanner.url)
        for data in (b"", b"x", b"clean" * 500_000):
            ours.check(data)
            assert scanner.seen[-1] == data
        for data in (EICAR, b"x" * 70_000 + EICAR):
            with pytest.raises(ScanError, match="refuses this file"):
                ours.check(data)


@pytest.mark.parametrize(
    "answer",
    [b"INSTREAM size limit exceeded. ERROR\0", b"stream: OK", b"\0", b"nonsense\xff\0"],
)
def test_only_a_clear_word_lets_a_file_pass(answer):
    with clamd() as scanner:
        scanner.say(answer)
        if answer == b"stream: OK":  # the end of the connection ends the answer, too
            Scanner(scanner.url).check(b"x")
        else:
            with pytest.raises(ScanError, match="cannot be checked"):
                Scanner(scanner.url).check(b"x")


def test_a_scanner_that_is_away_lets_nothing_pass(tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    for away in (url, f"unix:{tmp_path}/nothing"):
        with pytest.raises(ScanError, match="cannot be checked"):
            Scanner(away).check(b"x")


@pytest.mark.parametrize("url", ["", "clamd", "http://x", "tcp://", "unix:", "unix://x/y"])
def test_an_address_that_is_none_is_said_at_the_start(url):
    with pytest.raises(ValueError, match="no address"):
        Scanner(url)


def test_the_setting_names_it(tmp_path):
    known = {"PORTAL_INSTANCE": str(tmp_path), "PORTAL_CLAMD_URL": "tcp://127.0.0.1"}
    assert read_settings(known).clamd_url == "tcp://127.0.0.1"
