"""The page-checking client finds what it is there to find."""

from __future__ import annotations

import pytest

from tests.page_rules import problems_of
from tests.pages import Page

FORM = (
    '<form method="post" action="/x/publish" data-move="post.publish">'
    '<input type="hidden" name="csrf_token" value="c">'
    '<input type="hidden" name="once" value="o">'
    '<input type="hidden" name="version" value="3">'
    '<label for="n">Note</label><textarea id="n" name="note">As it was</textarea>'
    '<label for="w">Who</label><select id="w" name="seen_by">'
    '<option value="partners">All</option>'
    '<option value="staff" selected>Staff</option></select>'
    '<fieldset><legend>Why</legend>'
    '<input type="radio" name="why" value="a" id="a"><label for="a">A</label>'
    '<input type="radio" name="why" value="b" id="b" checked><label for="b">B</label>'
    "</fieldset><button>Publish</button></form>"
)  # fmt: skip

GOOD = (
    '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
    "<title>Queue — EXERCISE Flood — BEOC Partner Portal</title></head>"
    f'<body><main id="main"><h1>Queue</h1>{FORM}'
    '<a href="#main">Up</a><img src="/x.svg" alt=""></main></body></html>'
)


def page(html):
    return Page("/x", 200, html, 0, None)


def test_a_page_without_a_fault_passes():
    page(GOOD).check()


@pytest.mark.parametrize(
    ("was", "becomes", "said"),
    [
        ("<h1>Queue</h1>", "<p>Queue</p>", "headings h1"),
        ("<h1>Queue</h1>", "<h1>Queue</h1><h1>Too</h1>", "headings h1"),
        ("<h1>Queue</h1>", "<h1> </h1>", "headings h1"),
        ("Queue — EXERCISE Flood — ", "", "title"),
        ("Queue — EXERCISE Flood — ", " — ", "title"),
        (' lang="en"', "", "language"),
        ("<!DOCTYPE html>", "", "expected-doctype"),
        ('id="a">', 'id="b">', "stands 2 times"),
        ("<h1>Queue</h1>", '<h1>Queue</h1><p id="two words">x</p>', "blanks"),
        ('<label for="n">Note</label>', "", "no label"),
        ('<label for="n">Note</label>', '<label for="n"></label>', "no label"),
        ('<label for="n">', '<label for="gone">', "not there"),
        ('id="n" name', 'id="n" aria-describedby="n-error" name', "not there"),
        ('href="#main"', 'href="#gone"', "not there"),
        (">Up</a>", "></a>", "no words"),
        ("<legend>Why</legend>", "", "no legend"),
        ('name="csrf_token" value="c"', 'name="other" value="c"', "0 csrf_token"),
        ('name="csrf_token" value="c"', 'name="csrf_token" value=""', "csrf_token"),
        ('name="once" value="o"', 'name="other" value="o"', "0 once"),
        ("<button>", '<input type="hidden" name="once" value="p"><button>', "2 once"),
        ('action="/x/publish"', 'action="/x/reject"', "posts to"),
        ('action="/x/publish"', 'action=""', "empty action"),
        ("<button>Publish</button>", "", "no button"),
        ("<button>", '<button type="button">', "no button"),
        ("<h1>", '<h1 style="color:red">', "style="),
        ("<h1>", '<h1 onclick="go()">', "onclick="),
        ("</head>", "<style>p{}</style></head>", "<style>"),
        ("</head>", "<script>go()</script></head>", "<script>"),
        ("</head>", '<script src="/x.js"></script></head>', "without a nonce"),
        ('href="#main"', 'href="javascript:go()"', "script for its href"),
        (' alt=""', "", "no words instead"),
        ("<h1>Queue</h1>", "<h1>Queue</h1><p><div>x</div></p>", "unexpected-end-tag"),
        ("<h1>Queue</h1>", '<h1 class="a" class="b">Queue</h1>', "duplicate-attribute"),
        ("</form>", "", "end-tag"),
    ],
)  # fmt: skip
def test_each_fault_is_found_and_named(was, becomes, said):
    assert was in GOOD
    with pytest.raises(AssertionError, match=said):
        page(GOOD.replace(was, becomes, 1)).check()


def test_signing_out_needs_no_key():
    bare = (
        '<form method="post" action="/sign-out">'
        '<input type="hidden" name="csrf_token" value="c"><button>Sign out</button></form>'
    )
    assert problems_of(page(GOOD.replace("</main>", f"</main>{bare}")).tree) == []


def test_a_form_is_read_as_a_browser_would_send_it():
    form = page(GOOD).form("post.publish")
    assert (form.move, form.method, form.action) == ("post.publish", "post", "/x/publish")
    assert form.filled == {
        "csrf_token": ["c"],
        "once": ["o"],
        "version": ["3"],
        "note": ["As it was"],
        "seen_by": ["staff"],
        "why": ["b"],
    }
    assert page(GOOD).moves == {"post.publish"}
    with pytest.raises(AssertionError, match="has no form for"):
        page(GOOD).form("post.reject")


@pytest.mark.one_backend
def test_a_client_never_runs_within_an_application_context(app, anonymous):
    """Flask would share `g` between its requests, and one person would be taken for another."""
    with app.app_context(), pytest.raises(AssertionError, match="application context"):
        anonymous.get("/sign-in")


@pytest.mark.one_backend
def test_statements_are_counted_for_each_request(client_for):
    client = client_for("alpha")
    counts = set()
    for _ in range(3):
        client.get("/incidents/")
        counts.add(client.queries)
    assert len(counts) == 1
    assert 0 < counts.pop() < 20
