"""Settings: read once from the environment and the instance folder. Nothing else reads them."""

import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from click import ClickException
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

#: The folder that holds wsgi.py, templates/, static/ and, unless told otherwise, instance/.
ROOT = Path(__file__).resolve().parent.parent

#: Hosts that are this machine itself.
LOOPBACK = {"localhost", "127.0.0.1", "::1"}

#: A provider's setting in the environment: PORTAL_OIDC_<NAME>_<SETTING>.
_PROVIDER = re.compile(
    r"PORTAL_OIDC_([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*?)_"
    "(ISSUER|CLIENT_ID|CLIENT_SECRET|PRIVATE_KEY|KEY_ID|LABEL|ACR_VALUES|SCOPE)"
)

#: Longest name, label and issuer of a provider, in characters.
_LONGEST_NAME, _LONGEST_LABEL, _LONGEST_ISSUER = 40, 60, 300

#: Shortest RSA key with which the portal signs, in bits.
_SHORTEST_RSA = 2048


class SettingsError(ClickException):
    """A setting is wrong; the message names it and says what it should be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """An OpenID provider by which people may sign in. Source: OpenID Connect Core 1.0.

    name          : as in the environment, in lower case with hyphens; stands in paths.
    issuer        : its URL, exactly as its discovery document says it.
    client_id     : by what the provider knows the portal.
    label         : what people call it.
    client_secret : for `client_secret_basic`; "" where a key is used.
    private_key   : in PEM form, RSA or P-256, for `private_key_jwt`; "" where a secret is used.
    key_id        : by what the provider knows the key; "" for nothing.
    acr_values    : one of these must be what a sign-in there is worth; () asks for none.
    scope         : what is asked for; the portal needs `openid` alone.
    """

    name: str
    issuer: str
    client_id: str
    label: str
    client_secret: str = field(default="", repr=False)
    private_key: str = field(default="", repr=False)
    key_id: str = ""
    acr_values: tuple[str, ...] = ()
    scope: str = "openid email"

    @property
    def is_enough(self) -> bool:
        """True where a sign-in there shows several factors, so that none is asked for here."""
        return bool(self.acr_values)

    @property
    def is_loopback(self) -> bool:
        """True on this machine itself, where http is as good as https."""
        return urlsplit(self.issuer).hostname in LOOPBACK


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How this installation runs.

    instance     : folder of the secret key, the SQLite database and the State's own code lists.
    database_url : SQLAlchemy URL; SQLite in the instance folder unless given.
    base_url     : such as https://portal.example.gov, once there is one; "" on a lone machine.
    is_demo      : whether the demo's people may sign in (over loopback only).
    smtp_url     : the mail server, see `portal.notify.smtp`; "" sends nothing.
    mail_from    : whom e-mails come from, such as "BEOC <portal@example.gov>".
    redis_url    : what carries jobs, see `portal.notify.jobs`; "" uses a file.
    providers    : the OpenID providers by which people may sign in, by name.
    clamd_url    : the virus scanner, see `portal.core.scanner`; "" scans nothing.
    proxies      : how many proxies of our own stand in front, each of which adds to
                   X-Forwarded-For whom it heard; 0 believes nobody.
    metrics_token : who shows it reads /metrics; "" lets this machine itself.
    log_form     : of each line of the log: `text`, or `json`.
    """

    instance: Path
    database_url: str
    secret_key: str = field(repr=False)
    base_url: str = ""
    is_demo: bool = False
    smtp_url: str = field(default="", repr=False)
    mail_from: str = "portal@localhost"
    redis_url: str = field(default="", repr=False)
    providers: tuple[Provider, ...] = ()
    clamd_url: str = ""
    proxies: int = 0
    metrics_token: str = field(default="", repr=False)
    log_form: str = "text"

    @property
    def is_https(self) -> bool:
        """True behind TLS: cookies are then bound to it."""
        return self.base_url.startswith("https://")


def read_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings; makes the instance folder and the secret key on first use."""
    environ = os.environ if environ is None else environ
    instance = Path(environ.get("PORTAL_INSTANCE") or ROOT / "instance").resolve()
    # For its own eyes only where it is made here: a folder that is there may be shared.
    instance.mkdir(mode=0o700, parents=True, exist_ok=True)
    base_url = environ.get("PORTAL_BASE_URL", "").rstrip("/")
    host = urlsplit(base_url).hostname or "localhost"
    return Settings(
        instance=instance,
        database_url=environ.get("PORTAL_DATABASE_URL") or f"sqlite:///{instance}/portal.db",
        secret_key=environ.get("PORTAL_SECRET_KEY") or _kept_key(instance / "secret-key"),
        base_url=base_url,
        is_demo=environ.get("PORTAL_DEMO") == "1",
        smtp_url=environ.get("PORTAL_SMTP_URL", ""),
        mail_from=environ.get("PORTAL_MAIL_FROM") or f"portal@{host}",
        redis_url=environ.get("PORTAL_REDIS_URL", ""),
        providers=_read_providers(environ),
        clamd_url=environ.get("PORTAL_CLAMD_URL", ""),
        proxies=int(_one_of(environ, "PORTAL_PROXIES", ("0", "1", "2", "3"))),
        metrics_token=environ.get("PORTAL_METRICS_TOKEN", ""),
        log_form=_one_of(environ, "PORTAL_LOG", ("text", "json")),
    )


def _one_of(environ: Mapping[str, str], variable: str, allowed: tuple[str, ...]) -> str:
    """Return a setting that is one of a few words; the first unless given."""
    value = environ.get(variable) or allowed[0]
    if value not in allowed:
        raise SettingsError(f"{variable} must be one of {', '.join(allowed)}.")
    return value


def _kept_key(path: Path) -> str:
    """Return the key kept in the file; make it, for this user's eyes only, if there is none.

    It is written aside and linked into place, so that no other process reads half a key.
    """
    if not path.exists():
        aside = path.with_name(f"{path.name}.{os.getpid()}")
        aside.touch(0o600)
        aside.write_text(secrets.token_urlsafe(48))
        try:
            path.hardlink_to(aside)
        except FileExistsError:
            pass  # another process was first; its key counts
        finally:
            aside.unlink()
    return path.read_text().strip()


def _read_providers(environ: Mapping[str, str]) -> tuple[Provider, ...]:
    """Return the providers of the environment, by name."""
    found: dict[str, dict[str, str]] = {}
    for variable, value in environ.items():
        if not variable.startswith("PORTAL_OIDC_"):
            continue
        parts = _PROVIDER.fullmatch(variable)
        if parts is None:
            raise SettingsError(f"{variable} is no setting of a provider; see the README.")
        found.setdefault(parts[1], {})[parts[2]] = value.strip()
    return tuple(_provider(name, found[name]) for name in sorted(found))


def _provider(name: str, given: Mapping[str, str]) -> Provider:
    """Return one provider; raises SettingsError for what cannot work."""
    prefix = f"PORTAL_OIDC_{name}_"
    for setting in ("ISSUER", "CLIENT_ID"):
        if not given.get(setting):
            raise SettingsError(f"{prefix}{setting} is missing.")
    if bool(given.get("CLIENT_SECRET")) is bool(given.get("PRIVATE_KEY")):
        raise SettingsError(f"Set one of {prefix}CLIENT_SECRET and {prefix}PRIVATE_KEY.")
    issuer = given["ISSUER"]
    provider = Provider(
        name=name.lower().replace("_", "-"),
        issuer=issuer,
        client_id=given["CLIENT_ID"],
        label=given.get("LABEL") or urlsplit(issuer).hostname or name,
        client_secret=given.get("CLIENT_SECRET", ""),
        private_key=_pem(f"{prefix}PRIVATE_KEY", given.get("PRIVATE_KEY", "")),
        key_id=given.get("KEY_ID", ""),
        acr_values=tuple(given.get("ACR_VALUES", "").split()),
        scope=given.get("SCOPE") or "openid email",
    )
    _check_provider(provider, prefix)
    return provider


def _check_provider(provider: Provider, prefix: str) -> None:
    url = urlsplit(provider.issuer)
    is_safe = url.scheme == "https" or (url.scheme == "http" and provider.is_loopback)
    if not is_safe or not url.hostname or url.query or url.fragment or url.username:
        raise SettingsError(f"{prefix}ISSUER must be an https:// address without ? and #.")
    if len(provider.issuer) > _LONGEST_ISSUER:
        raise SettingsError(f"{prefix}ISSUER is longer than {_LONGEST_ISSUER} characters.")
    if len(provider.name) > _LONGEST_NAME:
        raise SettingsError(f"The name in {prefix}… is longer than {_LONGEST_NAME} characters.")
    if len(provider.label) > _LONGEST_LABEL:
        raise SettingsError(f"{prefix}LABEL is longer than {_LONGEST_LABEL} characters.")
    if "openid" not in provider.scope.split():
        raise SettingsError(f"{prefix}SCOPE must have the word openid in it.")


def _pem(variable: str, path: str) -> str:
    """Return the private key of a file, in PEM form; "" where none is named."""
    if not path:
        return ""
    try:
        pem = Path(path).read_bytes()
        key = load_pem_private_key(pem, password=None)
    except (OSError, TypeError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "it holds no plain PEM key"
        raise SettingsError(f"{variable}: {path} cannot be used: {why}.") from error
    is_rsa = isinstance(key, RSAPrivateKey) and key.key_size >= _SHORTEST_RSA
    is_ec = isinstance(key, EllipticCurvePrivateKey) and isinstance(key.curve, SECP256R1)
    if not is_rsa and not is_ec:
        raise SettingsError(
            f"{variable} must be RSA of {_SHORTEST_RSA} bits or more, or P-256."
        )
    return pem.decode()
