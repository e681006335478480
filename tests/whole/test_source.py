"""What must not stand in the source at all: dangerous calls, weak hashes, secrets."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from portal.config import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

CODE = [*sorted((ROOT / "portal").rglob("*.py")), ROOT / "wsgi.py"]
SCRIPTS = sorted(it for it in (ROOT / "static").rglob("*.js") if "vendor" not in it.parts)
TEMPLATES = sorted((ROOT / "templates").rglob("*.*"))

#: What runs text as code, a shell, or makes objects of bytes; and hashes that are broken.
CALLS = {
    "eval", "exec", "compile", "__import__", "os.system", "os.popen", "pickle.loads",
    "pickle.load", "marshal.loads", "yaml.load", "yaml.unsafe_load", "tempfile.mktemp",
    "hashlib.md5", "hashlib.sha1", "hashlib.new", "render_template_string",
    "jinja_env.from_string", "Markup.format_map", "ssl._create_unverified_context",
}  # fmt: skip

#: Whole modules that nothing here needs; each would bring an attack of its own.
MODULES = {
    "pickle", "marshal", "shelve", "xml", "lxml", "defusedxml", "ldap", "ldap3", "memcache",
    "pymemcache", "pylibmc", "graphene", "graphql", "strawberry", "onelogin", "saml2", "yaml",
    "telnetlib", "ftplib", "ctypes", "cffi", "Crypto", "rsa", "des", "telnetlib3", "paramiko",
}  # fmt: skip

#: The only modules that call out, each to addresses of the configuration or a command line.
OUTWARD = {"requests", "urllib.request", "http.client", "httpx", "aiohttp", "smtplib", "socket"}
MAY_CALL_OUT = {
    "portal/accounts/openid.py", "portal/accounts/id_tokens.py",  # OpenID providers
    "portal/cli/alerts.py", "portal/alerts/operations.py",  # alerts, by the command line
    "portal/cli/doctor/machine.py", "portal/cli/doctor/running.py",  # what is configured
    "portal/core/scanner.py",  # the virus scanner
    "portal/notify/smtp.py",  # the mail server
    "portal/core/workers.py", "portal/live/siblings.py",  # other processes of this portal
    "portal/live/driver/serving.py", "portal/live/driver/connection.py",  # nobody: who came
}  # fmt: skip


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def imported(tree: ast.AST) -> Iterator[str]:
    for it in ast.walk(tree):
        if isinstance(it, ast.Import):
            yield from (each.name for each in it.names)
        elif isinstance(it, ast.ImportFrom) and it.module:
            yield it.module
            yield from (f"{it.module}.{each.name}" for each in it.names)


@pytest.mark.parametrize("path", CODE, ids=named)
def test_nothing_runs_text_unpacks_objects_or_hashes_weakly(path):
    tree = ast.parse(path.read_text("utf-8"))
    for it in ast.walk(tree):
        if isinstance(it, ast.Call):
            assert ast.unparse(it.func) not in CALLS, f"line {it.lineno}"
            told = {word.arg: ast.unparse(word.value) for word in it.keywords}
            assert told.get("shell", "False") == "False"
            assert told.get("verify", "True") != "False", "a certificate is always looked at"
            assert told.get("autoescape", "True") != "False"
            assert told.get("usedforsecurity") is None
    names = set(imported(tree))
    assert not {it for it in names if it.partition(".")[0] in MODULES}
    if "migrations" not in path.parts and "demo" not in path.parts:
        assert "random" not in names, "chance that may matter comes from `secrets`"


def test_only_these_call_out():
    found = {
        named(path)
        for path in CODE
        if OUTWARD & set(imported(ast.parse(path.read_text("utf-8"))))
    }
    assert found <= MAY_CALL_OUT
    assert "portal/notify/smtp.py" in found


#: A name that tells of something secret, or of what is kept of it.
_SECRET = re.compile(
    r"(?:^|[_.])(?:token|secret|secret_key|password|code|codes|mac|signature)\b"
)


#: A column: the database compares it, and what is kept of a token there is its hash.
_COLUMN = re.compile(r"(?:[A-Z]\w+|_\w+\.c)\.\w+")


def compared(path: Path) -> Iterator[str]:
    """Yield comparisons of secrets that end at the first difference, outside of SQL."""
    tree = ast.parse(path.read_text("utf-8"))
    for it in ast.walk(tree):
        if isinstance(it, ast.Compare):
            sides = [ast.unparse(side) for side in (it.left, *it.comparators)]
            by_sign = any(isinstance(op, ast.Eq | ast.NotEq) for op in it.ops)
            in_sql = any(_COLUMN.fullmatch(side) for side in sides)
            if by_sign and not in_sql and any(_SECRET.search(side) for side in sides):
                yield f"{named(path)}: {ast.unparse(it)}"


def test_no_secret_is_compared_sign_by_sign():
    """A code of a list is no secret; in `accounts` and `journal` nothing else is so called."""
    found = [it for path in CODE for it in compared(path)]
    assert [it for it in found if "/accounts/" in it or "/journal/" in it] == []
    assert [it for it in found if re.search(r"secret|password|signature|_token\b", it)] == []


# ---------------------------------------------------------------- scripts and templates

SCRIPT_BANS = {
    r"\beval\s*\(": "runs text",
    r"\bnew Function\b": "runs text",
    r"\bset(?:Timeout|Interval)\s*\(\s*[\"'`]": "runs text",
    r"\bdocument\.write": "writes markup",
    r"\binsertAdjacentHTML\b": "writes markup",
    r"\bsrcdoc\b": "writes markup",
    r"\bpostMessage\b|[\"']message[\"']": "talks to other windows",
    r"\bsessionStorage\b|\bindexedDB\b|\bcaches\.": "keeps what it should not",
    r"\bdocument\.cookie\b": "reads a cookie",
    r"__proto__|\.prototype\b|Object\.assign\(\{": "lets words become a prototype",
    r"https?://(?!www\.w3\.org/)": "calls elsewhere",
    r"\bimportScripts\b|\bXMLHttpRequest\b": "fetches by an older way",
}

#: Where markup of the server becomes elements: nowhere else.
MARKUP = {"static/live/lists.js", "static/live/markup.js", "static/live/regions.js"}


@pytest.mark.parametrize("path", SCRIPTS, ids=named)
def test_a_script_runs_no_text_and_keeps_nothing(path):
    text = path.read_text("utf-8")
    for ban, why in SCRIPT_BANS.items():
        assert not re.search(ban, text), f"{ban}: {why}"
    if re.search(r"\.(?:inner|outer)HTML\s*=|DOMParser|createContextualFragment", text):
        assert named(path) in MARKUP
    kept = re.findall(r"localStorage\.\w+\(([^)]*)\)", text)
    assert all(it.startswith("`desk-${name}`") for it in kept), "a desk's own switches alone"


def test_no_template_stops_escaping_or_loads_a_plugin():
    for path in TEMPLATES:
        text = path.read_text("utf-8")
        assert not re.search(r"autoescape\s+false|<(?:object|embed|applet|iframe)\b", text), (
            path
        )
        assert not re.search(r"\bon(?:paste|copy|drop|load|click|error)\s*=", text), path
        assert not re.search(r"https?://(?!www\.w3\.org/)[^\s\"'{]*\.(?:js|css|woff)", text), (
            path
        )


#: What a template marks as markup, and who made it so.
SAFE = {
    "setup.svg | safe": "a picture of segno's, of figures alone",
    "setup.svg|safe": "likewise",
}


def test_what_is_marked_as_markup_is_known():
    marked = {
        found
        for path in TEMPLATES
        for found in re.findall(r"[\w.]+\s*\|\s*safe\b", path.read_text("utf-8"))
    }
    assert marked <= set(SAFE)


def test_a_password_is_typed_unseen_and_may_be_pasted_and_filled_in():
    for path in TEMPLATES:
        for field in re.findall(
            r"\{\{\s*text\(form\.(?:own_)?password.*?\}\}", path.read_text()
        ):
            assert "new-password" in field or "current-password" in field, (path, field)
    scripts = "".join(it.read_text("utf-8") for it in SCRIPTS)
    assert not re.search(r"[\"'](?:paste|copy|drop)[\"']", scripts)


# ---------------------------------------------------------------- what is brought along


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt", "tools/uv.txt"])
def test_every_package_is_pinned_with_its_hash_and_names_no_source(name):
    text = (ROOT / name).read_text("utf-8")
    pins = re.split(r"\n(?=[a-z])", re.sub(r"(?m)^\s*#.*\n", "", text), flags=re.IGNORECASE)
    assert pins
    for pin in filter(str.strip, pins):
        assert re.match(r"[\w.\[\],-]+==[\w.!+]+ ", pin), pin[:80]
        assert "--hash=sha256:" in pin, pin[:80]
    assert not re.search(
        r"https?://|--(?:extra-)?index-url|--find-links|--trusted-host|@ ", text
    )


def test_what_runs_is_locked_to_what_is_declared():
    """What only tests and checks need is not installed where the portal runs."""
    running = set(re.findall(r"(?m)^([\w.-]+)==", (ROOT / "requirements.txt").read_text()))
    assert not running & {"pytest", "playwright", "hypothesis", "coverage", "ruff", "mypy"}
    assert "requirements.txt" in (ROOT / "tools/install").read_text("utf-8")
    assert (ROOT / "tools/install").read_text("utf-8").count("--require-hashes") == 4


# ---------------------------------------------------------------- secrets

SECRETS = re.compile(
    r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----\s+[\w+/=]{40}|\bAKIA[0-9A-Z]{16}\b|"
    r"\bgh[pousr]_[A-Za-z0-9]{36}|"
    r"\bglpat-[\w-]{20}|\bxox[baprs]-[\w-]{10,}|\bsk_(?:live|test)_\w{20,}|\bAIza[\w-]{35}|"
    r"\bnpm_[A-Za-z0-9]{36}|\bpypi-[\w-]{40,}|\beyJ[\w-]{20,}\.eyJ[\w-]{20,}\.[\w-]{20,}"
)
FOLDERS = ("portal", "templates", "static", "tests", "benchmarks", "tools", "docs", ".ci")


def files() -> Iterator[Path]:
    yield from (it for it in ROOT.iterdir() if it.is_file())
    for folder in FOLDERS:
        for it in (ROOT / folder).rglob("*"):
            if it.is_file() and not {"__pycache__", "node_modules"} & set(it.parts):
                yield it


def test_no_secret_lies_in_the_repository():
    found = [
        named(it)
        for it in files()
        if SECRETS.search(it.read_bytes().decode("utf-8", "replace"))
    ]
    assert found == []
    kept = {"secret-key", ".env", "id_rsa", "portal.db"}
    assert not [named(it) for it in files() if it.name in kept or it.suffix in {".pem", ".p12"}]


def test_git_leaves_out_what_an_installation_holds():
    ignored = (ROOT / ".gitignore").read_text("utf-8").splitlines()
    assert "/instance/*" in ignored
