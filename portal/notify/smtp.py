"""The mail server: how to reach it, and what its refusals mean."""

import smtplib
import ssl
from contextlib import closing, suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import NoReturn
from urllib.parse import parse_qs, unquote, urlsplit

#: How long each step of the conversation may take, in seconds.
PATIENCE_S = 10.0

#: How every error begins that is the mail server's own, and not one recipient's.
SERVER = "The mail server"

_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
_PORTS = {"smtp": 587, "smtps": 465}


class MailError(Exception):
    """The e-mail did not go; the message is one short line for administrators."""


class BouncedError(MailError):
    """The server will never take this e-mail for this recipient."""


class DeferredError(MailError):
    """Another try may succeed: a passing refusal, or no answer at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MailServer:
    """Where e-mails are handed over.

    is_tls_first : TLS from the first byte (smtps).
    starttls     : whether TLS is begun, and insisted on, before anything is said (smtp).
    name         : what this machine calls itself.
    """

    host: str
    port: int
    is_tls_first: bool
    starttls: bool
    username: str = ""
    password: str = field(default="", repr=False)
    name: str = "localhost"

    @classmethod
    def read(cls, url: str, name: str) -> "MailServer":
        """Read PORTAL_SMTP_URL, such as smtp://user:password@mail.example.gov:587.

        smtps:// begins with TLS; smtp:// insists on STARTTLS, but to this machine itself and
        with ?tls=off. Raises ValueError for what is no such URL, without repeating it.
        """
        message = "PORTAL_SMTP_URL is not like smtp://user:password@mail.example.gov:587"
        try:
            parts = urlsplit(url)
            port = parts.port or _PORTS[parts.scheme]
            query = parse_qs(parts.query, strict_parsing=True) if parts.query else {}
        except (ValueError, KeyError):
            raise ValueError(message) from None
        tls = query.pop("tls", ["on"])
        if not parts.hostname or query or tls not in (["on"], ["off"]):
            raise ValueError(message)
        is_plain = parts.hostname in _LOOPBACK or tls == ["off"]
        return cls(
            host=parts.hostname,
            port=port,
            is_tls_first=parts.scheme == "smtps",
            starttls=parts.scheme == "smtp" and not is_plain,
            username=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
            name=name,
        )

    def hand_over(self, letter: EmailMessage, sender: str, to: str) -> None:
        """Give the server an e-mail; when this returns the server has taken it.

        Raises BouncedError or DeferredError.
        """
        try:
            with closing(self._connect()) as smtp:
                try:
                    smtp.send_message(letter, from_addr=sender, to_addrs=[to])
                except (smtplib.SMTPNotSupportedError, ValueError) as error:
                    raise BouncedError("This address cannot be written to") from error
                # It has been taken: how the server says goodbye does not matter.
                with suppress(OSError, smtplib.SMTPException):
                    smtp.quit()
        except smtplib.SMTPRecipientsRefused as error:
            _refuse(*error.recipients[to])
        except smtplib.SMTPDataError as error:
            _refuse(error.smtp_code, error.smtp_error)
        except smtplib.SMTPResponseException as error:  # it refuses the portal, whomever for
            said = _line(error.smtp_error, error.smtp_code)
            raise DeferredError(f"{SERVER} refuses the portal: {said}") from error
        except (OSError, smtplib.SMTPException) as error:
            why = error.strerror or str(error) or type(error).__name__
            raise DeferredError(f"{SERVER} cannot be reached: {_line(why)}") from error

    def _connect(self) -> smtplib.SMTP:
        needs_tls = self.is_tls_first or self.starttls  # reading all authorities takes a while
        context = ssl.create_default_context() if needs_tls else None
        if self.is_tls_first:
            smtp: smtplib.SMTP = smtplib.SMTP_SSL(
                self.host, self.port, self.name, timeout=PATIENCE_S, context=context
            )
        else:
            smtp = smtplib.SMTP(self.host, self.port, self.name, timeout=PATIENCE_S)
        try:
            if self.starttls:
                smtp.starttls(context=context)
            if self.username:
                smtp.login(self.username, self.password)
        except BaseException:
            smtp.close()
            raise
        return smtp


def _refuse(code: int, said: bytes | str) -> NoReturn:
    """Raise what a refusal of one e-mail means: 4xx passes, 5xx does not."""
    if 500 <= code < 600:
        raise BouncedError(_line(said, code))
    raise DeferredError(_line(said, code))


def _line(said: bytes | str, code: int | str = "") -> str:
    """Return what was said as one short line that is safe to show."""
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    printable = "".join(sign if sign.isprintable() else " " for sign in text)
    return " ".join(f"{code} {printable}".split())[:160]
