"""Forms that make one move of one post."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from wtforms import StringField, TextAreaField
from wtforms.validators import InputRequired, Optional

from portal.core.errors import FieldError
from portal.core.web.forms import ButtonForm, LocalTimeField, PortalForm, at_most, stripped
from portal.core.web.requests import current_actor, db_session
from portal.core.web.times import next_hours
from portal.core.writes import Held
from portal.feed import operations
from portal.feed.models import MAX_NOTE, MAX_SAID, Post
from portal.feed.queries import get_post
from portal.incidents.models import Incident

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from portal.core.actor import Actor
    from portal.journal.transaction import Tx


class MoveForm(PortalForm):
    """A form that makes one move of a post.

    says : what the person is told afterwards; {} stands for the post's reference.
    """

    says: ClassVar[str] = ""

    def __init__(self, post: Post) -> None:
        """Make the form for a post as it stands."""
        super().__init__(row=post)

    def make(self, tx: Tx, post: Post) -> None:
        """Make the move with what was typed."""
        raise NotImplementedError


class PressForm(MoveForm, ButtonForm):
    """A move of one button and nothing to fill in."""

    move: ClassVar[str]

    def make(self, tx: Tx, post: Post) -> None:
        """Make the move that the button is named after."""
        getattr(operations, self.move)(tx, post)


def button(move: str, says: str) -> type[PressForm]:
    """Return the form of a move that needs no words."""
    return type(f"{move.title()}Form", (PressForm,), {"move": move, "says": says})


class OtherForm(MoveForm):
    """A form that puts one post behind another.

    other : its field for the reference of the other.
    """

    other: ClassVar[str]

    def held(self, row: Post) -> list[Held]:
        """Return both posts: of two who put each behind the other, the second is refused."""
        other = self._named(db_session(), row, current_actor())
        held = super().held(row)
        return held if other in {None, row} else [*held, Held(other, shared=True)]

    def other_post(self, tx: Tx, post: Post) -> Post:
        """Return the post that the reference names.

        Raises FieldError when there is none that the actor may see.
        """
        other = self._named(tx.session, post, tx.actor)
        if other is None:
            message = "There is no post of this reference in this incident."
            raise FieldError(self.other, message)
        return other

    def _named(self, session: Session, post: Post, actor: Actor) -> Post | None:
        typed = str(self[self.other].data).upper()
        return get_post(session, post.incident_id, typed, actor)


class ReplyForm(MoveForm):
    """What the author answers the desk."""

    says = "Sent. The SEOC reads your answer next."
    reply = TextAreaField(
        "Your answer",
        [InputRequired("Write the answer."), at_most(MAX_NOTE, "The answer")],
        filters=[stripped],
    )

    def make(self, tx: Tx, post: Post) -> None:
        """Answer the question."""
        operations.reply(tx, post, reply=str(self.reply.data))


class CorrectForm(MoveForm):
    """What readers are to read instead, and why."""

    says = "Corrected {}. Readers see what changed."
    said = TextAreaField(
        "What readers will read",
        [InputRequired("Write the text, or retract the post."), at_most(MAX_SAID, "The text")],
        filters=[stripped],
        description="The first line, or the first sentence, is its heading.",
    )
    why = StringField(
        "What changed, and why?",
        [InputRequired("Say what changed, and why."), at_most(MAX_NOTE, "The reason")],
        filters=[stripped],
        description="Readers see this beside the words before.",
    )

    def __init__(self, post: Post) -> None:
        """Begin with what readers read now."""
        super().__init__(post)
        if self.said.data is None:
            self.said.data = post.said

    def make(self, tx: Tx, post: Post) -> None:
        """Correct the post."""
        operations.correct(tx, post, said=str(self.said.data), why=str(self.why.data))


class ConfirmForm(MoveForm):
    """That a post is still true, and for how long."""

    says = "Confirmed {}."
    review_by = LocalTimeField(
        "Look at it again by",
        [Optional()],
        description="From then on it says “no longer confirmed”. Empty: it does not.",
    )

    def make(self, tx: Tx, post: Post) -> None:
        """Confirm the post."""
        operations.confirm(tx, post, review_by=self.review_by.data)


class PinForm(MoveForm):
    """Until when a post stands among what is true now."""

    says = "Pinned {}."
    until = LocalTimeField("Pinned until", [InputRequired("Say until when.")])

    def __init__(self, post: Post) -> None:
        """Propose the end of the operational period, or some hours."""
        super().__init__(post)
        if self.until.data is None and not self.until.raw_data:
            self.until.data = _end_of_period(post.incident) or next_hours(4)

    def make(self, tx: Tx, post: Post) -> None:
        """Pin the post."""
        operations.pin(tx, post, until=self.until.data)


def _end_of_period(incident: Incident) -> object:
    ends_at = incident.period_ends_at
    return ends_at if ends_at is not None and ends_at > next_hours(0) else None


class SupersedeForm(OtherForm):
    """Which post has overtaken this one."""

    other = "by"
    says = "{} now leads to the later post."
    by = StringField(
        "Reference of the later post",
        [InputRequired("Write the reference."), at_most(24, "A reference")],
        filters=[stripped],
    )

    def make(self, tx: Tx, post: Post) -> None:
        """Mark the post as overtaken."""
        operations.supersede(tx, post, by=self.other_post(tx, post))


class RetractForm(MoveForm):
    """Why a post is taken back."""

    says = "Taken back {} from every reader."
    note = TextAreaField(
        "Why is it taken back? Every reader sees this instead of the text.",
        [InputRequired("Say why it is taken back."), at_most(MAX_NOTE, "The reason")],
        filters=[stripped],
    )

    def make(self, tx: Tx, post: Post) -> None:
        """Retract the post."""
        operations.retract(tx, post, note=str(self.note.data))
