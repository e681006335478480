"""To an OpenID provider and back: what this browser is about, sealed into its cookie."""

import hmac
import json
import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from flask import Flask, current_app, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from portal.accounts.id_tokens import ProviderError
from portal.accounts.openid import Client, Request
from portal.accounts.views.entering import secret_key, site
from portal.config import Provider, Settings
from portal.core import clock
from portal.core.sealing import seal, unseal
from portal.core.web.requests import or_404

log = logging.getLogger(__name__)

#: How long somebody may take at the provider.
AWAY_LIFE = timedelta(minutes=10)

_KEY = "away"


class Purpose(StrEnum):
    """Why somebody goes to a provider."""

    SIGN_IN = "sign_in"
    LINK = "link"
    #: Linking half-way in, as the organization wants it.
    COMPANY = "company"
    PROVE = "prove"
    SWITCH = "switch"
    JOIN = "join"


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """What a browser goes to a provider for.

    provider   : its name.
    target     : the path to which all of it leads.
    person_id  : whom it is about; None where only the provider knows.
    sign_in_id : the session in which it was begun; None where there is none yet.
    detail     : the membership to switch to, or the token of the invitation.
    name       : of who joins, as typed.
    """

    purpose: Purpose
    provider: str
    target: str = "/"
    person_id: int | None = None
    sign_in_id: int | None = None
    detail: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Away:
    """A browser that is away at a provider: what for, and what was asked there."""

    errand: Errand
    asked: Request

    def sealed(self) -> str:
        """Return this as the cookie keeps it, legible to the portal alone."""
        told = {"errand": asdict(self.errand), "asked": asdict(self.asked)}
        return seal(secret_key(), json.dumps(told, default=str, ensure_ascii=False))

    @classmethod
    def unsealed(cls, sealed: str) -> "Away | None":
        """Return what a cookie keeps; None for what the portal did not seal."""
        told = unseal(secret_key(), sealed)
        if told is None:
            return None
        kept = json.loads(told)
        errand, asked = kept["errand"], kept["asked"]
        errand["purpose"] = Purpose(errand["purpose"])
        asked["started_at"] = datetime.fromisoformat(asked["started_at"])
        return cls(Errand(**errand), Request(**asked))


def providers() -> tuple[Provider, ...]:
    """Return the providers by which people may sign in."""
    settings: Settings = current_app.extensions["settings"]
    return settings.providers


def provider_named(name: str) -> Provider | None:
    """Return a provider by its name."""
    return next((it for it in providers() if it.name == name), None)


def provider_label(name: str) -> str:
    """Return what people call a provider; its name where it is set up no more."""
    found = provider_named(name)
    return found.label if found else name


def label_of_issuer(issuer: str) -> str:
    """Return what people call the provider that is at an address; the address for none."""
    return next((it.label for it in providers() if it.issuer == issuer), issuer)


def enough() -> frozenset[str]:
    """Return the issuers at which a sign-in shows several factors by itself."""
    return frozenset(it.issuer for it in providers() if it.is_enough)


def leave(errand: Errand, *, is_fresh: bool = False) -> ResponseReturnValue:
    """Send the browser to a provider; it is back within ten minutes, or not at all.

    By a page that goes on by itself, for a form of ours leads nowhere but to ourselves.
    is_fresh : the person has to sign in there anew.
    """
    provider = or_404(provider_named(errand.provider))
    back = url_for("single_sign_on.back", name=provider.name)
    asked = Request.new(site().origin + back, is_fresh=is_fresh)
    try:
        address = _client(provider).address_for(asked)
    except ProviderError as error:
        return refused(provider, error)
    session[_KEY] = Away(errand, asked).sealed()
    page = render_template("accounts/leaving.html", provider=provider, address=address)
    return page, 200, {"Refresh": f"0;url={address}", "Referrer-Policy": "no-referrer"}


def take(name: str, state: str) -> Away | None:
    """Return what this browser went to a provider for, once; None for an answer out of turn."""
    away = Away.unsealed(str(session.get(_KEY, "")))
    if away is None or not hmac.compare_digest(away.asked.state.encode(), state.encode()):
        return None
    del session[_KEY]
    is_late = away.asked.started_at + AWAY_LIFE <= clock.now()
    return None if is_late or away.errand.provider != name else away


def subject_of(provider: Provider, away: Away, said: Mapping[str, str]) -> str:
    """Return who has signed in at the provider; raises ProviderError."""
    return _client(provider).subject_of(away.asked, said)


def lost() -> ResponseReturnValue:
    """Say that an answer comes out of turn; whoever sends somebody here learns nothing."""
    return render_template("accounts/provider_lost.html"), 410


def refused(provider: Provider, error: ProviderError) -> ResponseReturnValue:
    """Say in plain words that nothing came of it; what was wrong goes to the log."""
    if not error.is_refusal:
        log.warning("single sign-on at %s: %s", provider.name, error)
    page = render_template("accounts/provider_refused.html", provider=provider, error=error)
    return page, 502 if error.is_away else 403


def said_once() -> dict[str, str] | None:
    """Return the parameters of a provider's answer; None if one of them is there twice."""
    said: dict[str, Any] = request.args.to_dict(flat=False)
    if any(len(values) > 1 for values in said.values()):
        return None
    return {name: str(values[0]) for name, values in said.items()}


def _client(provider: Provider) -> Client:
    clients: dict[str, Client] = current_app.extensions["openid"]
    return clients[provider.name]


def init_app(app: Flask) -> None:
    """Make a client for each provider; what they learn is shared by all requests."""
    settings: Settings = app.extensions["settings"]
    app.extensions["openid"] = {it.name: Client(it) for it in settings.providers}
    app.add_template_global(provider_label)
    app.add_template_global(label_of_issuer)
