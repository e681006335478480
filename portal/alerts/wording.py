"""An alert's words as the desk reads them: a heading, what is the matter, what to do."""

from itertools import pairwise

from portal.alerts.geojson import Alert
from portal.feed.models import MAX_SAID

#: So long at most. The desk may write something beside it, and [telephone hidden] is longer
#: than some telephone numbers.
LONGEST = MAX_SAID - 400
LONGEST_HEADLINE = 200
LONGEST_INSTRUCTION = 1200

#: What is no news of the world's says so first.
_SAID_FIRST = {"Exercise": "Exercise: ", "Test": "Test: "}

#: A line this long was broken at the edge of a teleprinter's paper, not by its author.
_BROKEN_FROM = 50


def words_of(alert: Alert) -> str:
    """Return the draft of a post; what is too long is cut, the instruction last."""
    first = _SAID_FIRST.get(alert.status, "")
    if alert.message_type == "Cancel":
        first += "Cancelled: "
    headline = " ".join((alert.headline or alert.event).split())
    heading = _cut(first + headline, LONGEST_HEADLINE)
    instruction = _cut(_unbroken(alert.instruction), LONGEST_INSTRUCTION)
    taken = len(heading) + len(instruction) + 4
    description = _cut(_unbroken(alert.description), LONGEST - taken)
    return "\n\n".join(part for part in (heading, description, instruction) if part)


def _cut(text: str, longest: int) -> str:
    """Return the text, or its beginning up to the end of a word."""
    if len(text) <= longest:
        return text
    begun = text[: longest - 1]
    end = max(begun.rfind(" "), begun.rfind("\n"))
    return f"{begun[:end].rstrip() if end > longest // 2 else begun}…"


def _unbroken(text: str) -> str:
    """Join the lines of a paragraph; lists and tables stay."""
    lines = [line.rstrip() for line in text.splitlines()]
    joined = lines[:1]
    for before, line in pairwise(lines):
        is_table = "   " in before.strip()
        if len(before) >= _BROKEN_FROM and line[:1].isalnum() and not is_table:
            joined[-1] += f" {line}"
        else:
            joined.append(line)
    return "\n".join(joined)
