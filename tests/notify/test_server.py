"""What PORTAL_SMTP_URL may say, and what is said to such a server."""

from __future__ import annotations

from dataclasses import replace
from email.message import EmailMessage
from email.policy import SMTP

import pytest
from aiosmtpd.smtp import AuthResult, LoginPassword

from portal.config import read_settings
from portal.notify.letters import address_of
from portal.notify.smtp import BouncedError, DeferredError, MailServer
from tests.notify.mailbox import Mailbox


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


# ---------------------------------------------------------------- the conversation


def letter(to="dana@ozark.example"):
    made = EmailMessage(policy=SMTP)
    made["From"], made["To"], made["Subject"] = "a@b.example", address_of(to), "Hello"
    made.set_content("Hello\n")
    return made


def hand_over(server, to="dana@ozark.example"):
    server.hand_over(letter(to), "a@b.example", to)


def authenticate(_server, _session, _envelope, _mechanism, told):
    known = LoginPassword(login=b"us@er", password=b"p/w:")
    return AuthResult(success=told == known, handled=False)


#: The fake warns of what only a test does.
WITHOUT_TLS = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")


@pytest.fixture
def guarded():
    """A mail server that wants a password."""
    options = {"auth_required": True, "auth_require_tls": False, "authenticator": authenticate}
    with Mailbox(**options) as mailbox:
        yield mailbox


@WITHOUT_TLS
def test_a_server_that_wants_a_password_gets_it(guarded):
    url = f"smtp://us%40er:p%2Fw%3A@127.0.0.1:{guarded.port}"
    hand_over(MailServer.read(url, "portal.example"))
    assert len(guarded.letters) == 1


@WITHOUT_TLS
@pytest.mark.parametrize("user", ["", "us%40er:wrong@"])
def test_a_wrong_password_is_the_servers_refusal_and_not_the_recipients(guarded, user):
    server = MailServer.read(f"smtp://{user}127.0.0.1:{guarded.port}", "portal.example")
    with pytest.raises(DeferredError, match="The mail server refuses the portal: 5"):
        hand_over(server)
    assert guarded.letters == []


@pytest.mark.parametrize("tls", [{"starttls": True}, {"is_tls_first": True}])
def test_nothing_is_said_without_tls_where_it_is_a_must(mailbox, monkeypatch, tls):
    monkeypatch.setattr("portal.notify.smtp.PATIENCE_S", 1.0)
    plain = MailServer.read(f"smtp://user:secret@127.0.0.1:{mailbox.port}", "portal.example")
    with pytest.raises(DeferredError, match="The mail server cannot be reached"):
        hand_over(replace(plain, **tls))
    assert mailbox.letters == []


def test_an_address_of_other_letters_is_written_to_where_the_server_can():
    for knows in (True, False):
        with Mailbox(enable_SMTPUTF8=knows) as mailbox:
            server = MailServer.read(mailbox.url, "portal.example")
            if knows:
                hand_over(server, "jürgen@ozark.example")
                assert mailbox.rcpts == ["jürgen@ozark.example"]
            else:
                with pytest.raises(BouncedError, match="This address cannot be written to"):
                    hand_over(server, "jürgen@ozark.example")
