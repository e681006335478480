"""A visitor of pages: one connection kept open, cookies, and what came over the wire."""

import gzip
import http.client
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

_CSRF = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')
_PATIENCE_S = 60


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer: `wire` counts its bytes as sent, head and compressed body."""

    status: int
    location: str
    text: str
    wire: int


class Visitor:
    """A browser's manners over one connection; not for several threads at once."""

    def __init__(self, port: int, cookie: str = "") -> None:
        """Open a connection when first asked for something."""
        self._http = http.client.HTTPConnection("127.0.0.1", port, timeout=_PATIENCE_S)
        self.use(cookie)

    @property
    def cookie(self) -> str:
        """Return what the next request carries."""
        return "; ".join(f"{name}={value}" for name, value in self._cookies.items())

    def get(self, path: str) -> Answer:
        """Ask for a page."""
        return self._ask("GET", path, None)

    def post(self, path: str, fields: Mapping[str, str]) -> Answer:
        """Send a form."""
        return self._ask("POST", path, urlencode(fields))

    def csrf_token(self, path: str) -> str:
        """Return the token of the first form on a page."""
        answer = self.get(path)
        found = _CSRF.search(answer.text)
        if found is None:
            message = f"{path} answered {answer.status} without a form"
            raise LookupError(message)
        return found[1]

    def use(self, cookie: str) -> None:
        """Carry this cookie and no other from now on."""
        self._cookies = dict([cookie.split("=", 1)]) if cookie else {}

    def close(self) -> None:
        """Hang up."""
        self._http.close()

    def _ask(self, method: str, path: str, body: str | None) -> Answer:
        headers = {"Accept-Encoding": "gzip"}
        if self._cookies:
            headers["Cookie"] = self.cookie
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        self._http.request(method, path, body, headers)
        response = self._http.getresponse()
        sent = response.read()
        for header in response.headers.get_all("Set-Cookie", []):
            name, _, value = header.partition(";")[0].partition("=")
            self._cookies[name] = value
        head = sum(len(name) + len(value) + 4 for name, value in response.getheaders())
        is_gzip = response.headers.get("Content-Encoding") == "gzip"
        text = (gzip.decompress(sent) if is_gzip else sent).decode()
        status_line = len(f"HTTP/1.1 {response.status} {response.reason}\r\n\r\n")
        location = response.headers.get("Location", "")
        return Answer(response.status, location, text, status_line + head + len(sent))
