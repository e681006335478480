"""Settings: read once from the environment and the instance folder. Nothing else reads them."""

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

#: The folder that holds wsgi.py, templates/, static/ and, unless told otherwise, instance/.
ROOT = Path(__file__).resolve().parent.parent


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
    """

    instance: Path
    database_url: str
    secret_key: str = field(repr=False)
    base_url: str = ""
    is_demo: bool = False
    smtp_url: str = field(default="", repr=False)
    mail_from: str = "portal@localhost"
    redis_url: str = field(default="", repr=False)

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
    )


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
