"""Who may do and see what, generated from what decides it."""

from collections.abc import Mapping
from dataclasses import dataclass
from inspect import getdoc

from flask import Blueprint, current_app, render_template
from flask.typing import ResponseReturnValue

from portal.audit.queries import entitlements
from portal.core import codes
from portal.core.actor import Role
from portal.core.web.requests import for_roles, is_public

bp = Blueprint("entitlements", __name__, url_prefix="/admin/entitlements")


@dataclass(frozen=True, slots=True)
class Opened:
    """One page. what : in words; rule: its address; roles: whose it is, None for all."""

    what: str
    rule: str
    roles: frozenset[Role] | None


@bp.get("")
@for_roles(Role.ADMIN)
def index() -> ResponseReturnValue:
    """Show who may do and see what: rooms, steps and pages, role by role."""
    machines = entitlements.machines()
    return render_template(
        "audit/entitlements.html",
        roles=codes.load("roles"),
        rooms=codes.load("rooms"),
        seats=entitlements.rooms_by_role(),
        shown=_shown(),
        machines={it: entitlements.steps_of(machine) for it, machine in machines.items()},
        own_steps={role: entitlements.moves_of(role) for role in Role},
        pages=_pages(),
    )


def _shown() -> Mapping[str, frozenset[str]]:
    """Return in which classes of rooms each kind of row shows itself."""
    views: Mapping[str, Mapping[str, object]] = current_app.extensions["views_by_subject"]
    return {subject: frozenset(each) for subject, each in views.items()}


def _pages() -> list[Opened]:
    """Return every page that a signed-in person may ask for, by address."""
    pages = []
    for rule in current_app.url_map.iter_rules():
        if is_public(rule.endpoint) or "GET" not in (rule.methods or set()):
            continue
        view = current_app.view_functions[rule.endpoint]
        what = (getdoc(view) or rule.endpoint).partition("\n")[0].rstrip(".")
        pages.append(Opened(what, rule.rule, getattr(view, "roles", None)))
    return sorted(pages, key=lambda it: it.rule)
