"""A backup as one file: a ZIP with the database as SQLite and a manifest that vouches for it.

The database of the portal holds everything, pictures and files too. The copy is SQLite whatever
it was taken from, so that any machine with the portal can look into it and prove its chain, and
what was taken from SQLite can be put into PostgreSQL.
"""

import hashlib
import hmac
import json
import os
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

#: Which files this portal can read.
FORMAT = 1

MANIFEST, DATABASE = "manifest.json", "database.sqlite"

_CHUNK = 1 << 20
#: No manifest is as large as this, in bytes.
_LARGEST_MANIFEST = 1 << 20

#: Hears how many bytes were dealt with.
Told = Callable[[int], object]


class NoBackupError(Exception):
    """A file is no backup, or not as it was written; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a backup says of itself.

    made_at    : when the copy was asked for, RFC 3339 in UTC; all that was acknowledged before
                 is in it.
    revision   : of the schema.
    generation : the life of the database it was taken from.
    key_mark   : tells two secret keys apart, and neither of them.
    entries    : how many the journal holds.
    heads      : the end of each stream, {incident: [seq, hash]}.
    rows       : how many each table holds.
    size       : of the database in it, in bytes.
    sha256     : of the same.
    """

    made_at: str
    revision: str
    generation: str
    key_mark: str
    entries: int
    heads: dict[str, list[Any]]
    rows: dict[str, int]
    size: int
    sha256: str
    format: int = FORMAT

    @property
    def kept_heads(self) -> dict[int, tuple[int, str]]:
        """Return the heads as `verify` takes those that were kept elsewhere.

        A stream in which nothing happened yet has none.
        """
        return {int(stream): (seq, link) for stream, (seq, link) in self.heads.items() if seq}

    def has_key(self, secret_key: str) -> bool:
        """Return whether the installation that it was taken from has this secret key."""
        return hmac.compare_digest(self.key_mark, key_mark(secret_key))


def key_mark(secret_key: str) -> str:
    """Return by what is seen whether two installations have the same secret key."""
    return hmac.new(secret_key.encode(), b"backup", "sha256").hexdigest()[:16]


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write(target: Path, database: Path, manifest: Manifest, told: Told) -> None:
    """Write the file under a name of its own, for this account's eyes, and read it again.

    It is on the disk when this returns. Raises NoBackupError when the disk gives back otherwise
    than was written.
    """
    with _private(target) as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as bundle:
            bundle.writestr(MANIFEST, json.dumps(asdict(manifest), indent=2, sort_keys=True))
            # Its size is known, but not that it stays below four gigabytes.
            with (
                database.open("rb") as source,
                bundle.open(DATABASE, "w", force_zip64=True) as part,
            ):
                for chunk in _chunks(source):
                    part.write(chunk)
                    told(len(chunk))
        file.flush()
        os.fsync(file.fileno())
    with _opened(target) as bundle, bundle.open(DATABASE) as part:
        _read_through(part, manifest, lambda _chunk: None)


def keep_name(path: Path) -> None:
    """See to it that a file's name, too, is on the disk."""
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def read_manifest(path: Path) -> Manifest:
    """Return what a backup says of itself; raises NoBackupError for anything else."""
    with _opened(path) as bundle:
        if sorted(bundle.namelist()) != sorted((MANIFEST, DATABASE)):
            raise NoBackupError("it is no backup of the portal")
        if bundle.getinfo(MANIFEST).file_size > _LARGEST_MANIFEST:
            raise NoBackupError("its manifest is too long")
        try:
            told = json.loads(bundle.read(MANIFEST))
            found = told["format"]
            manifest = Manifest(**told) if found == FORMAT else None
        except (ValueError, KeyError, TypeError) as error:
            raise NoBackupError("its manifest cannot be read") from error
    if manifest is None:
        raise NoBackupError(f"it has format {found}; this portal reads format {FORMAT}")
    return manifest


def extract(path: Path, manifest: Manifest, target: Path, told: Told) -> None:
    """Take the database out of a backup; raises NoBackupError if it is not what was put in."""
    with _opened(path) as bundle, bundle.open(DATABASE) as part, _private(target) as file:

        def keep(chunk: bytes) -> None:
            file.write(chunk)
            told(len(chunk))

        _read_through(part, manifest, keep)


def _read_through(part: IO[bytes], manifest: Manifest, keep: Callable[[bytes], None]) -> None:
    """Read the database of a backup; never more of it than the manifest says."""
    digest, size = hashlib.sha256(), 0
    for chunk in _chunks(part):
        size += len(chunk)
        if size > manifest.size:
            break
        digest.update(chunk)
        keep(chunk)
    if (size, digest.hexdigest()) != (manifest.size, manifest.sha256):
        raise NoBackupError("its database is not the one that was put in")


def _chunks(source: IO[bytes]) -> Iterator[bytes]:
    while chunk := source.read(_CHUNK):
        yield chunk


@contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(path) as bundle:
            yield bundle
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError) as error:
        # The last two: another way of packing, a password.
        raise NoBackupError("it is damaged, or no backup of the portal") from error


@contextmanager
def _private(path: Path) -> Iterator[IO[bytes]]:
    """Make a file that nobody else can read, not even for an instant."""
    number = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(number, "w+b") as file:
        yield file
