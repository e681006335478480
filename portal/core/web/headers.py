"""Headers of every answer: what a browser may do with it, and what nobody may."""

import secrets
from collections.abc import Iterator

from flask import Flask, Response, current_app, g, request

#: Of a page. Markup becomes elements through one policy alone, see static/live/markup.js.
_OF_PAGES = (
    "default-src 'none'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "object-src 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types portal",
)

#: Of everything else: should it ever be opened as a page, nothing in it runs or fetches.
_OF_FILES = (
    "default-src 'none'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'; sandbox"
)

#: What no page of the portal asks a browser for, and no page of anybody else through it.
_CLOSED = (
    "accelerometer", "browsing-topics", "camera", "display-capture",
    "encrypted-media", "fullscreen", "geolocation", "gyroscope", "hid", "idle-detection",
    "local-fonts", "magnetometer", "microphone", "midi", "otp-credentials", "payment",
    "picture-in-picture", "screen-wake-lock", "serial", "storage-access", "sync-xhr", "usb",
    "window-management", "xr-spatial-tracking",
)  # fmt: skip

#: What its own pages do ask for: the desk's alarm, passkeys.
_OPEN = ("autoplay", "publickey-credentials-create", "publickey-credentials-get")

_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Origin-Agent-Cluster": "?1",
    "X-Permitted-Cross-Domain-Policies": "none",
    "Permissions-Policy": ", ".join(
        [*(f"{it}=()" for it in _CLOSED), *(f"{it}=(self)" for it in _OPEN)]
    ),
}

_ONE_YEAR = "max-age=31536000; includeSubDomains"


def nonce() -> str:
    """Return the word by which a browser knows the scripts that this very answer names."""
    if "nonce" not in g:
        g.nonce = secrets.token_urlsafe(16)
    return str(g.nonce)


#: Of what a page is made of: kept for ever, fetched by the dozen, often over a poor line.
_OF_PARTS = {
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cache-Control": "public, max-age=31536000, immutable",
}


def plain_headers(*, is_https: bool) -> Iterator[tuple[str, str]]:
    """Yield the headers of an answer that is no page, and is not to be kept."""
    yield from _HEADERS.items()
    yield "Content-Security-Policy", _OF_FILES
    yield "Cache-Control", "no-store"
    if is_https:
        yield "Strict-Transport-Security", _ONE_YEAR


def is_https(app: Flask) -> bool:
    """Return whether people reach the portal by TLS."""
    return str(app.config["ORIGIN"]).startswith("https://")


def _page_policy() -> str:
    """Return the policy of a page; one that names no script may run none."""
    word = g.get("nonce")
    scripts = f"'nonce-{word}' 'strict-dynamic'" if word else "'none'"
    return "; ".join([*_OF_PAGES, f"script-src {scripts}"])


def _add_headers(response: Response) -> Response:
    if response.mimetype == "text/html":
        response.headers.setdefault("Content-Security-Policy", _page_policy())
    if request.endpoint == "static":
        # Read whole, so that clients that know gzip alone get it compressed, too.
        response.direct_passthrough = False
        response.make_sequence()
        response.headers.update(_OF_PARTS)
        if is_https(current_app):
            response.headers["Strict-Transport-Security"] = _ONE_YEAR
        return response
    for name, value in plain_headers(is_https=is_https(current_app)):
        response.headers.setdefault(name, value)
    return response


def init_app(app: Flask) -> None:
    """Add the headers to every answer, and give templates the nonce."""
    app.after_request(_add_headers)
    app.add_template_global(nonce)
