"""What the SEOC publishes: a narrow Markdown, shown safely; and a post's heading and body.

Paragraphs, line breaks, bold, italic, lists and links to the web. All else stays as typed.
"""

import re
from functools import lru_cache
from urllib.parse import urlsplit

import nh3
from flask import Flask
from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from markupsafe import Markup

from portal.core.wording import differences

#: All that ever reaches a page, whatever the parser makes of a text.
TAGS = {"p", "br", "strong", "em", "ul", "ol", "li", "a"}
ATTRIBUTES: dict[str, set[str]] = {"a": {"href"}, "ol": {"start"}, "*": set()}
REL = "noopener noreferrer nofollow"

#: Nobody writes more links than this; looking for them in brackets alone would cost seconds.
_MOST_LINKS = 500

#: A first sentence is a heading up to so many characters.
LONGEST_HEADLINE = 160

_RULES = ["list", "newline", "escape", "emphasis", "link"]

#: Begins where the stops do, so that a text of many stops is not read anew from each.
_END_OF_SENTENCE = re.compile(r"(?<![.!?])[.!?]+[\"'”’)\]*_]*(?=\s+[^\sa-z])")

#: Their full stop ends no sentence, as in St. Louis or 6 a.m. Monday.
_SHORTENED = re.compile(
    r"(?:\w|st|ste|mt|ft|no|mo|dr|gov|lt|sgt|capt|col|gen|mrs?|ms|jr|sr|inc|corp|co|dept|div|"
    r"ave|blvd|rd|rte?|hwy|approx|est|vs|etc|e\.g|i\.e|[ap]\.m|u\.s|jan|feb|mar|apr|jun|jul|"
    r"aug|sept?|oct|nov|dec|mon|tue|wed|thu|fri)\."
)

#: A star inside a word is what it is: 2*3 pallets are not 23 in italics.
_STAR_INSIDE = re.compile(r"(?<=\w)\*(?=\w)")

#: Nor does a mark inside a word need its second half.
_MARK_INSIDE = re.compile(r"(?<=[^\W_])[*_](?=[^\W_])")

#: Controls, and what turns the direction of reading: a link's host could be shown backwards.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)

_HOST = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)*\.?")

_LINE_MARK = re.compile(r"\A(?:#{1,6}|[-*+>])\s+")


#: Texts whose form is remembered: the latest posts are read again and again.
_REMEMBERED = 1000


class _Parser(MarkdownIt):
    """Markdown without HTML, headings, images, tables and code."""

    def __init__(self) -> None:
        super().__init__("zero", {"breaks": True})
        self.enable(_RULES)
        self.core.ruler.after("inline", "hosts", _show_hosts)

    def validateLink(self, url: str) -> bool:  # noqa: N802 - the name that the parser calls
        """Let only addresses of the web be links; a name before the host would mislead."""
        try:
            parts = urlsplit(url)
        except ValueError:
            return False
        is_web = parts.scheme in {"http", "https"} and "@" not in parts.netloc
        return is_web and _HOST.fullmatch(parts.hostname or "") is not None


@lru_cache(_REMEMBERED)
def prose(text: str) -> Markup:
    """Return the text as HTML that holds `TAGS` and `ATTRIBUTES` only."""
    html = _PARSER.render(_typed(text))
    clean = nh3.clean(
        html,
        tags=TAGS,
        attributes=ATTRIBUTES,
        url_schemes={"http", "https"},
        link_rel=REL,
    )
    return Markup(clean)  # noqa: S704 - cleaned the line above  # nosec B704


@lru_cache(_REMEMBERED)
def headline(text: str) -> str:
    """Return a post's heading, without marks: its first line, or its first short sentence."""
    return _plain(_LINE_MARK.sub("", _divided(text)[0], count=1))


@lru_cache(_REMEMBERED)
def body(text: str) -> str:
    """Return what follows a post's heading; "" if it is all heading."""
    return _divided(text)[1]


def _divided(text: str) -> tuple[str, str]:
    text = text.strip()
    lines = re.split(r"\r\n|\r|\n", text, maxsplit=1)
    if len(lines) == 2:
        return lines[0].rstrip(), lines[1].strip("\r\n")
    for end in _END_OF_SENTENCE.finditer(text, 0, LONGEST_HEADLINE + 2):
        first = text[: end.end()]
        if len(first) <= LONGEST_HEADLINE and _is_whole(first):
            return first, text[end.end() :].strip()
    return text, ""


def _is_whole(sentence: str) -> bool:
    """Return whether it ends here: no shortened word, no mark or bracket still open."""
    last = sentence.rsplit(maxsplit=1)[-1].lower().strip("\"'“”‘’()[]*_")
    if _SHORTENED.fullmatch(last):
        return False
    marked = _MARK_INSIDE.sub("", sentence)
    return (
        sentence.count("[") == sentence.count("]")
        and sentence.count("(") == sentence.count(")")
        and not any(marked.count(mark) % 2 for mark in ("**", "*", "__", "_"))
    )


def _plain(text: str) -> str:
    """Return a line without its marks; a link's words stand for it."""
    (line,) = _PARSER.parseInline(_typed(text))
    return "".join(token.content for token in line.children or ()).strip()


def _typed(text: str) -> str:
    """Return the text as the parser should take it."""
    if text.count("[") > _MOST_LINKS:
        text = re.sub(r"(?<!\\)\[", r"\\[", text)
    return _STAR_INSIDE.sub(r"\\*", _UNSEEN.sub("", text))


def _show_hosts(state: StateCore) -> None:
    """Write behind a link where it leads, unless its words say so."""
    for block in state.tokens:
        if block.type == "inline" and block.children:
            block.children = _with_hosts(block.children)


def _with_hosts(tokens: list[Token]) -> list[Token]:
    shown: list[Token] = []
    words, host = "", ""
    for token in tokens:
        if token.type == "link_open":
            words, host = "", urlsplit(str(token.attrGet("href"))).hostname or ""
        if token.type == "link_close" and not words.strip():
            shown += [_text(host), token]
        elif token.type == "link_close" and not _names(words, host):
            shown += [token, _text(f" ({host})")]
        else:
            shown.append(token)
            words += token.content
    return shown


def _names(words: str, host: str) -> bool:
    """Return whether a link's words are an address on that host, and nothing else."""
    address = words.strip().lower().removeprefix("https://").removeprefix("http://")
    return address.partition("/")[0] == host


def _text(words: str) -> Token:
    return Token("text", "", 0, content=words)


_PARSER = _Parser()


def init_app(app: Flask) -> None:
    """Give templates the filters."""
    for word in (prose, headline, body):
        app.add_template_filter(word, word.__name__)
    app.add_template_global(differences, "differences")
