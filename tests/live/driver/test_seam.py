"""The libraries under the driver are the ones that it was tested on, or nothing starts."""

from __future__ import annotations

import engineio.server
import pytest
from flask import Flask

from portal.live import driver
from portal.live.driver import seam


def test_the_installed_libraries_are_the_known_ones():
    seam.check()


@pytest.mark.parametrize("name", seam.KNOWN)
def test_a_change_of_any_of_them_stops_the_start(monkeypatch, name):
    monkeypatch.setitem(seam.KNOWN, name, "another")
    with pytest.raises(driver.MovedError, match=name):
        driver.make_socketio(Flask("any"))


def test_what_is_gone_stops_the_start(monkeypatch):
    monkeypatch.delattr(engineio.server.Server, "handle_request")
    with pytest.raises(AttributeError):
        seam.check()
