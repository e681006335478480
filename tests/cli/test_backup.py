"""`portal backup`, `portal restore`: what was acknowledged, proved, whole or not at all."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import threading
import time
import zipfile
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import exc, select, update

from portal.app import create_app
from portal.cli.copies import bundle, taking
from portal.cli.copies.rows import count_rows
from portal.config import ROOT, Settings
from portal.core.errors import BusyError
from portal.feed.models import Post
from portal.feed.queries import Filters, list_feed
from portal.journal.models import Words
from portal.journal.queries import generation
from portal.journal.verify import verify
from tests.databases import Databases, opened
from tests.factories import make_post, publish
from tests.live.server import KEY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from portal.core.db import Database
    from tests.world import World

WRITERS = 50
PATIENCE_S = 120


def url_of(database: Database) -> str:
    return database.url.render_as_string(hide_password=False)


class Portal:
    """An installation, and its commands in processes of their own."""

    def __init__(self, url: str, folder: Path, key: str = KEY) -> None:
        self.url, self.folder, self.key = url, folder, key

    def start(self, *words: str, prefix: tuple[str, ...] = ()) -> subprocess.Popen[str]:
        theirs = {k: v for k, v in os.environ.items() if not k.startswith("PORTAL_")}
        ours = {
            "PORTAL_INSTANCE": str(self.folder / "instance"),
            "PORTAL_DATABASE_URL": self.url,
            "PORTAL_SECRET_KEY": self.key,
        }
        command = [sys.executable, "-c", "from portal.app import main; main()", *words]
        return subprocess.Popen(
            [*prefix, *command],
            cwd=ROOT,
            env=theirs | ours,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *words: str, code: int = 0) -> str:
        """Run a command in the test's own process, and return what it says."""
        settings = Settings(
            instance=self.folder, database_url=self.url, secret_key=self.key, base_url=""
        )
        app = create_app(settings)
        try:
            result = app.test_cli_runner().invoke(args=list(words))
        finally:
            app.extensions["database"].engine.dispose()
        assert result.exit_code == code, result.output
        return result.output

    def run_apart(self, *words: str, code: int = 0, prefix: tuple[str, ...] = ()) -> str:
        with self.start(*words, prefix=prefix) as running:
            said = running.communicate(timeout=PATIENCE_S)[0]
        assert running.returncode == code, said
        return said


@pytest.fixture
def portal(database: Database, tmp_path: Path) -> Portal:
    return Portal(url_of(database), tmp_path)


@pytest.fixture
def empty_url(databases: Databases) -> Iterator[str]:
    """Lend the address of a database that has not even tables."""
    url = databases.shelf.create()
    yield url
    databases.shelf.discard(url)


def busy_while(world: World, database: Database, act: Callable[[], Any]) -> set[str]:
    """Do something while fifty people report; return what was acknowledged before it began."""
    acknowledged: list[str] = []
    alpha = world.actor("alpha")
    is_over = threading.Event()

    def write() -> None:
        while not is_over.is_set():
            with database.sessions() as session:
                try:
                    acknowledged.append(make_post(session, alpha).reference)
                except (BusyError, exc.TimeoutError):
                    continue  # the portal answers 503: nothing was acknowledged

    threads = [threading.Thread(target=write) for _ in range(WRITERS)]
    for thread in threads:
        thread.start()
    try:
        while len(acknowledged) < WRITERS:
            time.sleep(0.01)
        before = set(acknowledged)
        act()
    finally:
        is_over.set()
        for thread in threads:
            thread.join(PATIENCE_S)
    assert len(acknowledged) > len(before), "nobody wrote meanwhile"
    return before


@pytest.mark.sampled(2)
def test_a_copy_made_under_fifty_writers_holds_all_that_was_acknowledged_before(
    portal: Portal, database: Database, world: World, tmp_path: Path, empty_url: str
):
    file = tmp_path / "night.portal"
    before = busy_while(world, database, lambda: portal.run_apart("backup", str(file)))
    other = Portal(empty_url, tmp_path)
    assert "intact" in other.run("restore", str(file))
    with opened(empty_url) as restored, restored.sessions() as session:
        assert before <= set(session.scalars(select(Post.reference)))
        assert verify(session, bundle.read_manifest(file).kept_heads) == []
    assert "intact" in other.run("verify")


def test_every_row_comes_back_and_goes_on_from_there(
    portal: Portal,
    database: Database,
    world: World,
    tmp_path: Path,
    empty_url: str,
):
    session = world.session
    first = publish(session, world.actor("moderator"), make_post(session, world.actor("alpha")))
    portal.run("backup", str(tmp_path / "copy"))
    Portal(empty_url, tmp_path).run("restore", str(tmp_path / "copy"))
    with opened(empty_url) as restored:
        with database.engine.connect() as one, restored.engine.connect() as other:
            assert count_rows(one) == count_rows(other)
        with restored.sessions() as there:
            assert generation(there) != generation(session), "open pages load again"
            words = Filters(words="power")
            found = list_feed(there, world.incident.id, world.actor("bravo"), words)
            assert [it.reference for it in found.posts] == [first.reference]
            again = make_post(there, world.actor("alpha"))
            assert again.id == first.id + 1
            assert verify(there) == []


@pytest.mark.one_backend
def test_what_was_sqlite_becomes_postgresql_and_the_other_way_round(
    portal: Portal,
    world: World,
    tmp_path: Path,
    request: pytest.FixtureRequest,
):
    session = world.session
    publish(session, world.actor("moderator"), make_post(session, world.actor("alpha")))
    portal.run("backup", str(tmp_path / "first"))
    counted = []
    for number, kind in enumerate(("postgres", "sqlite")):
        shelf = request.getfixturevalue(f"_databases_of_{kind}").shelf
        url = shelf.create()
        there = Portal(url, tmp_path)
        there.run("restore", str(tmp_path / ("first", "second")[number]))
        there.run("backup", str(tmp_path / ("second", "third")[number]))
        counted.append(bundle.read_manifest(tmp_path / ("second", "third")[number]))
        shelf.discard(url)
    first = bundle.read_manifest(tmp_path / "first")
    assert [it.rows for it in counted] == [first.rows] * 2
    assert [it.heads for it in counted] == [first.heads] * 2
    assert len({first.generation, *(it.generation for it in counted)}) == 3


def test_a_portal_that_is_there_is_replaced_only_when_told(
    portal: Portal, database: Database, world: World, tmp_path: Path
):
    session = world.session
    kept = make_post(session, world.actor("alpha")).reference
    portal.run("backup", str(tmp_path / "copy"))
    lost = make_post(session, world.actor("alpha")).reference
    said = portal.run("restore", str(tmp_path / "copy"), code=1)
    assert "--replace" in said
    life = generation(session)
    session.rollback()
    portal.run("restore", str(tmp_path / "copy"), "--replace")
    with database.sessions() as there:
        assert set(there.scalars(select(Post.reference))) == {kept}, f"{lost} came later"
        assert generation(there) != life
        assert verify(there) == []


@pytest.mark.one_backend
def test_a_copy_is_for_the_own_account_and_takes_no_other_files_place(
    portal: Portal, world: World, tmp_path: Path
):
    make_post(world.session, world.actor("alpha"))
    file = tmp_path / "copy"
    portal.run("backup", str(file))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    held = file.read_bytes()
    assert "there already" in portal.run("backup", str(file), code=1)
    assert file.read_bytes() == held
    with zipfile.ZipFile(file) as opened_file:
        assert KEY.encode() not in opened_file.read(bundle.DATABASE)
        assert KEY not in opened_file.read(bundle.MANIFEST).decode()


@pytest.mark.one_backend
def test_another_secret_key_is_told(
    portal: Portal, world: World, tmp_path: Path, empty_url: str
):
    make_post(world.session, world.actor("alpha"))
    portal.run("backup", str(tmp_path / "copy"))
    other = Portal(empty_url, tmp_path, key=KEY[::-1])
    assert "secret key is another" in other.run("restore", str(tmp_path / "copy"))


# ---------------------------------------------------------------- what goes wrong


def test_what_was_altered_before_is_no_backup(
    portal: Portal, database: Database, world: World, tmp_path: Path
):
    make_post(world.session, world.actor("alpha"))
    with database.engine.begin() as connection:
        connection.execute(update(Words).where(Words.seq == 1).values(data="{}"))
    said = portal.run("backup", str(tmp_path / "copy"), code=1)
    assert "not intact" in said
    assert not (tmp_path / "copy").exists()


def rewritten(file: Path, **parts: bytes) -> Path:
    """Return a copy of a backup with other parts in it."""
    target = file.with_suffix(".bent")
    with zipfile.ZipFile(file) as was, zipfile.ZipFile(target, "w") as bent:
        for name in was.namelist():
            bent.writestr(name, parts.get(name.partition(".")[0], was.read(name)))
    return target


def cut_short(file: Path) -> Path:
    target = file.with_suffix(".bent")
    target.write_bytes(file.read_bytes()[:-100])
    return target


def with_a_flipped_bit(file: Path) -> Path:
    held = bytearray(file.read_bytes())
    held[len(held) // 2] ^= 1
    target = file.with_suffix(".bent")
    target.write_bytes(bytes(held))
    return target


def manifest_of(file: Path, **changes: Any) -> bytes:
    with zipfile.ZipFile(file) as was:
        return json.dumps(json.loads(was.read(bundle.MANIFEST)) | changes).encode()


def with_manifest(**changes: Any) -> Callable[[Path], Path]:
    def bend(file: Path) -> Path:
        return rewritten(file, manifest=manifest_of(file, **changes))

    return bend


def with_an_entry_cut_off(file: Path) -> Path:
    """Somebody knows the format, takes the last entry away and makes everything fit."""
    copy = file.with_suffix(".db")
    bundle.extract(file, bundle.read_manifest(file), copy, lambda _: None)
    with closing(sqlite3.connect(copy)) as connection:
        connection.execute(
            "DELETE FROM entry WHERE incident_id = 1 AND "
            "seq = (SELECT max(seq) FROM entry WHERE incident_id = 1)"
        )
        connection.commit()
    changes = {"size": copy.stat().st_size, "sha256": bundle.digest_of(copy)}
    manifest = manifest_of(file, **changes)
    return rewritten(file, database=copy.read_bytes(), manifest=manifest)


@pytest.mark.one_backend
@pytest.mark.parametrize(
    ("bend", "words"),
    [
        (cut_short, "damaged"),
        (with_a_flipped_bit, "cannot be relied on"),
        (with_manifest(format=99), "format 99"),
        (with_manifest(revision="9999"), "newer portal"),
        (with_manifest(size=10), "not the one that was put in"),
        (with_manifest(more="words"), "manifest cannot be read"),
        (with_an_entry_cut_off, "not intact"),
        (lambda file: rewritten(file, database=b"SQLite format 3"), "not the one"),
    ],
)
def test_what_is_not_as_it_was_written_is_refused_and_nothing_touched(
    portal: Portal, world: World, tmp_path: Path, bend: Callable[[Path], Path], words: str
):
    make_post(world.session, world.actor("alpha"))
    portal.run("backup", str(tmp_path / "copy"))
    bent = bend(tmp_path / "copy")
    later = make_post(world.session, world.actor("alpha")).reference
    life = generation(world.session)
    assert words in portal.run("restore", str(bent), "--replace", code=1)
    world.session.rollback()
    assert generation(world.session) == life
    assert later in set(world.session.scalars(select(Post.reference)))


@pytest.mark.one_backend
def test_a_full_disk_leaves_no_file(portal: Portal, world: World, tmp_path: Path):
    make_post(world.session, world.actor("alpha"))
    small = tmp_path / "small"
    small.mkdir()
    script = 'mount -t tmpfs -o size=300k tmpfs "$0" && "$@"; code=$?; ls -A "$0"; exit $code'
    prefix = ("unshare", "-rm", "sh", "-c", script, str(small))
    if not shutil.which("unshare") or subprocess.run([*prefix, "true"], check=False).returncode:
        pytest.skip("nothing can be mounted here")
    said = portal.run_apart("backup", str(small / "copy"), code=1, prefix=prefix)
    assert "is full" in said
    assert said.splitlines()[-1].startswith("Error"), "the folder is empty afterwards"


@pytest.mark.one_backend
def test_a_killed_backup_has_no_name(portal: Portal, world: World, tmp_path: Path):
    make_post(world.session, world.actor("alpha"))
    file = tmp_path / "copy"
    with portal.start("backup", str(file)) as running:
        deadline = time.monotonic() + PATIENCE_S
        while not any(it.name.startswith(".portal-") for it in tmp_path.iterdir()):
            assert time.monotonic() < deadline
            time.sleep(0.001)
        running.kill()
    assert not file.exists()


@pytest.mark.one_backend
def test_what_a_law_destroyed_is_not_in_the_copys_leavings(
    portal: Portal, database: Database, world: World, tmp_path: Path
):
    post = make_post(world.session, world.actor("alpha"), words="Unrepeatable-secret-words")
    world.session.rollback()
    with database.engine.begin() as connection:
        connection.execute(update(Post).where(Post.id == post.id).values(words="Gone."))
        connection.execute(Words.__table__.delete())
    copy = tmp_path / "copy.db"
    taking.take(database, copy, lambda _: None)
    assert b"Unrepeatable" not in copy.read_bytes()
    del portal
