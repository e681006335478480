"""nginx with the configuration that is shipped, in front of real workers."""

from __future__ import annotations

import json
import re
import shutil
import socket
import ssl
import subprocess
import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from requests.adapters import HTTPAdapter
from sqlalchemy import select

from portal.config import ROOT
from portal.core import clock
from portal.journal.models import Words
from tests import factories
from tests.databases import Databases, opened
from tests.live.plain import POLLING, WEBSOCKET, connected
from tests.live.server import PATIENCE_S, Visitor, free_port, live_of, wait_until
from tests.live.several import Workers
from tests.live.wire import OrderedClient

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from portal.core.db import Database
    from tests.world import World

NAME = "portal.example.gov"
FEED = "/incidents/EX27/feed"
SHIPPED = ROOT / "deploy" / "nginx.conf"

pytestmark = [
    pytest.mark.xdist_group("live"),
    pytest.mark.skipif(shutil.which("nginx") is None, reason="no nginx here"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@dataclass(frozen=True)
class Front:
    """nginx, the workers behind it, and a client's way to it by its public name."""

    tls: int
    plain: int
    certificate: Path
    log: Path
    server: Workers
    database: Database
    world: World

    @property
    def url(self) -> str:
        return f"https://{NAME}:{self.tls}"


def certificate(folder: Path) -> tuple[Path, Path]:
    """Make a certificate for the name, good for a day, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    now = clock.now()
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    paths = folder / "fullchain.pem", folder / "key.pem"
    paths[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return paths


def adapted(folder: Path, tls: int, plain: int, portal: int) -> str:
    """Return what is shipped, with this machine's ports and paths in it and nothing else."""
    words = SHIPPED.read_text()
    for was, now in (
        ("listen 443 ", f"listen 127.0.0.1:{tls} "),
        ("listen 80", f"listen 127.0.0.1:{plain}"),
        ("127.0.0.1:8000", f"127.0.0.1:{portal}"),
        ("/etc/ssl/portal", str(folder)),
        ("/var/log/nginx", str(folder)),
    ):
        assert was in words
        words = words.replace(was, now)
    return words


@contextmanager
def nginx(folder: Path, words: str, port: int) -> Iterator[None]:
    """Run nginx with a configuration, as Debian's includes it."""
    (folder / "portal.conf").write_text(words)
    places = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    temporary = "".join(f"{it}_temp_path {folder}/{it};" for it in places)
    main = folder / "nginx.conf"
    main.write_text(
        f"daemon off; pid {folder}/pid; user root; worker_processes 1;"
        f"error_log {folder}/error.log notice; events {{ worker_connections 512; }}"
        f"http {{ access_log off; {temporary} include {folder}/portal.conf; }}"
    )
    command = ["nginx", "-p", str(folder), "-c", str(main), "-e", str(folder / "error.log")]
    tested = subprocess.run([*command, "-t"], capture_output=True, text=True, check=False)
    assert tested.returncode == 0, tested.stderr
    assert "[warn]" not in tested.stderr, tested.stderr
    with subprocess.Popen(command) as running:
        try:
            wait_until(lambda: is_open(port), "nginx answers")
            yield
        finally:
            running.terminate()


def is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(scope="module")
def front(
    _databases_of_postgres: Databases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Front]:
    folder = tmp_path_factory.mktemp("nginx")
    tls, plain = free_port(), free_port()
    known, _ = certificate(folder)
    settings = {
        "PORTAL_BASE_URL": f"https://{NAME}:{tls}",
        "PORTAL_PROXIES": "1",
        "PORTAL_METRICS_TOKEN": "figures-for-who-knows-this",
        "PORTAL_LOG": "json",
    }
    with pytest.MonkeyPatch.context() as patch, _databases_of_postgres.lent_world() as lent:
        real = socket.getaddrinfo
        patch.setattr(
            socket,
            "getaddrinfo",
            lambda host, *more, **named: real(
                "127.0.0.1" if host == NAME else host, *more, **named
            ),
        )
        patch.setenv("REQUESTS_CA_BUNDLE", str(known))
        url, world = lent
        server = Workers(url, folder, more=settings)
        words = adapted(folder, tls, plain, server.port)
        with opened(url) as database, server, nginx(folder, words, tls):
            yield Front(tls, plain, known, folder / "portal.log", server, database, world)


class Guest(Visitor):
    """Somebody who comes through nginx, from an address of this machine, and lies about it."""

    def __init__(self, front: Front, name: str, address: str) -> None:
        self.address = address
        super().__init__(front, front.world.people[name].email)

    @property
    def http(self) -> requests.Session:
        return self._http

    @http.setter
    def http(self, session: requests.Session) -> None:
        adapter = HTTPAdapter()
        adapter.init_poolmanager(4, 4, source_address=(self.address, 0))
        session.mount("https://", adapter)
        session.headers["X-Forwarded-For"] = "203.0.113.9"
        session.headers["X-Forwarded-Host"] = "evil.example"
        self._http = session

    @property
    def cookie(self) -> str:
        return f"__Host-sid={self.http.cookies['__Host-sid']}"


@contextmanager
def signed_in(front: Front, name: str, address: str = "127.0.0.1") -> Iterator[Guest]:
    guest = Guest(front, name, address)
    try:
        guest.sign_in()
        yield guest
    finally:
        guest.close()


def let_out(front: Front, moderator: Guest, words: str) -> str:
    with front.database.sessions() as session:
        actor = front.world.within(session).actor("alpha")
        reference = factories.make_post(session, actor, words=words).reference
    page = f"{FEED}/queue/{reference}"
    assert moderator.send(page, "post.publish", seen_by="partners").status_code == 303
    return reference


@pytest.mark.parametrize("transports", [WEBSOCKET, POLLING], ids="+".join)
@pytest.mark.sampled(2)
def test_news_come_through_nginx_by_either_transport(front: Front, transports: list[str]):
    with signed_in(front, "charlie") as reader, signed_in(front, "moderator") as moderator:
        start = live_of(reader.open(FEED).text)
        known = {"Cookie": reader.cookie}
        options = {"sslopt": {"ca_certs": str(front.certificate)}}
        with connected(front.url, transports, known, kind=OrderedClient, **options) as client:
            assert client.follow(start)["frames"] == []
            for n in range(5):
                said = let_out(front, moderator, f"Through nginx, {n}.")
                event, frame = client.next()
                assert (event, frame["subject"]) == ("entry", said)


def test_who_asks_is_known_and_what_they_say_of_it_is_not_believed(front: Front):
    with signed_in(front, "bravo", "127.0.0.5"), front.database.sessions() as session:
        words = " ".join(session.scalars(select(Words.data)))
    assert "127.0.0.5" in words
    assert "203.0.113.9" not in words


def test_without_tls_pages_are_led_on_and_nothing_else_is_heard(front: Front):
    plain, named = f"http://127.0.0.1:{front.plain}", {"Host": NAME}

    def asked(method: str, path: str) -> requests.Response:
        return requests.request(
            method, plain + path, headers=named, allow_redirects=False, timeout=PATIENCE_S
        )

    led = asked("GET", "/sign-in?next=/")
    assert (led.status_code, led.headers["Location"]) == (308, f"https://{NAME}/sign-in?next=/")
    assert asked("POST", "/sign-in").status_code == 403
    assert asked("GET", "/socket.io/?transport=polling&EIO=4").status_code == 403


def test_another_name_is_not_answered(front: Front):
    with pytest.raises(requests.ConnectionError):
        requests.get(f"https://127.0.0.1:{front.tls}/", timeout=PATIENCE_S)
    with pytest.raises(requests.ConnectionError):
        requests.get(f"http://127.0.0.1:{front.plain}/", timeout=PATIENCE_S)


def shakes_hands(front: Front, version: ssl.TLSVersion, ciphers: str) -> bool:
    """Return whether nginx takes a client that knows no other version and no other ciphers."""
    context = ssl.create_default_context(cafile=front.certificate)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that old versions are old is known
        context.minimum_version = context.maximum_version = version
    context.set_ciphers(f"{ciphers}:@SECLEVEL=0")
    with socket.create_connection(("127.0.0.1", front.tls), PATIENCE_S) as line:
        try:
            context.wrap_socket(line, server_hostname=NAME).close()
        except (ssl.SSLError, ConnectionError):
            return False
    return True


@pytest.mark.parametrize(
    ("version", "ciphers", "is_taken"),
    [
        (ssl.TLSVersion.TLSv1_1, "ALL", False),
        (ssl.TLSVersion.TLSv1_2, "ECDHE-ECDSA-AES128-SHA", False),
        (ssl.TLSVersion.TLSv1_2, "ECDHE-ECDSA-AES128-GCM-SHA256", True),
        (ssl.TLSVersion.TLSv1_3, "ALL", True),
    ],
)
def test_only_strong_tls_is_spoken(
    front: Front, version: ssl.TLSVersion, ciphers: str, *, is_taken: bool
):
    assert shakes_hands(front, version, ciphers) is is_taken


def test_figures_of_all_workers_are_for_who_has_the_token(front: Front):
    asked = f"{front.url}/metrics"
    assert requests.get(asked, timeout=PATIENCE_S).status_code == 404
    for token, code in (("figures-for-who-knows-this", 200), ("guessed", 404)):
        told = {"Authorization": f"Bearer {token}"}
        answer = requests.get(asked, headers=told, timeout=PATIENCE_S)
        assert answer.status_code == code
        if code == 200:
            workers = set(re.findall(r'portal_database_up\{worker="(\d+)"\} 1.0', answer.text))
            assert workers == set(front.server.workers())


def test_the_log_leaves_out_the_keys_of_links_and_the_portals_is_json(front: Front):
    for path in ("/invite/secret-of-a-link", "/sign-in?next=/secret-query"):
        requests.get(front.url + path, timeout=PATIENCE_S)
    wait_until(lambda: "/sign-in" in front.log.read_text(), "nginx has written it down")
    assert "secret" not in front.log.read_text()
    said = [json.loads(line) for line in front.server.log.splitlines() if line[0] == "{"]
    assert {"at", "level", "logger", "process", "said"} <= set(said[0])
