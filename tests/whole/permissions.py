"""Who may ask what: every route and socket event, asked by every kind of actor.

The answers stand in `docs/permissions.csv`, which people read and change on purpose:

    in       answered: a page, a redirect, a write that would be made, a conflict
    shape    the form's shape is refused before rights are looked at; `test_moves` shows those
    sign in  asked to sign in first
    403, 404, 405, 410   as HTTP means them; 404 is also what hidden things look like

Nothing is written while asking: at the moment of a COMMIT the database is made to be busy.
"""

from __future__ import annotations

import csv
import io
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import event

from portal.accounts import operations as accounts
from portal.accounts.models import SignIn
from portal.config import ROOT
from portal.core import clock
from portal.core.actor import SYSTEM, Role
from portal.core.errors import BusyError
from portal.journal.transaction import transaction
from portal.organizations.states import OrganizationKind
from tests import factories as make
from tests.accounts.stage import application
from tests.whole.routes import Route, routes_of
from tests.whole.scene import csrf_of, forget_csrf
from tests.world import PASSWORD, add_organization, add_person

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.pages import PageClient
    from tests.whole.scene import Scene

FILE = ROOT / "docs" / "permissions.csv"

#: Kinds of actors, in the order of the file's columns; see `clients_of`.
KINDS = (
    *("anonymous", "password only", "signed out", "suspended", "removed"),
    *("owner", "owner's administrator", "competitor", "other sector", "association"),
    *("ERAC advisor", "moderator", "mop3", "cikr", "erac", "logistics"),
    *("records", "admin", "observer"),
)

#: Who of the world stands for a kind.
_CAST = {
    "owner": "alpha",
    "owner's administrator": "alpha_admin",
    "competitor": "bravo",
    "other sector": "charlie",
    "association": "guild",
    **{it: it for it in KINDS if it in {role.value for role in Role}},
}

#: What forms are filled in with, by the names of fields; what a form does not know it ignores.
TYPED: Mapping[str, str] = {
    "name": "Somebody New",
    "note": "Because.",
    "reason": "Because.",
    "reply": "Because.",
    "question": "Why?",
    "call_back": "573-555-0123, the directory",
    "organization": "",
    "level": "partial",
}

EVENTS = ("connect", "follow")


@dataclass(frozen=True, slots=True)
class Things:
    """What paths lead to: rows of the owner, and others'.

    arguments : by a part of the rule, what stands for its arguments.
    """

    arguments: Mapping[str, Mapping[str, str]]
    versions: Mapping[str, str]

    def path(self, route: Route) -> str:
        """Return the path of a route to a row that is there."""
        return route.path(**self._of(route, self.arguments))

    def version(self, route: Route) -> str:
        """Return the version of that row, as a page would hold it."""
        return next((v for part, v in self.versions.items() if part in route.rule), "1")

    def _of(self, route: Route, known: Mapping[str, Mapping[str, str]]) -> Mapping[str, str]:
        return next((it for part, it in known.items() if part in route.rule), {})


def things_of(scene: Scene) -> Things:
    """Make one of each for the owner: a report, an offer, a check-in, a session, a link."""
    session, world = scene.session, scene.world
    alpha = world.actor("alpha")
    post = make.make_post(session, alpha, world.incident)
    offer = make.make_offer(session, alpha, world.incident)
    with transaction(session, SYSTEM) as tx:
        invitation = accounts.Invitation(
            email="newcomer@world.example",
            organization=world.organization("alpha"),
            roles=frozenset({Role.LIAISON}),
        )
        _, token = accounts.invite(tx, invitation)
    with transaction(session, alpha) as tx:
        accounts.sign_in(tx, membership_id=alpha.membership_id or 0, agent="Firefox")
    row = session.query(SignIn).filter_by(person_id=alpha.person_id).one()
    person, organization = world.person("alpha"), world.organization("alpha")
    arguments = {
        "/feed/<": {"reference": post.reference},
        "/offers/<": {"reference": offer.reference},
        "/account/sessions": {"sign_in_id": str(row.id)},
        "/people/<": {
            "reference": person.reference,
            "sign_in_id": str(row.id),
            "party": organization.reference,
        },
        "/organizations/applications/": {"reference": application(world).reference},
        "/organizations/<": {
            "reference": organization.reference,
            "party": organization.reference,
        },
        "/invite/": {"token": token},
    }
    versions = {
        "/feed/<": str(post.version),
        "/offers/<": str(offer.version),
        "/people/<": str(person.version),
        "/organizations/<": str(organization.version),
    }
    return Things(arguments, versions)


def clients_of(scene: Scene) -> dict[str, PageClient]:
    """Return a client for each kind of actor."""
    session, world = scene.session, scene.world
    made = {kind: scene.client(name) for kind, name in _CAST.items()}
    made["anonymous"] = scene.anonymous()
    made["password only"] = scene.anonymous()
    csrf = csrf_of(made["password only"], "/sign-in")
    typed = {"csrf_token": csrf, "once": "x" * 20, "password": PASSWORD}
    email = world.people["moderator2"].email
    answer = made["password only"].post("/sign-in", data={**typed, "email": email})
    assert answer.headers["Location"] == "/sign-in/second"
    forget_csrf(made["password only"])  # it is another session now

    def newcomer(name: str, role: Role, kind: OrganizationKind) -> PageClient:
        of = add_organization(session, f"{name} Organization", kind=kind)
        return scene.sign_in(add_person(session, of, role, name).email)

    made["ERAC advisor"] = newcomer("advisor", Role.ERAC_ADVISOR, OrganizationKind.CONTRACTOR)
    for name in ("suspended", "removed", "signed_out"):
        kind = name.replace("_", " ")
        made[kind] = newcomer(name, Role.LIAISON, OrganizationKind.COMPANY)
        csrf_of(made[kind])
        _take_away(scene, name)
    return made


def _take_away(scene: Scene, name: str) -> None:
    session = scene.fresh()
    row = session.query(SignIn).order_by(SignIn.id.desc()).first()
    assert row is not None
    with transaction(session, SYSTEM) as tx:
        if name == "suspended":
            person = tx.session.get_one(accounts.people.Person, row.person_id)
            accounts.suspend(tx, person, reason="For the test.")
        elif name == "removed":
            member = tx.session.get_one(accounts.memberships.Membership, row.membership_id)
            accounts.end_membership(tx, member, reason="For the test.")
        else:
            accounts.end_sign_in(tx, tx.session.get_one(SignIn, row.id), why="For the test.")


@contextmanager
def nothing_written(scene: Scene) -> Iterator[None]:
    """Let every COMMIT find the database busy."""

    def refuse(_session: Any) -> None:
        raise BusyError("The database is busy, for the test.")

    event.listen(scene.database.sessions, "before_commit", refuse)
    try:
        yield
    finally:
        event.remove(scene.database.sessions, "before_commit", refuse)


def outcome(status: int, location: str) -> str:
    """Return an answer as the file words it."""
    if status == 401 or (status == 302 and location.startswith("/sign-in")):
        return "sign in"
    if status == 422:
        return "shape"
    return str(status) if status in {400, 403, 404, 405, 410, 429} else "in"


def ask(client: PageClient, route: Route, things: Things) -> str:
    """Ask a route as somebody, and return what came of it."""
    path = things.path(route)
    if route.method == "GET":
        answer = client.get(path, buffered=True)
        assert answer.status_code < 500, f"{path} cannot be read while nothing can be written"
    else:
        data = {
            **TYPED,
            "csrf_token": csrf_of(client, "/sign-in" if client in _OUTSIDE else "/account"),
            "once": f"{clock.now() + timedelta(0):%H%M%S%f}",
            "version": things.version(route),
        }
        answer = client.post(path, data=data)
    return outcome(answer.status_code, answer.headers.get("Location", ""))


_OUTSIDE: set[Any] = set()


def table_of(scene: Scene) -> list[list[str]]:
    """Ask everything, and return the rows of the file: method, route, one cell a kind."""
    things, clients = things_of(scene), clients_of(scene)
    for kind in ("anonymous", "password only"):
        _OUTSIDE.add(clients[kind])
        csrf_of(clients[kind], "/sign-in")
    for kind, client in clients.items():
        if kind not in {"suspended", "removed", "signed out"}:
            csrf_of(client, "/sign-in" if client in _OUTSIDE else "/account")
    rows = []
    with nothing_written(scene):
        for route in routes_of(scene.app):
            if route.endpoint == "static" or route.rule.startswith("/socket.io"):
                continue
            cells = [ask(clients[kind], route, things) for kind in KINDS]
            rows.append([route.method, route.rule, *cells])
    rows += [["SOCKET", name, *_cells(scene, clients, name)] for name in EVENTS]
    return rows


def _cells(scene: Scene, clients: Mapping[str, PageClient], name: str) -> list[str]:
    return [_hear(scene, clients[kind], name) for kind in KINDS]


def _hear(scene: Scene, client: PageClient, name: str) -> str:
    """Connect a socket as somebody, and follow the incident if that is asked."""
    socketio = scene.app.extensions["socketio"]
    with nothing_written(scene):
        io_ = socketio.test_client(scene.app, namespace="/live", flask_test_client=client)
        if not io_.is_connected("/live"):
            return "sign in"
        message = {"incident": scene.world.code, "generation": "", "heads": {}}
        answer = (
            {}
            if name == "connect"
            else io_.emit("follow", message, namespace="/live", callback=True)
        )
        io_.disconnect(namespace="/live")
    return "403" if "error" in (answer or {}) else "in"


def written(rows: list[list[str]]) -> str:
    """Return the file's text."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["method", "route", *KINDS])
    writer.writerows(rows)
    return out.getvalue()


def read(path: Path = FILE) -> dict[tuple[str, str], dict[str, str]]:
    """Return what the file says: by method and route, a word for each kind of actor."""
    with path.open(encoding="utf-8", newline="") as file:
        return {(row.pop("method"), row.pop("route")): row for row in csv.DictReader(file)}
