"""What is written nowhere, because one slip of it would undo what everything else holds up."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TOP = Path(__file__).parents[2]

#: The one module through which markup becomes elements, see its head.
MARKUP = TOP / "static/live/markup.js"

SCRIPTS = sorted(it for it in (TOP / "static").rglob("*.js") if "vendor" not in it.parts)
MODULES = sorted(
    it
    for folder in ("portal", "tools", "benchmarks")
    for it in (TOP / folder).rglob("*.py")
    if "migrations" not in it.parts
)
TEMPLATES = sorted((TOP / "templates").rglob("*.*"))

#: By what it is: how it is written.
IN_SCRIPTS = {
    "markup from words": r"\b(inner|outer)HTML\s*\+?=[^=]|insertAdjacentHTML|document\.write"
    r"|\.parseFromString|createContextualFragment|setHTMLUnsafe|srcdoc|createPolicy",
    "code from words": r"\beval\s*\(|new Function|setTimeout\(\s*[\"'`]|setInterval\(\s*[\"'`]"
    r"|javascript:|\bimport\((?!\"[\w./]+\"\))",
    "a handler as an attribute": r"setAttribute\(\s*[\"']on|\.on(click|load|error|submit)\s*=",
    "another site": r"https?://|//cdn|postMessage\(|importScripts",
}
IN_MODULES = {
    "a template from words": r"render_template_string|jinja_env\.from_string|\.from_string\(",
    "a shell": r"shell\s*=\s*True|os\.system|os\.popen|commands\.get",
    "code or objects from words": r"\b(eval|exec)\(|pickle|marshal|shelve"
    r"|yaml\.(unsafe_)?load\(",
    "SQL put together from words": r"\b(sa|sqlalchemy)\.text\(|\.execute\(\s*f[\"']"
    r"|f[\"']\s*(SELECT|INSERT|UPDATE|DELETE|DROP|ALTER)\b",
    "a connection that believes anybody": r"verify\s*=\s*False|_create_unverified_context"
    r"|CERT_NONE|check_hostname\s*=\s*False",
    "a weak digest or cipher": r"\b(md5|sha1)\b|MODE_ECB|\bDES\b|ARC4",
}
IN_TEMPLATES = {
    "words that are not escaped": r"\|\s*safe\b|autoescape\s+false|Markup\(",
    "a handler or a style in the page": r"<[^>{]*\s(on[a-z]+|style)\s*=",
    "a script without a nonce": r"<script(?![^>]*nonce=\"\{\{ nonce\(\) \}\}\")",
    "a link that runs": r"(javascript|vbscript|data):",
    "another site's window": r"target=\"_blank\"(?![^>]*rel=\"[^\"]*noopener)",
}


def found(paths: list[Path], pattern: str) -> list[str]:
    return [
        f"{path.relative_to(TOP)}: {match[0]!r}"
        for path in paths
        for match in re.finditer(pattern, path.read_text("utf-8"))
    ]


@pytest.mark.parametrize("what", IN_SCRIPTS)
def test_no_script_has(what):
    scripts = [it for it in SCRIPTS if it != MARKUP] if "markup" in what else SCRIPTS
    assert found(scripts, IN_SCRIPTS[what]) == []


def test_markup_becomes_elements_by_one_policy():
    assert found([MARKUP], r"createPolicy\(\"(\w+)\"") == [
        "static/live/markup.js: 'createPolicy(\"portal\"'"
    ]
    assert found(SCRIPTS, "DOMParser") == ["static/live/markup.js: 'DOMParser'"]


@pytest.mark.parametrize("what", IN_MODULES)
def test_no_module_has(what):
    assert found(MODULES, IN_MODULES[what]) == []


@pytest.mark.parametrize("what", IN_TEMPLATES)
def test_no_template_has(what):
    assert found(TEMPLATES, IN_TEMPLATES[what]) == []


def test_what_is_looked_for_would_be_found():
    slips = {
        "it.innerHTML = x": IN_SCRIPTS["markup from words"],
        "setTimeout('x()', 1)": IN_SCRIPTS["code from words"],
        "import(words)": IN_SCRIPTS["code from words"],
        'import("./a" + words)': IN_SCRIPTS["code from words"],
        "subprocess.run(x, shell=True)": IN_MODULES["a shell"],
        'session.execute(f"SELECT {x}")': IN_MODULES["SQL put together from words"],
        "render_template_string(x)": IN_MODULES["a template from words"],
        "{{ x | safe }}": IN_TEMPLATES["words that are not escaped"],
        '<script src="/x.js">': IN_TEMPLATES["a script without a nonce"],
        '<p onclick="x()">': IN_TEMPLATES["a handler or a style in the page"],
    }
    for slip, pattern in slips.items():
        assert re.search(pattern, slip), slip
    assert SCRIPTS
    assert MODULES
    assert TEMPLATES
