import base64
import hashlib
import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOCK = json.loads((ROOT / "vendor/vendor.lock.json").read_text())
SPRITE = (ROOT / "static/ui/sprite.svg").read_text()
STYLES = (ROOT / "static/ui/portal.css").read_text()
PINS = json.loads((ROOT / "vendor/package.json").read_text())["devDependencies"]


@pytest.mark.parametrize("entry", LOCK, ids=lambda entry: entry["file"])
def test_a_copied_or_built_file_is_what_the_lock_says(entry):
    digest = hashlib.sha384((ROOT / entry["file"]).read_bytes()).digest()
    assert base64.b64encode(digest).decode() == entry["sha384"]
    assert entry["version"] == PINS.get(entry["package"])


def test_every_vendored_file_is_in_the_lock_with_a_licence():
    locked = {entry["file"] for entry in LOCK}
    shipped = (ROOT / "static/vendor").iterdir()
    assert {path.relative_to(ROOT).as_posix() for path in shipped} <= locked
    assert all(entry["licence"] for entry in LOCK)


def test_packages_are_pinned_exactly_with_digests_and_without_addresses():
    pinned = json.loads((ROOT / "vendor/package-lock.json").read_text())["packages"]
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in PINS.values())
    assert [name for name, entry in pinned.items() if "resolved" in entry] == []
    assert [name for name, entry in pinned.items() if name and "integrity" not in entry] == []


def test_the_style_sheets_fetch_nothing():
    sheets = [STYLES, *(path.read_text() for path in (ROOT / "static").glob("*/*.css"))]
    assert [re.findall(r"url\(|@import|@font-face|@charset", it) for it in sheets if it] == [
        [] for _ in sheets
    ]


def test_every_class_of_the_ground_templates_is_styled_or_a_hook():
    # Hooks for scripts; anything else without a rule is a slip of the pen.
    unstyled = {"age", "strip__word"}
    html = "".join(path.read_text() for path in (ROOT / "templates/ui").glob("*.html"))
    plain = re.findall(r'class="([^"{}]+)"', html + (ROOT / "templates/base.html").read_text())
    named = {name for group in plain for name in group.split()} - unstyled
    styles = STYLES + "".join(path.read_text() for path in (ROOT / "static").glob("*/*.css"))
    assert sorted(name for name in named if f".{name}" not in styles) == []


def test_no_two_signs_are_drawn_alike_but_those_that_share_a_meaning():
    drawn = dict(re.findall(r'<symbol id="i-(\w+)"[^>]*>(.*?)</symbol>', SPRITE))
    alike = {frozenset({"noreport", "still"})}  # nobody has said anything; nothing comes in
    pairs = {frozenset({a, b}) for a in drawn for b in drawn if a < b and drawn[a] == drawn[b]}
    assert pairs <= alike


def test_every_sign_that_a_template_names_is_in_the_sprite():
    there = set(re.findall(r'<symbol id="i-(\w+)"', SPRITE))
    pages = [path.read_text() for path in (ROOT / "templates").rglob("*.html")]
    tables = (ROOT / "templates/ui/status.html").read_text()
    named = {name for page in pages for name in re.findall(r'\bicon\("(\w+)"\)', page)}
    named |= set(re.findall(r'\("[^"]+", "(\w+)", "(?:go|warn|bad|move|none)"\)', tables))
    assert named
    assert sorted(named - there) == []
