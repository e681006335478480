"""What PORTAL_SMTP_URL may say."""

from __future__ import annotations

import pytest

from portal.config import read_settings
from portal.notify.smtp import MailServer


@pytest.mark.parametrize(
    ("url", "port", "tls_first", "starttls"),
    [
        ("smtps://mail.example.gov", 465, True, False),
        ("smtp://mail.example.gov", 587, False, True),
        ("smtp://mail.example.gov:25?tls=off", 25, False, False),
        ("smtp://localhost:25", 25, False, False),
        ("smtp://127.0.0.1:2525", 2525, False, False),
    ],
)
def test_tls_is_a_must_but_to_this_machine(url, port, tls_first, starttls):
    server = MailServer.read(url, "portal.example")
    assert (server.port, server.is_tls_first, server.starttls) == (port, tls_first, starttls)


def test_a_password_may_hold_any_sign_and_is_not_shown():
    server = MailServer.read("smtps://us%40er:p%2Fw%3A@mail.example.gov", "portal.example")
    assert (server.username, server.password) == ("us@er", "p/w:")
    assert "p/w:" not in repr(server)


@pytest.mark.parametrize(
    "url",
    ["mail.example.gov", "http://mail", "smtp://", "smtp://m:x", "smtp://m?tls=maybe",
     "smtp://secret@m?tsl=off", "smtp://m:99999", "smtp://m?tls"],
)  # fmt: skip
def test_what_is_no_such_url_is_refused_without_repeating_it(url):
    with pytest.raises(ValueError, match="PORTAL_SMTP_URL is not like smtp://") as refused:
        MailServer.read(url, "portal.example")
    assert "secret" not in str(refused.value)


def test_e_mails_come_from_the_portals_own_host_unless_told_otherwise(tmp_path):
    known = {"PORTAL_INSTANCE": str(tmp_path), "PORTAL_SECRET_KEY": "k"}
    assert read_settings(known).mail_from == "portal@localhost"
    own = known | {"PORTAL_BASE_URL": "https://portal.example.gov:8443/"}
    assert read_settings(own).mail_from == "portal@portal.example.gov"
    told = own | {
        "PORTAL_MAIL_FROM": "BEOC <beoc@example.gov>",
        "PORTAL_SMTP_URL": "smtp://u:p@m",
    }
    assert read_settings(told).mail_from == "BEOC <beoc@example.gov>"
    assert "smtp" not in repr(read_settings(told))
