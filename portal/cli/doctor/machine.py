"""Checks of what stands around the database: folder, key, disk, address, mail, Redis."""

import shutil
import smtplib
import ssl
import tempfile
from contextlib import closing

from portal.accounts.id_tokens import ProviderError
from portal.accounts.openid import Client
from portal.cli.doctor.finding import Finding, Patient, ok, warn, wrong
from portal.notify.jobs import make_jobs, why_not
from portal.notify.smtp import MailServer

#: What a folder or file of the instance lets anybody but its owner do.
_OTHERS = 0o077

#: Shortest secret key, in characters: 32 bytes of chance need 43.
SHORTEST_KEY = 32

#: Free space on the instance's disk, in bytes, below which it is wrong, or to be looked at.
TOO_LITTLE, LITTLE = 1_000_000_000, 5_000_000_000

#: How long the mail server may say nothing, in seconds.
PATIENCE_S = 3.0


def instance_folder(patient: Patient) -> Finding:
    """Look whether the folder is there, can be written to, and is nobody else's to read."""
    folder = patient.settings.instance
    if not folder.is_dir():
        return wrong(f"{folder} is not there. Set PORTAL_INSTANCE to a folder of its own.")
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        return wrong(f"{folder} cannot be written to: {error.strerror}. Give it to this user.")
    if folder.stat().st_mode & _OTHERS:
        return wrong(f"{folder} can be read by others: chmod 700 {folder}")
    return ok(f"{folder} is this user's alone")


def secret_key(patient: Patient) -> Finding:
    """Look whether the key is long, and its file nobody else's to read."""
    key, path = patient.settings.secret_key, patient.settings.instance / "secret-key"
    if len(key) < SHORTEST_KEY:
        return wrong(
            f"shorter than {SHORTEST_KEY} characters: let the portal make one, "
            "without PORTAL_SECRET_KEY and without the file secret-key"
        )
    if path.is_file() and path.stat().st_mode & _OTHERS:
        return wrong(f"{path} can be read by others: chmod 600 {path}")
    return ok("long enough, and this user's alone")


def disk_space(patient: Patient) -> Finding:
    """Look how much space the instance's disk has left."""
    folder = patient.settings.instance
    if not folder.is_dir():
        return wrong(f"{folder} is not there")
    free = shutil.disk_usage(folder).free
    words = f"{free / 1e9:,.1f} GB free"
    if free < TOO_LITTLE:
        return wrong(f"{words}: writes will soon fail. Make room on the disk of {folder}.")
    return warn(f"{words}: make room soon") if free < LITTLE else ok(words)


def base_url(patient: Patient) -> Finding:
    """Look whether what other machines reach is behind TLS."""
    url = patient.settings.base_url
    if patient.is_lone:
        return ok(f"{url or 'none'}: only this machine is served")
    if not patient.settings.is_https:
        return wrong(f"{url} is not https: passwords would cross the network in clear")
    return ok(url)


def mail_server(patient: Patient) -> Finding:
    """Look whether the mail server answers."""
    url = patient.settings.smtp_url
    if not url:
        return warn("none is set, no e-mail is sent: set PORTAL_SMTP_URL")
    try:
        server = MailServer.read(url, "localhost")
    except ValueError as error:
        return wrong(str(error))
    try:
        with closing(_connected(server)) as smtp:
            smtp.noop()
    except (OSError, smtplib.SMTPException) as error:
        where = f"{server.host}:{server.port}"
        return wrong(f"{where} does not answer ({error}): e-mails wait until it does")
    return ok(f"{server.host}:{server.port} answers")


def providers(patient: Patient) -> Finding:
    """Look whether every OpenID provider answers, and calls itself as it is set up here."""
    silent = []
    for provider in patient.settings.providers:
        try:
            Client(provider).metadata()
        except ProviderError as error:
            silent.append(f"{provider.label}: {error}")
    if silent:
        return wrong(f"{'; '.join(silent)}: look at PORTAL_OIDC_…_ISSUER")
    labels = ", ".join(it.label for it in patient.settings.providers)
    return ok(f"in order: {labels}" if labels else "no provider is set up")


def _connected(server: MailServer) -> smtplib.SMTP:
    if not server.is_tls_first:
        return smtplib.SMTP(server.host, server.port, timeout=PATIENCE_S)
    context = ssl.create_default_context()
    return smtplib.SMTP_SSL(server.host, server.port, timeout=PATIENCE_S, context=context)


def redis(patient: Patient) -> Finding:
    """Look whether Redis answers, where it is to carry the jobs."""
    if not patient.settings.redis_url:
        return ok("not set: a file of the instance folder carries what is to be sent")
    try:
        jobs = make_jobs(patient.settings)
    except ValueError as error:
        return wrong(f"PORTAL_REDIS_URL is no address of a Redis: {error}")
    why = why_not(jobs)
    return (
        wrong(f"does not answer ({why}): e-mails wait until it does") if why else ok("answers")
    )
