"""What can be done with posts: by their authors, by the desk, by their readers."""

from portal.feed.operations.claims import release, release_ended, take
from portal.feed.operations.desk import OTHER, ask, merge, publish, reject, remind, remind_late
from portal.feed.operations.inputs import Letting, Outside, Posting, Report, Snapshot
from portal.feed.operations.posts import (
    confirm,
    correct,
    drop,
    nudge,
    pin,
    post,
    retract,
    second,
    supersede,
    unpin,
)
from portal.feed.operations.readers import acknowledge, doubt, mark_read
from portal.feed.operations.reports import (
    MOST_PHOTOS,
    bring_in,
    enter,
    overtake,
    reply,
    submit,
    withdraw,
)

__all__ = [
    "MOST_PHOTOS",
    "OTHER",
    "Letting",
    "Outside",
    "Posting",
    "Report",
    "Snapshot",
    "acknowledge",
    "ask",
    "bring_in",
    "confirm",
    "correct",
    "doubt",
    "drop",
    "enter",
    "mark_read",
    "merge",
    "nudge",
    "overtake",
    "pin",
    "post",
    "publish",
    "reject",
    "release",
    "release_ended",
    "remind",
    "remind_late",
    "reply",
    "retract",
    "second",
    "submit",
    "supersede",
    "take",
    "unpin",
    "withdraw",
]
