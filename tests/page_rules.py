"""What must hold of every page, whoever opens it."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from xml.etree.ElementTree import Element

TITLE = re.compile(r"^(Error: )?\S.* — ((EXERCISE )?\S.* — )?BEOC Partner Portal$")

#: Attributes that name other elements of the page by their ids.
REFERENCES = (
    "for",
    "aria-labelledby",
    "aria-describedby",
    "aria-controls",
    "aria-owns",
    "list",
)

_LABELLED = {"input", "select", "textarea"}
_NOT_LABELLED = {"hidden", "submit", "button", "reset", "image"}


def problems_of(tree: Element) -> list[str]:
    """Return what is wrong with a page, in words."""
    return [
        *_frame(tree),
        *_ids(tree),
        *_labels(tree),
        *_forms(tree),
        *_inline(tree),
        *_pictures(tree),
    ]


def _text(element: Element) -> str:
    return " ".join("".join(element.itertext()).split())


def _frame(tree: Element) -> Iterator[str]:
    titles = [_text(it) for it in tree.findall("head/title")]
    if len(titles) != 1 or not TITLE.match(titles[0]):
        yield f"title {titles} is not “What — Incident — BEOC Partner Portal”"
    headings = tree.findall(".//h1")
    if len(headings) != 1 or not _text(headings[0]):
        yield f"there are {len(headings)} headings h1 with words, not one"
    if not tree.get("lang"):
        yield "the page does not say its language"
    mains = tree.findall(".//main")
    if len(mains) != 1:
        yield f"there are {len(mains)} main parts, not one"


def _ids(tree: Element) -> Iterator[str]:
    counted = Counter(it.get("id") for it in tree.iter() if it.get("id") is not None)
    for name, times in counted.items():
        if times > 1:
            yield f"id {name!r} stands {times} times"
        if not name or any(sign.isspace() for sign in name):
            yield f"id {name!r} is empty or has blanks in it"
    for it in tree.iter():
        for attribute in REFERENCES:
            for name in (it.get(attribute) or "").split():
                if name not in counted:
                    yield f"<{it.tag}> {attribute} names {name!r}, which is not there"
        href = it.get("href") or ""
        if it.tag == "a" and href.startswith("#") and href[1:] not in counted:
            yield f"a link leads to {href}, which is not there"


def _labels(tree: Element) -> Iterator[str]:
    labelled = {it.get("for") for it in tree.iter("label") if _text(it)}
    wrapped = {
        control for label in tree.iter("label") if _text(label) for control in label.iter()
    }
    for it in tree.iter():
        named = it.get("aria-label") or it.get("aria-labelledby")
        if it.tag in _LABELLED and it.get("type") not in _NOT_LABELLED:
            if not (named or it.get("id") in labelled or it in wrapped):
                yield f"<{it.tag} name={it.get('name')!r}> has no label"
        elif it.tag in {"button", "a"} and not (named or _text(it) or _shown_alt(it)):
            yield f"<{it.tag}> has no words: {it.attrib}"
    for group in tree.iter("fieldset"):
        legend = group.find("legend")
        if legend is None or not _text(legend):
            yield f"a group of fields has no legend: {group.attrib}"


def _shown_alt(element: Element) -> bool:
    return any(it.get("alt") for it in element.iter("img"))


def _forms(tree: Element) -> Iterator[str]:
    for form in tree.iter("form"):
        if (form.get("method") or "get").lower() != "post":
            continue
        action = form.get("action")
        where = action or form.get("data-move") or "itself"
        hidden = Counter(
            it.get("name") for it in form.iter("input") if it.get("type") == "hidden"
        )
        filled = {
            it.get("name"): it.get("value") for it in form.iter("input") if it.get("value")
        }
        needed = ["csrf_token"]
        if not (action or "").endswith("/sign-out"):
            needed.append("once")
        for name in needed:
            if hidden[name] != 1 or not filled.get(name):
                yield f"the form that posts to {where} has {hidden[name]} {name}, not one"
        if action == "":
            yield "a form has an empty action"
        move = form.get("data-move")
        # A row is begun by the page that asks for it.
        ends = ("/" + (move or "").partition(".")[2], "/new")
        if move and action and not action.partition("?")[0].endswith(ends):
            yield f"the form of {move} posts to {action}"
        if not any(_is_sender(it) for it in form.iter()):
            yield f"the form that posts to {where} has no button"


def _is_sender(element: Element) -> bool:
    if element.tag == "button":
        return (element.get("type") or "submit") == "submit"
    return element.tag == "input" and element.get("type") in {"submit", "image"}


def _inline(tree: Element) -> Iterator[str]:
    for it in tree.iter():
        if it.tag == "style":
            yield "there is a <style>"
        if it.tag == "script" and (not it.get("src") or _text(it)):
            yield "there is a <script> with its words in the page"
        if it.tag == "script" and not it.get("nonce"):
            yield "there is a <script> without a nonce"
        for name, value in it.attrib.items():
            if name == "style" or str(name).startswith("on"):
                yield f"<{it.tag}> has {name}={value!r}"
            if name in {"href", "src", "action"} and value.strip().lower().startswith(
                "javascript:"
            ):
                yield f"<{it.tag}> has a script for its {name}"


def _pictures(tree: Element) -> Iterator[str]:
    for it in tree.iter("img"):
        if it.get("alt") is None:
            yield f"a picture has no words instead: {it.get('src')}"
