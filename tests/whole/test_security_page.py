"""docs/security.md tells what is so: its figures, tables and words are the code's own."""

from __future__ import annotations

import re

import pytest
from limits import RateLimitItem

from portal.accounts import operations as accounts
from portal.accounts.operations import links, sign_ins
from portal.accounts.queries import IDLE, IDLE_STAFF
from portal.accounts.views import entering, proving
from portal.config import ROOT
from portal.core import passwords, pictures, scanner, throttle
from portal.core.columns import Row
from portal.core.web import limits
from portal.journal import timer
from portal.live import door, seats, sockets
from portal.migrations import load_models
from portal.offers.operations import sheets
from tests.whole.routes import routes_of

PAGE = (ROOT / "docs/security.md").read_text("utf-8")
HEADINGS = re.findall(r"(?m)^## (.+)$", PAGE)
PARTS = dict(zip(HEADINGS, re.split(r"(?m)^## .+$", PAGE)[1:], strict=True))


def rows(part: str) -> dict[str, str]:
    """Return the rows of a part's tables by their first cell, the rest joined."""
    lines = [it.strip("| \n").split(" | ") for it in PARTS[part].splitlines() if it[:2] == "| "]
    return {cells[0]: " | ".join(cells[1:]) for cells in lines}


def figure(start: str) -> str:
    (found,) = [told for what, told in rows("Figures").items() if what.startswith(start)]
    return found


def of_limit(limit: RateLimitItem) -> int:
    """Return the length of a limit's window in seconds."""
    return limit.get_expiry()


def test_the_figures_are_those_of_the_code():
    minutes, hours = 60, 3600
    assert figure("session, idle") == (
        f"{IDLE.seconds // minutes} minutes; {IDLE_STAFF.seconds // minutes} minutes"
    )
    assert figure("session, at most") == (
        f"{sign_ins.SIGN_IN_LIFE.seconds // hours} hours; {sign_ins.MOST_OPEN}"
    )
    assert figure("factors shown") == f"{proving.PROOF_LIFE.seconds // minutes} minutes"
    life = links.INVITE_LIFE.total_seconds() / hours
    assert figure("invitation") == (
        f"{life:.0f} hours; {links.RESET_LIFE.seconds // minutes} minutes"
    )
    assert entering.HALF_LIFE.seconds == 10 * minutes
    assert "half-way counts ten minutes" in PARTS["Ways in"]
    assert figure("recovery codes").startswith(f"{accounts.CODES},")


def test_what_slows_down_is_as_told():
    for start, limit, window in (
        ("failures for one account from one address", throttle.PER_ACCOUNT, "15 minutes"),
        ("failures from one address", throttle.PER_ADDRESS, "5 minutes"),
        ("failures for one account from everywhere", throttle.ANYWHERE, "an hour"),
    ):
        assert figure(start) == f"{limit.amount} in {window}"
        seconds = {"an hour": 3600, "15 minutes": 900, "5 minutes": 300}[window]
        assert of_limit(limit) == seconds
    codes = [(it.amount, of_limit(it)) for it in throttle.PER_CODE]
    assert codes == [(5, 300), (20, 3600), (50, 86400)]
    assert figure("wrong codes") == "5 in 5 minutes, 20 in an hour, 50 in a day"
    asked = [throttle.PER_APPLICANT, throttle.PER_RESET, throttle.PER_ASKER]
    assert {of_limit(it) for it in asked} == {3600}
    assert figure("applications") == "; ".join(f"{it.amount} in an hour" for it in asked)
    reports, exports = limits.REPORTS, limits.EXPORTS
    assert (reports.every.seconds, exports.every.seconds) == (60, 2)
    told = figure("reports; exports").split("; ")
    assert told == [
        f"{reports.burst} at once, then 1 a minute",
        f"{exports.burst} at once, then 1 in 2 seconds",
    ]
    most = sockets._MOST_SOCKETS  # noqa: SLF001 - a figure, told to people
    assert seats.MESSAGES.every.seconds == 1
    assert figure("socket") == (
        f"{door.MAX_MESSAGE:,} bytes; {seats.MESSAGES.burst} at once, then 1 a second; {most}"
    )


def test_what_may_be_uploaded_is_told(scene):
    body, size = scene.app.config["MAX_CONTENT_LENGTH"] // 1024, pictures.MAX_BYTES // 1024**2
    assert figure("form; picture or PDF") == (
        f"{body} KB; {size} MB, {sheets.MOST_SHEETS} with one report or offer"
    )
    told = PARTS["Shapes"]
    assert f"up to {size} MB and {pictures.MAX_PIXELS // 10**6} megapixels" in told
    assert f"of {pictures.MAX_SIDE:,} pixels" in " ".join(told.split())
    for kind in (*pictures._FORMATS, "PDF"):  # noqa: SLF001 - what people are told
        assert kind.lower() in told.lower()
    assert "No archives, office files, SVG or HTML" in told


def test_the_shapes_of_input_are_told():
    told = " ".join(PARTS["Shapes"].split())
    for word in ("E-mail addresses", "telephones", "times", "amounts", "codes", "fit together"):
        assert word in told


def test_the_words_that_no_password_leans_on_are_told():
    words = passwords._OF_THE_FIELD  # noqa: SLF001 - what people are told
    assert figure("words that no password").startswith(", ".join(words) + ";")
    for word in words:
        assert passwords.is_guessable(f"{word}{word}2026!", ())
    assert figure("password").startswith(
        f"{passwords.MIN_LENGTH} to {passwords.MAX_LENGTH} characters"
    )


def test_no_password_ends_by_the_calendar():
    load_models()
    columns = {it.name for it in Row.metadata.tables["person"].columns}
    assert not {it for it in columns if "password" in it} - {"password_hash"}
    assert "does not end by the calendar" in " ".join(PARTS["Ways in"].split())


def test_every_way_in_is_told(scene):
    """Whoever opens one more way to sign in has to say here how strong it is."""
    ways = {it for it in rows("Ways in") if it not in {"way", "---"}}
    assert ways == {
        "passkey",
        "password and authenticator app, recovery code or passkey",
        "single sign-on",
        "invitation, also after an application was vetted with a call-back",
        "password reset",
        "lost second factor",
        "demo people",
    }
    public = {
        it.rule.split("/")[1]
        for it in routes_of(scene.app)
        if it.method == "POST" and "is_public" in vars(scene.app.view_functions[it.endpoint])
    }
    known = {"sign-in", "invite", "factors", "reset", "forgotten", "register", "applications"}
    assert public <= known
    assert "no secret questions, no codes by SMS" in " ".join(PARTS["Ways in"].split())


def test_whose_which_data_are_is_told():
    """A table that nobody has classified would be read by chance."""
    load_models()
    told = re.findall(
        r"`(\w+)`", "".join(rows("Whose data, and what becomes of them").values())
    )
    assert sorted(told) == sorted(set(told)), "each belongs to one class"
    assert set(Row.metadata.tables) - set(told) == set()
    assert set(told) - set(Row.metadata.tables) == set()


def test_every_key_and_algorithm_is_told():
    told = " ".join(PARTS["Keys and algorithms"].split())
    cost = passwords._HASHER  # noqa: SLF001 - what people are told
    assert f"argon2id, {cost.memory_cost // 1024} MiB, {cost.time_cost} passes" in told
    used = set()
    for path in (ROOT / "portal").rglob("*.py"):
        text = path.read_text("utf-8")
        used |= set(re.findall(r"hashlib\.(\w+)\(|\b(Fernet|HKDF|PasswordHasher)\(", text))
    names = {name for pair in used for name in pair if name}
    assert names <= {"sha256", "file_digest", "Fernet", "HKDF", "PasswordHasher"}
    for word in ("SHA-256", "Fernet", "HKDF-SHA256", "HMAC-SHA256", "RFC 6238", "secret key"):
        assert word in told


def test_every_connection_outward_is_told():
    told = rows("Connections")
    assert {"database", "Redis", "mail", "virus scanner", "OpenID providers", "alerts"} <= set(
        told
    )
    assert f"{scanner.PATIENCE_S:.0f} s" in told["virus scanner"]
    for name in re.findall(
        r"PORTAL_[A-Z]+_URL", (ROOT / "portal/config.py").read_text("utf-8")
    ):
        assert name == "PORTAL_BASE_URL" or f"`{name}`" in PARTS["Connections"]


def test_what_is_costly_is_told():
    assert "**Costly, and bounded:**" in PARTS["Connections"]


def test_every_log_is_told():
    assert {"record", "process log", "deliveries"} <= set(rows("Logs"))
    written = [
        path.name
        for path in (ROOT / "portal").rglob("*.py")
        if re.search(r"FileHandler|SysLogHandler|basicConfig", path.read_text("utf-8"))
    ]
    assert written == ["logs.py"], "logs go to standard error alone"


def test_libraries_have_their_dates():
    told = " ".join(PARTS["Libraries"].split())
    assert re.search(r"within \d+ days, a grave one within \d+, any other within \d+", told)


def test_keys_of_forms_are_kept_as_long_as_told():
    assert f"single-use keys {timer.ONCE_KEPT.days} days" in PAGE


@pytest.mark.parametrize("path", sorted(set(re.findall(r"`(tests/[\w/.]+)`", PAGE))))
def test_a_test_that_is_named_is_there(path):
    assert (ROOT / path).is_file()


def test_it_says_how_to_report_a_hole_and_what_is_not_promised():
    assert "**Found a hole?**" in PAGE
    assert "What is not promised" in PARTS
    assert "docs/security.md" in (ROOT / "README.md").read_text("utf-8")
