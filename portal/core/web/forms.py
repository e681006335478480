"""Forms: shape, single-use key, version, and refusals that keep what was typed."""

import hashlib
import json
import re
import secrets
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeVar

from flask import g, redirect, request
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from wtforms import BooleanField, HiddenField, SelectMultipleField, StringField
from wtforms.validators import Length, ValidationError
from wtforms.widgets import CheckboxInput, ListWidget, TextInput

from portal.core.errors import ConflictError, FieldError, OnceReusedError, TooFastError
from portal.core.rates import Rate
from portal.core.web import times
from portal.core.web.limits import wait_of
from portal.core.web.requests import current_actor, db_session, unsay
from portal.core.writes import Held, OnceKey

T = TypeVar("T")
Writer = Callable[["PortalForm", Sequence[Held]], AbstractContextManager[T]]

#: An amount is at most this many units: more is a typing error.
MOST = 1_000_000_000

_UNHASHED = {"csrf_token", "once"}

_VERSION = re.compile("[0-9]{1,18}")

#: An amount as people write it: digits, in groups of three if they like, and decimals.
_AMOUNT = re.compile(r"-?(?:\d{1,3}(?:,\d{3})+|\d*)(?:\.\d+)?(?<=\d)", re.ASCII)


class _Words:
    """What the form library says by itself, in the portal's words."""

    def gettext(self, text: str) -> str:
        if "integer" in text:
            return "Write a whole number."
        return "Choose from the list." if "alid choice" in text else text

    def ngettext(self, one: str, many: str, count: int) -> str:
        return one if count == 1 else many


class PortalForm(FlaskForm):
    """A form that is sent once, for the version it was made from.

    refusal : why the write did not happen, when that is no field's fault.
    """

    once = HiddenField()
    version = HiddenField()
    refusal: str | None = None
    _refused_status: int | None = None

    class Meta(FlaskForm.Meta):
        """What a form reads of a request."""

        def wrap_formdata(self, _form: Any, _formdata: Any) -> Any:
            """Return what was typed, for the first form of a request; no files, no JSON.

            That is the one that was sent. A page shows others beside it, and those start
            afresh: one form's words, key or version must not turn up in another.
            """
            if request.method != "POST" or "has_read_form" in g:
                return None
            g.has_read_form = True
            return request.form

        def get_translations(self, _form: Any) -> _Words:
            """Return what words the library's own messages."""
            return _Words()

    def __init__(self, *args: Any, row: Any = None, **kwargs: Any) -> None:
        """Make the form for a row, whose version goes out with it."""
        super().__init__(*args, **kwargs)
        self._row = row
        if not self.once.data:
            self.once.data = secrets.token_urlsafe(16)
        if row is not None and not self.version.data:
            self.version.data = str(row.version)

    @property
    def was_sent(self) -> bool:
        """Return whether this is the form that was sent, not one beside it or a fresh one."""
        return self.once.raw_data is not None

    @property
    def once_key(self) -> OnceKey:
        """Return the single-use key, bound to this route and to what was typed."""
        pairs = sorted((k, v) for k, v in request.form.items(multi=True) if k not in _UNHASHED)
        for name, file in request.files.items(multi=True):
            file.stream.seek(0)  # whoever looked at the file has read it to its end
            digest = hashlib.file_digest(file.stream, "sha256")  # type: ignore[arg-type]
            file.stream.seek(0)
            pairs.append((name, digest.hexdigest()))
        body_hash = hashlib.sha256(json.dumps(pairs).encode()).hexdigest()
        return OnceKey(str(self.once.data)[:64], request.path[:200], body_hash)

    def held(self, row: Any) -> list[Held]:
        """Return the row with the version this form was made from."""
        typed = str(self.version.data)
        return [Held(row, int(typed) if _VERSION.fullmatch(typed) else -1)]

    @property
    def status(self) -> int:
        """Return the HTTP status of the page that shows this form again."""
        if self._refused_status is not None:
            return self._refused_status
        return 422 if self.errors else 200

    def refuse(self, words: str, status: int) -> None:
        """Say above the form why nothing happened."""
        unsay()
        self.refusal, self._refused_status = words, status

    def blame(self, name: str, words: str, status: int = 422) -> None:
        """Say at a field why nothing happened; above the form, if it has no such field."""
        field = self._fields.get(name)
        if field is None:
            self.refuse(words, status)
            return
        self._refused_status = status
        field.errors = [*field.errors, words]

    def keeps_to(self, rate: Rate, key: Hashable) -> bool:
        """Count one more for a key; where it has to wait say so, and keep what was typed."""
        wait = wait_of(rate, key)
        if wait:
            error = TooFastError("You sent many in a short time. What you wrote is kept.", wait)
            self.refuse(f"{error.title}. {error}", error.status)
        return not wait

    @contextmanager
    def catching(self) -> Iterator[None]:
        """Turn what a rule refuses into words on this form; nothing was written then."""
        try:
            yield
        except FieldError as error:
            self.blame(error.field, str(error), error.status)
        except ConflictError as error:
            self.refuse(f"{error.title}. {error}", error.status)
            if self._row is not None:  # what is sent next is for the row as it now stands
                self.version.data = str(self._row.version)
        except OnceReusedError as error:
            self.refuse(f"{error.title}. {error}", error.status)
            self.once.data = secrets.token_urlsafe(16)


class ButtonForm(PortalForm):
    """A form of one button and nothing to fill in."""


def writer(transaction: Callable[..., AbstractContextManager[T]]) -> Writer[T]:
    """Return how the views of a package write: in the name of who asks, by a form sent once.

    transaction : `portal.journal.transaction.transaction`, which stands above this package.
    """

    def write(form: PortalForm, held: Sequence[Held]) -> AbstractContextManager[T]:
        return transaction(db_session(), current_actor(), once=form.once_key, held=held)

    return write


def see_other(path: str) -> ResponseReturnValue:
    """Answer a write: the browser asks for the page at `path` with GET."""
    return redirect(path, 303)


def stripped(text: str | None) -> str | None:
    """Take blanks off both ends, and leave one kind of line end."""
    return None if text is None else text.replace("\r\n", "\n").strip()


def at_most(limit: int, what: str) -> Length:
    """Refuse a text over its cap, in plain words."""
    return Length(max=limit, message=f"{what} can have {limit:,} characters at most.")


class AmountField(StringField):
    """An amount with up to three decimals; `data` is in thousandths."""

    data: Any
    widget = TextInput()

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return "" if self.data is None else f"{Decimal(self.data) / 1000:,}"

    def process_formdata(self, valuelist: Sequence[Any]) -> None:
        """Read "1,000" or "2.5"; anything else is said at the field."""
        self.data = None
        typed = str(valuelist[0]).strip() if valuelist else ""
        if not typed:
            return
        if not _AMOUNT.fullmatch(typed):
            raise ValueError("Write the amount as a number, for example 1,000.")
        amount = Decimal(typed.replace(",", ""))
        if amount <= 0:
            raise ValueError("The amount must be more than zero.")
        if amount > MOST:
            raise ValueError(f"The amount can be {MOST:,} at most.")
        if amount != amount.quantize(Decimal("0.001")):
            raise ValueError("The amount can have three decimals at most.")
        self.data = int(amount * 1000)


class LocalTimeField(StringField):
    """A time typed in the incident's zone; `data` is an instant in UTC."""

    data: Any
    widget = TextInput(input_type="datetime-local")

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return times.typed(self.data) if isinstance(self.data, datetime) else ""

    def process_formdata(self, valuelist: Sequence[Any]) -> None:
        """Read what the browser's date and time control sends."""
        self.data = None
        if not valuelist or not str(valuelist[0]).strip():
            return
        try:
            self.data = times.parse_typed(str(valuelist[0]))
        except times.SkippedTimeError as error:
            message = "The clocks go forward then, and skip this time. Write one an hour later."
            raise ValueError(message) from error
        except (ValueError, OverflowError) as error:
            message = "Write a date and a time, for example 2027-04-21 19:00."
            raise ValueError(message) from error


class BoxField(BooleanField):
    """One box to tick; what is neither ticked nor left out is refused."""

    def process_formdata(self, valuelist: Sequence[Any]) -> None:
        """Read what the box itself sends."""
        self.data = bool(valuelist)
        if valuelist and valuelist[0] != "y":
            raise ValueError("Choose from the list.")


class CodesField(SelectMultipleField):
    """Several codes of a list, as checkboxes; `data` is a list of codes."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


def known(choices: Mapping[str, str], message: str) -> Any:
    """Return a validator for a typed value that must be one of a list."""

    def check(_form: Any, field: Any) -> None:
        if field.data not in choices:
            raise ValidationError(message)

    return check
