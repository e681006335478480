"""Devices on which somebody was signed in before: a wrong try elsewhere never slows them down.

A browser keeps a random name and the people who signed in there, signed by the portal. It opens
nothing; it only says whose wrong tries are counted apart from everybody else's.
"""

import secrets

from flask import Flask, Response, current_app, g, request
from flask_login import current_user
from itsdangerous import BadSignature, URLSafeSerializer

from portal.accounts.models import Person
from portal.config import Settings

#: So many people of one device are known.
_MOST = 8

_A_YEAR_S = 365 * 24 * 3600


def known_to(person: Person | None) -> str | None:
    """Return the device's name if the person has signed in on it before."""
    name, people = _read()
    return name if person is not None and person.id in people else None


def _cookie() -> str:
    settings: Settings = current_app.extensions["settings"]
    return "__Host-device" if settings.is_https else "device"


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(str(current_app.secret_key), salt="device")


def _read() -> tuple[str, list[int]]:
    try:
        name, people = _signer().loads(request.cookies.get(_cookie(), ""))
    except (BadSignature, ValueError, TypeError):
        return "", []
    return str(name), [int(it) for it in people]


def _remember(response: Response) -> Response:
    """Note on the device that the person of a session that has just begun is known there."""
    if "login_is_new" not in g or not current_user.is_authenticated:
        return response
    name, people = _read()
    person_id = current_user.actor.person_id
    people = [person_id, *(it for it in people if it != person_id)][:_MOST]
    settings: Settings = current_app.extensions["settings"]
    response.set_cookie(
        _cookie(),
        str(_signer().dumps([name or secrets.token_urlsafe(16), people])),
        max_age=_A_YEAR_S,
        secure=settings.is_https,
        httponly=True,
        samesite="Lax",
    )
    return response


def init_app(app: Flask) -> None:
    """Remember devices with the answer that begins a session."""
    app.after_request(_remember)
