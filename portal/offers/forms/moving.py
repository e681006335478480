"""Forms of one move each: the owner's and the ERAC desk's."""

from typing import TYPE_CHECKING, Any

from wtforms import RadioField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Optional

from portal.accounts.models import Person
from portal.core import clock, codes
from portal.core.web.forms import (
    BoxField,
    CodesField,
    LocalTimeField,
    PortalForm,
    at_most,
    stripped,
)
from portal.core.web.times import next_hours
from portal.offers import operations
from portal.offers.models import MAX_NOTE, Offer

if TYPE_CHECKING:
    from portal.journal.transaction import Tx


class MoveForm(PortalForm):
    """A form that makes one move of an offer. says: what is said once it is made."""

    says = ""

    def __init__(self, row: Offer) -> None:
        """Make it for an offer as it now stands."""
        super().__init__(row=row)

    def make(self, tx: "Tx", offer: Offer) -> None:
        """Make the move."""
        raise NotImplementedError


def _note(label: str, id_: str, *, required: str = "") -> TextAreaField:
    """Return a field for a few words; its id is its own where several stand on a page."""
    first: Any = InputRequired(required) if required else Optional()
    return TextAreaField(
        label, [first, at_most(MAX_NOTE, "The text")], filters=[stripped], id=id_
    )


class ReviewForm(MoveForm):
    """Take it."""

    says = "You have taken {}."

    def make(self, tx: "Tx", offer: Offer) -> None:
        """Take the offer up for review."""
        operations.review(tx, offer)


class ListForm(MoveForm):
    """What was checked, and what the ERAC cell tells the owner when it lists an offer."""

    says = "Listed {}."
    checks = CodesField("Checked", id="list-checks", validate_choice=False)
    note = _note("Note to the owner", "list-note")

    def __init__(self, row: Offer) -> None:
        """Tick what is done."""
        super().__init__(row)
        _offer_checks(self, row)

    def make(self, tx: "Tx", offer: Offer) -> None:
        """List the offer."""
        operations.list_(
            tx, offer, note=self.note.data or "", checks=tuple(self.checks.data or ())
        )


class VetForm(MoveForm):
    """What of the vetting is done so far."""

    says = "Kept what is checked of {}."
    checks = CodesField("Checked", id="vet-checks", validate_choice=False)

    def __init__(self, row: Offer) -> None:
        """Tick what is done."""
        super().__init__(row)
        _offer_checks(self, row)

    def make(self, tx: "Tx", offer: Offer) -> None:
        """Keep what is done."""
        operations.vet(tx, offer, checks=tuple(self.checks.data or ()))


def _offer_checks(form: Any, row: Offer) -> None:
    form.checks.choices = codes.load("vetting").choices()
    if not form.was_sent:
        form.checks.data = list(row.checks)


class DeclineForm(MoveForm):
    """Why an offer is declined."""

    says = "Declined {}; its owner reads why."
    reason = RadioField("Why? The owner reads this.", [InputRequired("Choose a reason.")])
    note = _note("Note to the owner", "decline-note")

    def __init__(self, row: Offer) -> None:
        """Offer the code list."""
        super().__init__(row)
        self.reason.choices = codes.load("offer-reasons").choices()

    def make(self, tx: "Tx", offer: Offer) -> None:
        """Decline the offer."""
        operations.decline(tx, offer, reason=str(self.reason.data), note=self.note.data or "")


class AskForm(MoveForm):
    """What the cell needs to know."""

    says = "Asked. The owner of {} is told."
    question = _note("What do you need to know?", "question", required="Write the question.")

    def make(self, tx: "Tx", offer: Offer) -> None:
        """Ask the owner."""
        operations.ask(tx, offer, question=str(self.question.data))


class ReplyForm(MoveForm):
    """The answer to the cell's question."""

    says = "Answered. ERAC goes on with {}."
    reply = _note("Your answer", "reply", required="Write the answer.")

    def make(self, tx: "Tx", offer: Offer) -> None:
        """Answer."""
        operations.reply(tx, offer, reply=str(self.reply.data))


class AssignForm(MoveForm):
    """Who of the cell works on it."""

    says = "Handed over {}."
    person = SelectField("Who works on it?", [InputRequired("Choose somebody of the cell.")])

    def __init__(self, row: Offer, cell: list[Person] | None = None) -> None:
        """Offer the people of the cell."""
        super().__init__(row)
        self._cell = {str(person.id): person for person in cell or ()}
        names = {key: person.name for key, person in self._cell.items()}
        self.person.choices = {"": "Nobody yet", **names}
        if not self.was_sent:
            self.person.data = str(row.assignee_id or "")

    def make(self, tx: "Tx", offer: Offer) -> None:
        """Give it to them."""
        operations.assign(tx, offer, self._cell[str(self.person.data)])


class PrioritizeForm(MoveForm):
    """How pressing it is."""

    says = "The time for an answer to {} is reckoned anew."
    priority = SelectField("How pressing is it?")

    def __init__(self, row: Offer) -> None:
        """Offer the code list."""
        super().__init__(row)
        self.priority.choices = codes.load("offer-priorities").choices()
        if not self.was_sent:
            self.priority.data = row.priority

    def make(self, tx: "Tx", offer: Offer) -> None:
        """Set the priority."""
        operations.prioritize(tx, offer, priority=str(self.priority.data))


class NoteForm(MoveForm):
    """Something for the cell alone."""

    says = "Noted for the cell."
    note = _note("Note for the cell", "cell-note", required="Write the note.")

    def make(self, tx: "Tx", offer: Offer) -> None:
        """Write it down."""
        operations.note(tx, offer, str(self.note.data))


class WithdrawForm(MoveForm):
    """Why it is taken back, if anybody wants to know."""

    says = "Withdrawn {}."
    note = _note("Why? ERAC reads it.", "withdraw-note")

    def make(self, tx: "Tx", offer: Offer) -> None:
        """Take back the rest."""
        operations.withdraw(tx, offer, note=self.note.data or "")


class DiscardForm(MoveForm):
    """Throw a draft away."""

    says = "Thrown away {}."

    def make(self, tx: "Tx", offer: Offer) -> None:
        """Discard it."""
        operations.discard(tx, offer)


class RenewForm(MoveForm):
    """Until when an offer is to stand."""

    says = "Renewed {}."
    available_until = LocalTimeField("Until", [InputRequired("Write until when.")])

    def __init__(self, row: Offer) -> None:
        """Propose a day more."""
        super().__init__(row)
        if not self.was_sent:
            left = max(clock.now(), row.available_until) - clock.now()
            self.available_until.data = next_hours(24 + int(left.total_seconds() // 3600))

    def make(self, tx: "Tx", offer: Offer) -> None:
        """Renew it."""
        operations.renew(tx, offer, until=self.available_until.data)


class SubmitForm(MoveForm):
    """The last step: sends what was checked."""

    says = ""
    on_behalf = BoxField("These members agreed that we offer this for them")

    def __init__(self, row: Offer) -> None:
        """Ask for the members' word only where there are members."""
        super().__init__(row)
        if not any(line.member_id for line in row.lines):
            del self.on_behalf

    def make(self, tx: "Tx", offer: Offer) -> None:
        """Send it."""
        operations.submit(tx, offer, on_behalf="on_behalf" in self and self.on_behalf.data)


class SaveViewForm(PortalForm):
    """A name for what the desk is shown."""

    name = StringField(
        "Save this view as",
        [InputRequired("Write a name."), at_most(40, "The name")],
        filters=[stripped],
    )
