"""Forms of the desk: what becomes of a report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wtforms import RadioField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Optional

from portal.core import codes
from portal.core.contacts import hide_contacts
from portal.core.errors import StateGoneError
from portal.core.web.forms import LocalTimeField, PortalForm, at_most, stripped
from portal.feed import operations
from portal.feed.forms.moving import MoveForm, OtherForm
from portal.feed.models import MAX_NOTE, MAX_SAID, Post
from portal.feed.queries import readers_label
from portal.journal.audience import PARTNERS, STAFF

if TYPE_CHECKING:
    from portal.journal.transaction import Tx


class HandlingForm(PortalForm):
    """How the desk says that words may be read: by whom, how sure, until when."""

    said: Any
    seen_by = SelectField("Who may see it", [InputRequired("Choose who may see it.")])
    tlp = SelectField("Handling", default="GREEN")
    confidence = SelectField("How sure is it?", default="")
    acknowledge_by = LocalTimeField(
        "To be acknowledged by",
        [Optional()],
        description="Each organization that reads it is asked to say so. Empty: nobody is.",
    )
    review_by = LocalTimeField(
        "Look at it again by",
        [Optional()],
        description="From then on it says “no longer confirmed”.",
    )
    ends_at = LocalTimeField(
        "It is over at",
        [Optional()],
        description="From then on it says “over”, for example when a closure ends.",
    )

    def offer_handling(self) -> None:
        """Offer the code lists."""
        self.tlp.choices = codes.load("tlp").choices()
        self.confidence.choices = {"": "Not said", **codes.load("certainties").choices()}

    def letting(self) -> dict[str, Any]:
        """Return how words are let out, by the names of `Letting`."""
        names = ("tlp", "confidence", "acknowledge_by", "review_by", "ends_at")
        return {
            "said": self.said.data or "",
            "seen_by": tuple(str(self.seen_by.data).split()),
            **{name: self[name].data for name in names},
        }


class PublishForm(HandlingForm, MoveForm):
    """What readers will read, and who they are."""

    says = "Published {}."
    said = TextAreaField(
        "What readers will read",
        [at_most(MAX_SAID, "The text")],
        filters=[stripped],
        description="The author sees your words beside theirs. Telephone numbers and e-mail "
        "addresses were taken out; write them in again if readers need them.",
    )

    def __init__(self, post: Post) -> None:
        """Offer what the author asked for first, then everybody and staff."""
        super().__init__(post)
        asked = " ".join(post.asked_for)
        others = [room for room in (PARTNERS, STAFF) if room != asked]
        self.seen_by.choices = {
            asked: f"{readers_label(post.asked_for)}, as asked",
            **{room: readers_label((room,)) for room in others},
        }
        self.offer_handling()
        if self.said.data is None and not self.said.raw_data:
            self.said.data = hide_contacts(post.words)
            self.ends_at.data = self.ends_at.data or post.ends_at
            self.confidence.data = self.confidence.data or post.confidence

    def make(self, tx: Tx, post: Post) -> None:
        """Publish the report."""
        operations.publish(tx, post, operations.Letting(**self.letting()))


class RejectForm(MoveForm):
    """Why a report is not published."""

    says = "Not published {}. The author sees why."
    reason = RadioField("Why? The author reads this.", [InputRequired("Choose a reason.")])
    note = TextAreaField(
        "Note to the author", [at_most(MAX_NOTE, "The note")], filters=[stripped]
    )

    def __init__(self, post: Post) -> None:
        """Offer the code list."""
        super().__init__(post)
        self.reason.choices = codes.load("post-reasons").choices()

    def make(self, tx: Tx, post: Post) -> None:
        """Do not publish the report."""
        reason, note = str(self.reason.data), str(self.note.data or "")
        operations.reject(tx, post, reason=reason, note=note)


class AskForm(MoveForm):
    """What the desk wants to know of the author."""

    says = "Asked the author of {}."
    question = TextAreaField(
        "Your question to the author",
        [InputRequired("Write the question."), at_most(MAX_NOTE, "The question")],
        filters=[stripped],
    )

    def make(self, tx: Tx, post: Post) -> None:
        """Ask the author."""
        operations.ask(tx, post, question=str(self.question.data))


class MergeForm(OtherForm):
    """Which report says the same."""

    other = "into"
    says = "Merged {}. The author sees with which."
    into = StringField(
        "Reference of the report that says the same",
        [InputRequired("Write the reference."), at_most(24, "A reference")],
        filters=[stripped],
    )

    def make(self, tx: Tx, post: Post) -> None:
        """Merge the report into the other."""
        operations.merge(tx, post, into=self.other_post(tx, post))


class BulkForm(PortalForm):
    """What becomes of several reports at once; which ones, the page's boxes say."""

    what = RadioField(
        "What becomes of them?",
        [InputRequired("Choose what becomes of them.")],
        choices={"publish": "Publish, as asked", "reject": "Do not publish"},
    )
    reason = SelectField("Why not? The authors read this.", default="already_published")

    def __init__(self) -> None:
        """Offer the reasons that need no words of their own."""
        super().__init__()
        reasons = codes.load("post-reasons").items()
        self.reason.choices = {
            code: it.label for code, it in reasons if not it["note_required"]
        }

    def make(self, tx: Tx, posts: list[Post]) -> tuple[int, int]:
        """Decide on each by the same operation as alone; return how many, and how many not.

        Those that somebody else has, or has decided, are left as they are.
        """
        done = 0
        for post in posts:
            try:
                if self.what.data == "publish":
                    operations.publish(tx, post, operations.Letting(seen_by=post.asked_for))
                else:
                    operations.reject(tx, post, reason=str(self.reason.data), note="")
            except StateGoneError:
                continue
            done += 1
        return done, len(posts) - done
