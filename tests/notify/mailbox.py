"""A real mail server that can be told to behave badly."""

from __future__ import annotations

import asyncio
import email
import email.policy
import socket
from typing import TYPE_CHECKING, Any, Self

from aiosmtpd.controller import Controller

if TYPE_CHECKING:
    from collections.abc import Callable
    from email.message import EmailMessage


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Mailbox:
    """Takes what it is sent, or refuses, drops or hangs as `manner` says.

    manner  : "" or one of those below.
    letters : what was taken, in order.
    on_take : called when a letter has been stored, before the sender hears of it.
    """

    manner = ""
    on_take: Callable[[], object] | None = None

    def __init__(self, **options: Any) -> None:
        self.port = free_port()
        self._options = options
        self.letters: list[EmailMessage] = []
        self.rcpts: list[str] = []
        self._controller: Controller | None = None

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    def start(self) -> None:
        self._controller = Controller(
            self, hostname="127.0.0.1", port=self.port, **self._options
        )
        self._controller.start()

    def stop(self) -> None:
        if self._controller is not None:
            self._controller.stop()
            self._controller = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self.stop()

    async def handle_MAIL(  # noqa: N802 - the server calls it so
        self, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        del server, session, options
        if self.manner == "refuses the sender":
            return "550 5.7.1 you may not send here"
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(  # noqa: N802 - the server calls it so
        self, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        del server, session, options
        if self.manner == "4xx":
            return "450 4.2.0 try again\r\n\tlater"
        if self.manner == "5xx":
            return "550 5.1.1 no such user here"
        if self.manner == "hangs":
            await asyncio.sleep(3)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        del session
        if self.manner == "4xx for what is written":
            return "451 4.7.1 greylisted"
        if self.manner == "5xx for what is written":
            return "554 5.6.0 not this"
        self.letters.append(
            email.message_from_bytes(envelope.content, policy=email.policy.SMTP)
        )
        self.rcpts += envelope.rcpt_tos
        if self.on_take is not None:
            self.on_take()
        if self.manner == "takes it and drops the line":
            server.transport.abort()
        return "250 OK"

    async def handle_QUIT(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        del session, envelope
        if self.manner == "hangs up on goodbye":
            server.transport.abort()
        return "221 Bye"


def parts(letter: EmailMessage) -> tuple[str, str]:
    """Return a letter's text and its page."""
    text, page = (letter.get_body((kind,)) for kind in ("plain", "html"))
    assert text is not None
    assert page is not None
    return tuple(it.get_content().replace("\r\n", "\n") for it in (text, page))
