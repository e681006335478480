"""Single-use links as pages show them: once, in the answer to the form that made them."""

from collections.abc import Callable, Sequence

from flask import current_app, flash, render_template, request, url_for
from flask.typing import ResponseReturnValue

from portal.accounts.models import Person
from portal.accounts.states import TicketPurpose
from portal.config import Settings
from portal.core.errors import AlreadyDoneError
from portal.core.web.forms import PortalForm, Writer, see_other
from portal.core.writes import Held
from portal.journal.transaction import Tx

SHOWN_ONCE = (
    "This was sent before. The link was shown once and is kept nowhere: "
    "if it was not passed on, make a new one."
)
SENT_BEFORE = "This was sent before, and is done."

_ENDPOINTS = {
    TicketPurpose.INVITE: "joining.accept",
    TicketPurpose.RESET: "joining.recover",
    TicketPurpose.FACTOR: "joining.renew",
}

#: What makes a link: it returns for whom, and the token; "" where it goes by letter.
Make = Callable[[Tx], tuple[Person, str]]


def by_letter() -> bool:
    """Return whether the portal sends links itself: a mail server is set."""
    settings: Settings = current_app.extensions["settings"]
    return bool(settings.smtp_url)


def link(endpoint: str, token: str) -> str:
    """Return the whole address behind a token, as people pass it on."""
    settings: Settings = current_app.extensions["settings"]
    base = settings.base_url or request.host_url.rstrip("/")
    return base + url_for(endpoint, token=token)


def invitation_link(token: str) -> str:
    """Return the address behind the token of an invitation; "" for none."""
    return link(_ENDPOINTS[TicketPurpose.INVITE], token) if token else ""


def make_link(
    write: Writer[Tx],
    form: PortalForm,
    held: Sequence[Held],
    make: Make,
    *,
    back: Callable[[Person], str],
    purpose: TicketPurpose = TicketPurpose.INVITE,
) -> ResponseReturnValue | None:
    """Make a link and show it in this very answer, as its token is kept nowhere.

    None when it was refused, which is said on the form.
    back : the page of the person, which follows.
    """
    made: list[tuple[Person, str]] = []
    try:
        with form.catching(), write(form, held) as tx:
            made.append(make(tx))
            tx.answer(back(made[0][0]))
    except AlreadyDoneError as done:
        flash(SHOWN_ONCE, "note")
        return see_other(done.answer)
    if not made or form.status != 200:
        return None
    person, token = made[0]
    if not token:
        flash(f"An e-mail with the link goes to {person.email}.")
        return see_other(back(person))
    return render_template(
        "accounts/link.html",
        person=person,
        back=back(person),
        link=link(_ENDPOINTS[purpose], token),
        purpose=purpose,
    )
