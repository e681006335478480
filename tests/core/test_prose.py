"""What the SEOC publishes: a narrow Markdown, safe whatever is typed; heading and body."""

from __future__ import annotations

import time

import html5lib
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from portal.core.web.prose import LONGEST_HEADLINE, REL, body, headline, prose

ALLOWED = {
    **{tag: set() for tag in ("p", "br", "strong", "em", "ul", "li")},
    "ol": {"start"},
    "a": {"href", "rel"},
}


def elements(html):
    """Return what a browser makes of the HTML, which must be well-formed."""
    parser = html5lib.HTMLParser(namespaceHTMLElements=False)
    tree = parser.parseFragment(str(html), container="div")
    assert {error for _, error, _ in parser.errors} <= {"invalid-codepoint"}, html
    return [it for it in tree.iter() if it.tag != "DOCUMENT_FRAGMENT"]


def assert_safe(html):
    for element in elements(html):
        assert element.tag in ALLOWED, html
        assert set(element.attrib) <= ALLOWED[element.tag], html
        if element.tag == "a":
            assert element.attrib["href"].startswith(("http://", "https://")), html
            assert element.attrib["rel"] == REL
        if "start" in element.attrib:
            assert element.attrib["start"].isdecimal()


def flat(text):
    return prose(text).replace("\n", "").replace(f' rel="{REL}"', "")


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("", ""),
        ("one\ntwo\r\n\r\nthree", "<p>one<br>two</p><p>three</p>"),
        (
            "**bold** and *italic* or _so_",
            "<p><strong>bold</strong> and <em>italic</em> or <em>so</em></p>",
        ),
        ("- ice\n- water", "<ul><li>ice</li><li>water</li></ul>"),
        ("3. ice\n4. water", '<ol start="3"><li>ice</li><li>water</li></ol>'),
        ("- ice\n  - dry", "<ul><li>ice<ul><li>dry</li></ul></li></ul>"),
        ("2*3 and 4*5 pallets, MO_37_N", "<p>2*3 and 4*5 pallets, MO_37_N</p>"),
        (r"\*as typed\*", "<p>*as typed*</p>"),
        ("see https://sema.example/", "<p>see https://sema.example/</p>"),
        ("# no\n---\n> heading", "<p># no<br>---<br>&gt; heading</p>"),
        ("`no`\n\n    code\n```", "<p>`no`</p><p>code<br>```</p>"),
        ("| no |\n|--|\n| table |", "<p>| no |<br>|--|<br>| table |</p>"),
        ("<b>no</b> &lt;html&gt;", "<p>&lt;b&gt;no&lt;/b&gt; &amp;lt;html&amp;gt;</p>"),
    ],
)
def test_the_narrow_markdown(text, html):
    assert isinstance(prose(text), Markup)
    assert flat(text) == html


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("[map](https://x.example/m)", '<a href="https://x.example/m">map</a> (x.example)'),
        ('[map](http://x.example "t")', '<a href="http://x.example">map</a> (x.example)'),
        ("[x.example](http://x.example)", '<a href="http://x.example">x.example</a>'),
        ("[http://X.example/a](http://x.example/a)", None),
        ("[](http://x.example)", '<a href="http://x.example">x.example</a>'),
        (
            "[good.example](http://example)",
            '<a href="http://example">good.example</a> (example)',
        ),
        (
            "[good.example](http://evil.example/good.example)",
            '<a href="http://evil.example/good.example">good.example</a> (evil.example)',
        ),
        ("![map](http://x.example/m)", '!<a href="http://x.example/m">map</a> (x.example)'),
    ],
)
def test_a_link_shows_where_it_leads(text, html):
    html = html or '<a href="http://x.example/a">http://X.example/a</a>'
    assert flat(text) == f"<p>{html}</p>"
    assert f'rel="{REL}"' in prose(text)


ATTACKS = [
    "<script>alert(1)</script>",
    "<ScRiPt\n>alert(1)</script >",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "<svg><script href=data:,alert(1) />",
    "<math><mi xlink:href='javascript:alert(1)'>x</mi></math>",
    "<iframe srcdoc='<script>alert(1)</script>'>",
    "<a href='javascript:alert(1)'>x</a>",
    "<!--><script>alert(1)</script-->",
    "<![CDATA[<script>alert(1)</script>]]>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<style>@import 'javascript:alert(1)'</style>",
    "<p style='background:url(javascript:alert(1))'>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&#60;script&#62;alert(1)&#60;/script&#62;",
    "＜script＞alert(1)＜/script＞",  # noqa: RUF001 - full-width brackets are the attack
    "<scr\u0000ipt>alert(1)</scr\u200bipt>",
    "<<script>script>alert(1)<</script>/script>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](java\tscript:alert(1))",
    "[x](java&#10;script:alert(1))",
    "[x](&#106;avascript:alert(1))",
    "[x](javascript&colon;alert(1))",
    "[x](javascript%3Aalert(1))",
    "[x]( javascript:alert(1))",
    "[x](\u0001javascript:alert(1))",
    "[x](<javascript:alert(1)>)",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "[x](vbscript:msgbox(1))",
    "[x](file:///etc/passwd)",
    "[x](//evil.example)",
    "[x](/sign-out)",
    "[x](http:evil)",
    "[x](http://sema.example@evil.example)",
    "[x](https://)",
    "[x](http://[::1]/)",
    "[x]: javascript:alert(1)\n\n[x]",
    "<javascript:alert(1)>",
    "![x](javascript:alert(1))",
    '[x](http://x.example "onmouseover=alert(1)")',
    '[x](http://x.example/"onmouseover="alert(1))',
    "[x](http://x.example/' onclick='alert(1))",
    "[<img src=x onerror=alert(1)>](http://x.example)",
    "[x](http://x.example/<script>alert(1)</script>)",
    "**<b onclick=alert(1)>**",
    '- <input autofocus onfocus="alert(1)">',
    "1. <form action=//evil.example><button>x",
    "\\<script>alert(1)\\</script>",
]


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("around", ["{}", "**{}**", "- {}\n  - {}", "[{}](http://x.example)"])
def test_no_attack_leaves_more_than_words(attack, around):
    text = around.replace("{}", attack)
    assert_safe(prose(text))
    assert_safe(prose(body(f"Heading\n{text}")))


REFUSED = [it for it in ATTACKS if it.startswith("[x](") and "x.example" not in it]


@pytest.mark.parametrize("attack", REFUSED)
def test_what_leads_elsewhere_than_to_the_web_is_no_link(attack):
    assert "<a" not in prose(attack)


PARTS = st.one_of(
    st.sampled_from([*"*_[]()!<>&\"'\\#`-+ \n\t.:/", "**", "](", "http://x.example", "1. "]),
    st.sampled_from(
        [*ATTACKS, "\n- ", "\n\n", "\n  ", "a", "javascript:", "\r\n", "é", "\u202e"]
    ),
    st.text(max_size=5),
)
TEXTS = st.lists(PARTS, max_size=20).map("".join)


@given(TEXTS)
def test_whatever_is_typed_only_what_is_allowed_comes_out(text):
    assert_safe(prose(text))


PATHOLOGICAL = [
    *("[", "![", "[](", "](", "[a](", "[a](<", "[[[](", "((((", '[a](http://x.y "'),
    *("*", "_", "**a", "*a **b ", "*a_ ", "a**b", "**x** ", "2*"),
    *("- ", "1. ", "- a\n", "* a\n  ", "\n  - ", "- a\n\n", "> "),
    *("<", '<a href="', "&amp;", "\\", "\n", "\t", "  ", "x. y ", "X. "),
]


@pytest.mark.parametrize("part", PATHOLOGICAL)
def test_no_text_takes_long(part):
    text = part * (50_000 // len(part))

    def taken(work):
        began = time.process_time()
        work(text)
        return time.process_time() - began

    for work in (prose, headline, body):
        assert min(taken(work), taken(work)) < 1


def test_what_turns_the_direction_of_reading_is_left_out():
    assert flat("a\u202eb [x](http://x.example)\u0007\ud800").startswith("<p>ab <a")


# ---------------------------------------------------------------- heading and body


@pytest.mark.parametrize(
    ("text", "head", "rest"),
    [
        ("", "", ""),
        ("Road closed", "Road closed", ""),
        ("Road closed.", "Road closed.", ""),
        ("\n Road closed \r\n\r\nUse US-60.\nSlowly.", "Road closed", "Use US-60.\nSlowly."),
        ("Road closed. Use US-60. Go.", "Road closed.", "Use US-60. Go."),
        ("Is it open? Yes", "Is it open?", "Yes"),
        ("“Stay home.” He said so", "“Stay home.”", "He said so"),
        ("St. Louis has power. Monett not", "St. Louis has power.", "Monett not"),
        ("From 6 a.m. Monday on. Then ice", "From 6 a.m. Monday on.", "Then ice"),
        ("J. Doe leads approx. 12.5 units. Go", "J. Doe leads approx. 12.5 units.", "Go"),
        ("Ask No. 5 first. Then wait", "Ask No. 5 first.", "Then wait"),
        ("w" * 159 + ". More", "w" * 159 + ".", "More"),
        ("w" * 160 + ". More", "w" * 160 + ". More", ""),
        ("# **Road** *closed*\n- by water", "Road closed", "- by water"),
        ("- ice\n- water", "ice", "- water"),
        ("12 trucks\n- water", "12 trucks", "- water"),
        ("**Stay home. Be safe.** Wait", "Stay home. Be safe.", "Wait"),
        ("[Map. New](http://x.example) is up. Look", "Map. New (x.example) is up.", "Look"),
        ("Send 2*3 of MO_1. Now", "Send 2*3 of MO_1.", "Now"),
        ("<b>Bold</b> & co\nx", "<b>Bold</b> & co", "x"),
    ],
)
def test_a_posts_heading_and_body(text, head, rest):
    assert (headline(text), body(text)) == (head, rest)


@given(TEXTS)
def test_heading_and_body_lose_no_word_between_them(text):
    rest = body(text)
    assert text.rstrip().endswith(rest.rstrip())
    if rest and not set("\r\n") & set(text.strip()):
        first = text.strip().removesuffix(rest).rstrip()
        assert len(first) <= LONGEST_HEADLINE
        assert first.rstrip("\"'”’)]*_")[-1] in ".!?"


@pytest.mark.one_backend
def test_templates_have_the_filters(app):
    shown = app.jinja_env.from_string("{{ t | headline }}|{{ t | body | prose }}")
    assert shown.render(t="<Road>\n**shut**") == "&lt;Road&gt;|<p><strong>shut</strong></p>\n"
