"""Send a scanner at the demo: `make scan` writes `scan/`, and says what was found.

Wapiti (https://wapiti-scanner.github.io) crawls a fresh demo and attacks what it finds, as
nobody and as each of three of the demo's people, two at a time, some two minutes each. Whatever
it rates above "information" is printed, and makes this exit with 1; so do an error of the
server, a session that ended on the way and a crawl that got nowhere.
`python -m tools.scan liaison` goes as that one alone.
"""  # noqa: INP001 - a script, not a package

import json
import re
import secrets
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import requests

from portal.cli.database import upgrade
from portal.cli.demo import load
from portal.cli.demo_data import PASSWORD
from portal.config import ROOT
from tests.browser.conftest import DemoServer
from tests.browser.proxy import Network
from tests.databases import opened
from tests.pages import Page

FOLDER = ROOT / "scan"
WAPITI = ROOT / ".venv-scan" / "bin" / "wapiti"
NOBODY = "nobody"
WHO = (NOBODY, "liaison", "erac", "admin")

#: Not among them: what looks for other products, for TLS (the demo speaks none) or for names in
#: a list; what needs the network to hear of a success (ssrf, xxe, log4shell).
MODULES = (
    *("cookieflags", "csp", "csrf", "http_headers", "methods", "htaccess", "redirect", "crlf"),
    *("xss", "permanentxss", "sql", "timesql", "ldap", "exec", "file", "upload", "shellshock"),
)

#: For the crawl, and for each module: seconds.
CRAWL_S, ATTACK_S = 30, 6
#: Pages of one kind, such as posts, stand in one folder: so many of each.
OF_KIND = 6
#: Fewer than so many pages and forms are no crawl.
LEAST = {NOBODY: 8}
LEAST_SIGNED_IN = 60
#: What would end the scan itself, or leave it nothing to look at; files that never change.
_EXCLUDED = (
    *("sign-out", "sessions", "suspend", "close", "change_password", "switch", "factors"),
    *("discard", "static/"),
)
#: What is no finding, and why.
_NONE = {
    "Secure Flag cookie": "the demo speaks http, to this machine only; with https the cookie is"
    " __Host-sid and Secure, which tests/whole/test_headers.py shows",
}
#: Wapiti's own words for its levels, from 0 on.
_LEVELS = ("information", "low", "medium", "high", "critical")
#: Where in its report findings stand.
_PARTS = ("vulnerabilities", "anomalies", "additionals")

_KEY = re.compile(rb'(\bonce=|name="once"\r\n\r\n)[\w-]{22}(?![\w-])')
_STATUS = re.compile(rb"HTTP/1\.1 (\d{3}) ")


@dataclass(frozen=True)
class Finding:
    """What was found by one person. level : as in `_LEVELS`."""

    who: str
    name: str
    level: int
    where: str
    info: str


class Way(Network):
    """The way to the server, on which each form that is sent gets a new single-use key.

    Else the portal would refuse every attack on a form but the first. Counts how the server
    answers.
    """

    def __init__(self, server_port: int) -> None:
        """Listen before a server."""
        super().__init__(server_port)
        self.statuses: Counter[str] = Counter()

    def _asked(self, data: bytes) -> bytes:
        fresh = secrets.token_urlsafe(16).encode()
        return _KEY.sub(rb"\g<1>" + fresh, super()._asked(data))

    def _keep(self, _said: bytearray, data: bytes) -> None:
        if found := _STATUS.match(data):
            self.statuses[found[1].decode()] += 1


def main() -> None:
    """Start everything, scan as each person, and say what was found."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    with TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/portal.db"
        upgrade(url)
        with opened(url) as database, database.sessions() as session:
            load(session)
        with DemoServer(url, Path(folder)) as server:
            # First of all, for the attacks on the sign-in are slowed down soon.
            cookies = {it: _signed_in(server.url, it) for it in sys.argv[1:] or WHO}
            with ThreadPoolExecutor(2) as two:
                reports = two.map(
                    lambda it: _scanned(server, *it, Path(folder)), cookies.items()
                )
                found = [it for report in reports for it in report]
            (FOLDER / "server.log").write_text(server.log)
            broken = server.log.count("Traceback")
    for name in sorted({it.name for it in found} & set(_NONE)):
        _say(f"no finding: {name}: {_NONE[name]}")
    wrong = [it for it in found if it.level > 0 and it.name not in _NONE]
    for it in wrong:
        _say(f"{it.who}: {_LEVELS[it.level]}: {it.name} at {it.where}: {it.info}")
    _say(f"{len(found)} findings, {len(wrong)} above information, {broken} errors in the log.")
    sys.exit(1 if wrong or broken else 0)


def _scanned(server: DemoServer, who: str, cookie: str, folder: Path) -> list[Finding]:
    """Scan as one person, and return what was found; fails if nothing was scanned."""
    report = FOLDER / f"{who}.json"
    with Way(server.port) as way, (FOLDER / f"{who}.log").open("wb") as log:
        command = _command(way.url, report, folder / who)
        if cookie:  # kept, whatever an answer sets: no attack may end or change the session
            command += ["--header", f"Cookie: {cookie}"]
            command += [word for it in _starts(way.url) for word in ("--start", it)]
        subprocess.run(command, stdout=log, stderr=log, check=True)  # noqa: S603 - all our own
        answers = dict(sorted(way.statuses.items()))
    told = json.loads(report.read_text("utf-8"))
    pages = told["infos"]["crawled_pages_nbr"]
    findings = list(_findings(told, who))
    _say(f"{who}: {pages} pages and forms, {len(findings)} findings, answers {answers}")
    if pages < LEAST.get(who, LEAST_SIGNED_IN):
        message = f"{who} saw too little: {pages} pages and forms"
        raise RuntimeError(message)
    if cookie and not _is_signed_in(server.url, cookie):
        message = f"{who} was thrown out on the way"
        raise RuntimeError(message)
    return findings


def _command(base: str, report: Path, folder: Path) -> list[str]:
    return [
        *(str(WAPITI), "--url", f"{base}/", "--start", f"{base}/sign-in"),
        *("--module", ",".join(MODULES), "--scope", "folder"),
        *("--max-scan-time", str(CRAWL_S), "--max-attack-time", str(ATTACK_S)),
        *("--max-files-per-dir", str(OF_KIND), "--max-parameters", "30"),
        *("--skip", "csrf_token", "--skip", "once"),
        *("--store-session", str(folder), "--store-config", str(folder / "config")),
        *("--format", "json", "--output", str(report), "--no-bugreport", "--verbose", "2"),
        *(word for it in _EXCLUDED for word in ("--exclude", f"{base}/*{it}*")),
    ]


def _starts(base: str) -> list[str]:
    """Return where the crawl begins beside the first page."""
    below = ("", "feed", "feed/new", "offers", "offers/new", "presence", "presence/check_in")
    paths = [f"incidents/OZ27/{it}" for it in below]
    return [
        f"{base}/{it}" for it in (*paths, "account", "organizations", "admin", "catalogue/")
    ]


def _signed_in(base: str, name: str) -> str:
    """Sign somebody of the demo in by the form, and return the cookies; none for nobody."""
    if name == NOBODY:
        return ""
    with requests.Session() as http:
        path = f"{base}/sign-in"
        answer = http.get(path, timeout=30)
        form = Page("/sign-in", answer.status_code, answer.text, 0, None).form("sign_in.start")
        typed = {"email": f"{name}@demo.example", "password": PASSWORD}
        answer = http.post(path, {**form.filled, **typed}, allow_redirects=False, timeout=30)
        answer.raise_for_status()
        http.get(f"{base}/account", timeout=30).raise_for_status()
        return "; ".join(f"{name}={value}" for name, value in http.cookies.items())


def _is_signed_in(base: str, cookie: str) -> bool:
    """Return whether a session is still good."""
    known = {"Cookie": cookie}
    answer = requests.get(f"{base}/account", headers=known, allow_redirects=False, timeout=30)
    return answer.status_code == requests.codes.ok


def _findings(told: dict[str, Any], who: str) -> Iterator[Finding]:
    for part in _PARTS:
        for name, found in told[part].items():
            for it in found:
                where = f"{it['method']} {it['path']} {it.get('parameter') or ''}".strip()
                yield Finding(who, name, it["level"], where, it["info"])


def _say(words: str) -> None:
    print(words, flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
