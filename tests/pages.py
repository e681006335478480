"""A client that reads pages as strictly as a browser is lenient, and sends their forms.

Every page it opens must parse without an error, have one heading of the first level, a title of
the usual pattern, ids that are there once, labels that say what each field is, forms that carry
what a write needs, and neither script nor style inline.
"""

from __future__ import annotations

import re
from contextvars import ContextVar
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

import html5lib
from flask import has_app_context
from flask.testing import FlaskClient
from sqlalchemy import event

from portal.accounts import operations as accounts
from portal.accounts.queries import get_person_by_email, usual_actor
from portal.journal.transaction import transaction
from tests import passkeys
from tests.page_rules import problems_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from xml.etree.ElementTree import Element

    from sqlalchemy.engine import Engine
    from werkzeug.test import TestResponse

    from tests.passkeys import SoftPasskey

_SKIPPED = {"script", "style", "template"}
_NONCE = re.compile(r"'nonce-([^']+)'")
_HIDDEN = re.compile(r'name="(csrf_token|once)"[^>]*?value="([^"]+)"')
_ACTION = re.compile(r'action="([^"]+)"\s+class="form"\s+data-passkey')


def words_of(element: Element) -> str:
    """Return an element's words as a person reads them: one blank between any two."""

    def pieces(node: Element) -> Iterator[str]:
        if node.tag in _SKIPPED or not isinstance(node.tag, str):
            return
        yield node.text or ""
        for child in node:
            yield from pieces(child)
            yield child.tail or ""

    return " ".join("".join(pieces(element)).split())


@dataclass(frozen=True, slots=True)
class Form:
    """A form of a page.

    move   : its `data-move`, such as post.publish; "" where it has none.
    action : the path it posts to.
    filled : what would be sent as the page now stands, without the button.
    """

    move: str
    method: str
    action: str
    filled: dict[str, list[str]]
    element: Element

    @classmethod
    def read(cls, element: Element, url: str) -> Form:
        filled: dict[str, list[str]] = {}
        for name, value in _controls(element):
            filled.setdefault(name, []).append(value)
        return cls(
            element.get("data-move", ""),
            element.get("method", "get").lower(),
            urljoin(url, element.get("action") or url),
            filled,
            element,
        )


def _controls(form: Element) -> Iterator[tuple[str, str]]:
    for it in form.iter():
        name = it.get("name")
        if not name or it.get("disabled") is not None:
            continue
        if it.tag == "textarea":
            yield name, (it.text or "").removeprefix("\n")
        elif it.tag == "select":
            yield from ((name, value) for value in _chosen(it))
        elif it.tag == "input":
            kind = it.get("type", "text")
            if kind in {"submit", "button", "image", "reset", "file"}:
                continue
            if kind not in {"radio", "checkbox"} or it.get("checked") is not None:
                yield name, it.get("value", "on" if kind in {"radio", "checkbox"} else "")


def _chosen(select: Element) -> list[str]:
    options = list(select.iter("option"))
    marked = [it for it in options if it.get("selected") is not None]
    if not marked and select.get("multiple") is None:
        marked = options[:1]
    return [it.get("value", words_of(it)) for it in marked]


@dataclass(slots=True)
class Page:
    """A page that was answered, parsed.

    queries : how many statements the database was asked while it was made.
    """

    url: str
    status: int
    html: str
    queries: int
    response: TestResponse
    tree: Element = field(init=False, repr=False)
    errors: list[str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        parser = html5lib.HTMLParser(namespaceHTMLElements=False)
        self.tree = parser.parse(self.html)
        self.errors = [f"{code} at {at} {more}" for at, code, more in parser.errors]

    @property
    def text(self) -> str:
        """All words of the page's body."""
        return words_of(self.one("body"))

    @property
    def main(self) -> str:
        """The words of the page's main part."""
        return words_of(self.one("main"))

    @property
    def title(self) -> str:
        return words_of(self.one("head/title"))

    @property
    def heading(self) -> str:
        return words_of(self.one("h1"))

    def all(self, path: str) -> list[Element]:
        """Return the elements of a path such as `a[@rel='next']`, in the page's order."""
        return self.tree.findall(path if path.startswith("head/") else f".//{path}")

    def one(self, path: str) -> Element:
        """Return the first element of a path."""
        found = self.all(path)
        assert found, f"{self.url} has no {path}"
        return found[0]

    def with_class(self, name: str) -> list[Element]:
        """Return the elements of a class."""
        return [it for it in self.tree.iter() if name in it.get("class", "").split()]

    def words(self, path: str) -> list[str]:
        """Return the words of each element of a path."""
        return [words_of(it) for it in self.all(path)]

    @property
    def links(self) -> list[str]:
        """The paths that the page's links lead to."""
        return [urljoin(self.url, it.get("href", "")) for it in self.all("a[@href]")]

    @property
    def forms(self) -> list[Form]:
        """The forms of the main part; signing out stands outside it."""
        return [Form.read(it, self.url) for it in self.one("main").iter("form")]

    @property
    def moves(self) -> set[str]:
        """The moves that the page has a form for."""
        return {it.get("data-move", "") for it in self.all("form[@data-move]")}

    def form(self, move: str | None = None) -> Form:
        """Return the form of a move, such as post.publish, or the first that posts."""
        for form in self.forms:
            if form.method == "post" and move in {None, form.move}:
                return form
        raise AssertionError(f"{self.url} has no form for {move or 'anything'}: {self.moves}")

    def error_at(self, name: str) -> str:
        """Return what is said to be wrong with a field; "" when nothing is."""
        for form in self.forms:
            for it in form.element.iter():
                if it.get("name") == name:
                    return self._said(it)
        raise AssertionError(f"{self.url} has no field {name}")

    def _said(self, control: Element) -> str:
        parents = {child: parent for parent in self.tree.iter() for child in parent}
        node: Element | None = control
        named: set[str] = set()
        while node is not None and node.tag != "form":
            named.update(node.get("aria-describedby", "").split())
            node = parents.get(node)
        said = [it for it in self.tree.iter() if it.get("id") in named]
        return " ".join(words_of(it) for it in said if it.get("id", "").endswith("-error"))

    def _nonces(self) -> Iterator[str]:
        """Yield what is wrong between the scripts of the page and the policy it came with."""
        if self.response is None:
            return
        policy = {k.lower(): v for k, v in self.response.headers.items()}.get(
            "content-security-policy", ""
        )
        named = {it.get("nonce") for it in self.all("script[@nonce]")}
        if named != set(_NONCE.findall(policy)):
            yield f"the scripts' nonces are {named}, and the policy is {policy}"

    def check(self) -> None:
        """Fail on everything that is wrong with the page, all at once."""
        problems = [*self.errors, *problems_of(self.tree), *self._nonces()]
        assert not problems, f"{self.url}:\n" + "\n".join(problems)


#: What the request of this thread asks of the database; several run at once in some tests.
_asked: ContextVar[list[str] | None] = ContextVar("asked", default=None)
_turn = Lock()


def _count(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
    asked = _asked.get()
    if asked is not None and not statement.startswith("BEGIN"):
        asked.append(statement)


def _listen_to(engine: Engine) -> None:
    """Listen once, and never again leave off: others may be asking at that moment."""
    with _turn:
        if not event.contains(engine, "before_cursor_execute", _count):
            event.listen(engine, "before_cursor_execute", _count)


class PageClient(FlaskClient):
    """A browser without JavaScript that complains.

    queries : how many statements the last request asked of the database.
    """

    queries = 0

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        """Send a request, and count its statements."""
        # With an outer application context `g` would be shared between requests, and the
        # person of one request would be taken for the person of the next.
        assert not has_app_context(), "leave the application context before a client runs"
        _listen_to(self.application.extensions["database"].engine)
        outer = _asked.set(asked := [])
        try:
            return super().open(*args, **kwargs)
        finally:
            _asked.reset(outer)
            self.queries = len(asked)

    def page(self, url: str, status: int = 200, **kwargs: Any) -> Page:
        """Open a page, and check all that must hold of every page."""
        return self.read(self.get(url, **kwargs), status)

    def read(self, response: TestResponse, status: int | None = None) -> Page:
        """Take an answer for a page, and check it."""
        if status is not None:
            assert response.status_code == status, _told(response)
        assert response.mimetype == "text/html", _told(response)
        asked = response.request
        url = asked.path + (f"?{asked.query_string.decode()}" if asked.query_string else "")
        page = Page(url, response.status_code, response.text, self.queries, response)
        page.check()
        return page

    def send(
        self, url: str, move: str | None = None, /, *, to: str | None = None, **fields: Any
    ) -> TestResponse:
        """Open a page, fill in its form and send it; the answer is not followed.

        move   : the form's `data-move`; the first form that posts unless given.
        to     : another path to post to than the form's own.
        fields : what to type over what the form holds; a list for several values, None to
                 leave a field out.
        """
        form = self.page(url).form(move)
        return self.submit(form, to=to, **fields)

    def submit(self, form: Form, /, *, to: str | None = None, **fields: Any) -> TestResponse:
        """Send a form of a page that was opened before, as often as one likes."""
        data: dict[str, Any] = form.filled | fields
        sent = {name: value for name, value in data.items() if value is not None}
        path = urlsplit(to or form.action)
        target = path.path + (f"?{path.query}" if path.query else "")
        return self.post(target, data=sent)

    def follow(self, response: TestResponse, status: int = 200) -> Page:
        """Open the page that a write was answered with."""
        assert response.status_code == 303, _told(response)
        return self.page(response.headers["Location"], status)

    def sign_in(self, email: str, password: str) -> TestResponse:
        """Sign in as a browser does: send the page's form, and show the passkey that is asked.

        Its looks are checked where signing in is tested, not each time somebody comes in.
        """
        held = dict(_HIDDEN.findall(self.get("/sign-in").text))
        answer = self.post("/sign-in", data={**held, "email": email, "password": password})
        if answer.status_code == 303 and answer.headers["Location"].startswith(
            "/sign-in/second"
        ):
            return self.show_passkey(answer.headers["Location"], passkeys.of_person(email))
        return answer

    def come_in(self, email: str) -> None:
        """Be signed in, by a session opened where sessions are opened, and no page asked.

        For tests that are not about signing in: it is as good, and ten times as quick.
        """
        with self.application.extensions["database"].sessions() as session:
            person = get_person_by_email(session, email)
            actor = usual_actor(session, person.id) if person else None
            assert actor is not None, f"{email} may not act"
            with transaction(session, actor) as tx:
                token = accounts.sign_in(
                    tx,
                    membership_id=actor.membership_id or 0,
                    agent="Werkzeug",
                    how="password_passkey",
                    address="127.0.0.1",
                )
        with self.session_transaction() as cookie:
            cookie["_user_id"], cookie["_fresh"] = token, True

    def show_passkey(self, path: str, passkey: SoftPasskey) -> TestResponse:
        """Open a page that asks for a passkey, and send the answer."""
        page = self.get(path).text
        held = dict(_HIDDEN.findall(page))
        answer = passkey.show(passkeys.asked_of(page))
        action = _ACTION.findall(page)[-1]
        return self.post(action, data={**held, "credential": answer})


def _told(response: TestResponse) -> str:
    tree = html5lib.parse(response.text, namespaceHTMLElements=False)
    return f"{response.request.path}: {response.status}\n{words_of(tree)[:2000]}"
