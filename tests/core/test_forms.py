"""What is typed: amounts, times, keys and versions; what is wrong is said and kept."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from html import unescape
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.core.errors import (
    FieldError,
    NotAllowedError,
    OnceReusedError,
    StateGoneError,
    VersionGoneError,
)
from portal.core.web import times
from portal.core.web.forms import MOST, AmountField, LocalTimeField, PortalForm, stripped

pytestmark = pytest.mark.one_backend


class Typed(PortalForm):
    class Meta(PortalForm.Meta):
        csrf = False

    amount = AmountField("How much?")
    at = LocalTimeField("When?")


@contextmanager
def sent(app, _row=None, _path="/x", **typed):
    """Lend the form of a request that sends these fields."""
    with app.test_request_context(_path, method="POST", data=typed):
        form = Typed(row=_row)
        form.validate()
        yield form


def shown(field):
    """Return what the page shows in a field."""
    return unescape(str(field()).partition('value="')[2].partition('"')[0])


# ---------------------------------------------------------------- amounts


@pytest.mark.parametrize(
    ("typed", "thousandths"),
    [
        ("1", 1000),
        (" 12 ", 12_000),
        ("1,000", 1_000_000),
        ("12,345,678", 12_345_678_000),
        ("2.5", 2500),
        (".5", 500),
        ("0.001", 1),
        ("1.500000", 1500),
        ("1000000000", MOST * 1000),
        ("007", 7000),
    ],
)
def test_an_amount_is_read_in_thousandths(app, typed, thousandths):
    with sent(app, amount=typed) as form:
        assert form.errors == {}
        assert form.amount.data == thousandths


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("0", "more than zero"),
        ("-1", "more than zero"),
        ("-0.001", "more than zero"),
        ("0.0001", "three decimals"),
        ("1.0001", "three decimals"),
        ("1." + "0" * 40 + "1", "three decimals"),
        ("1000000000.001", "at most"),
        ("1" + "0" * 99, "at most"),
        ("9" * 4000, "at most"),
        ("many", "as a number"),
        ("1e3", "as a number"),
        ("1E+99", "as a number"),
        ("NaN", "as a number"),
        ("Infinity", "as a number"),
        ("0x10", "as a number"),
        ("1_000", "as a number"),
        ("1,00", "as a number"),
        ("2,5", "as a number"),
        ("1.", "as a number"),
        (".", "as a number"),
        ("-", "as a number"),
        ("--1", "as a number"),
        ("1 000", "as a number"),
        ("٣", "as a number"),
        ("½", "as a number"),
        ("<b>1</b>", "as a number"),
    ],
)
def test_what_is_no_amount_is_said_at_the_field_and_kept(app, typed, said):
    with sent(app, amount=typed) as form:
        assert form.status == 422
        assert form.amount.data is None
        assert said in form.errors["amount"][0]
        assert shown(form.amount) == typed


@given(thousandths=st.integers(1, MOST * 1000))
def test_an_amount_is_read_back_to_the_last_thousandth(thousandths):
    field = SimpleNamespace(raw_data=None, data=None)
    AmountField.process_formdata(field, [f"{Decimal(thousandths) / 1000:,}"])
    assert field.data == thousandths


@given(text=st.text(max_size=40))
def test_no_text_breaks_an_amount(text):
    field = SimpleNamespace(raw_data=None, data=None)
    try:
        AmountField.process_formdata(field, [text])
    except ValueError:
        assert field.data is None
    else:
        assert field.data is None or 0 < field.data <= MOST * 1000


# ---------------------------------------------------------------- times


@pytest.fixture(autouse=True)
def _missouri():
    times.use_zone("America/Chicago")
    yield
    times.use_zone(times.DEFAULT_ZONE)


@pytest.mark.parametrize(
    ("typed", "instant"),
    [
        ("2027-04-21T19:00", datetime(2027, 4, 22, 0, 0, tzinfo=UTC)),  # CDT
        ("2027-01-21T19:00", datetime(2027, 1, 22, 1, 0, tzinfo=UTC)),  # CST
        ("2027-04-21 19:00", datetime(2027, 4, 22, 0, 0, tzinfo=UTC)),
        ("2027-04-21T19:00:30", datetime(2027, 4, 22, 0, 0, 30, tzinfo=UTC)),
        (" 2027-04-21T19:00 ", datetime(2027, 4, 22, 0, 0, tzinfo=UTC)),
        ("2028-02-29T12:00", datetime(2028, 2, 29, 18, 0, tzinfo=UTC)),
        # One minute before the clocks go forward, and the first one after.
        ("2027-03-14T01:59", datetime(2027, 3, 14, 7, 59, tzinfo=UTC)),
        ("2027-03-14T03:00", datetime(2027, 3, 14, 8, 0, tzinfo=UTC)),
        # The hour that comes twice: its first.
        ("2027-11-07T01:30", datetime(2027, 11, 7, 6, 30, tzinfo=UTC)),
        ("2027-11-07T02:00", datetime(2027, 11, 7, 8, 0, tzinfo=UTC)),
    ],
)
def test_a_time_is_read_in_the_incidents_zone(app, typed, instant):
    with sent(app, at=typed) as form:
        assert form.errors == {}
        assert form.at.data == instant


@pytest.mark.parametrize("typed", ["2027-03-14T02:00", "2027-03-14T02:30", "2027-03-14T02:59"])
def test_a_time_that_the_clocks_skip_is_said_to_be_skipped(app, typed):
    with sent(app, at=typed) as form:
        assert "skip" in form.errors["at"][0]
        assert shown(form.at) == typed


def test_the_same_words_are_another_instant_in_another_zone(app):
    with sent(app, at="2027-03-14T02:30") as form:
        assert form.errors
    times.use_zone("America/Phoenix")  # knows no summer time
    with sent(app, at="2027-03-14T02:30") as form:
        assert form.at.data == datetime(2027, 3, 14, 9, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "typed",
    [
        "tomorrow",
        "19:00",
        "2027-04-21",
        "2027-02-29T12:00",
        "2027-13-01T12:00",
        "2027-04-21T24:01",
        "2027-04-21T19:00Z",
        "2027-04-21T19:00-05:00",
        "2027-W16-3T19:00",
        "20270421T1900",
        "0000-01-01T00:00",
        "9999-12-31T23:59",
        "99999-01-01T00:00",
        "\u0662\u0660\u0662\u0667-04-21T19:00",
        "<script>",
    ],
)
def test_what_is_no_time_is_said_at_the_field_and_kept(app, typed):
    with sent(app, at=typed) as form:
        assert "date and a time" in form.errors["at"][0]
        assert form.at.data is None
        assert shown(form.at) == typed


@given(text=st.text(max_size=30) | st.from_regex(r"\A\d{4}-\d\d-\d\dT\d\d:\d\d\Z"))
def test_no_text_breaks_a_time(text):
    field = SimpleNamespace(raw_data=None, data=None)
    try:
        LocalTimeField.process_formdata(field, [text])
    except ValueError:
        assert field.data is None
    else:
        assert field.data is None or field.data.tzinfo is UTC


@given(minutes=st.integers(0, 20 * 365 * 1440))
def test_a_time_that_is_shown_can_be_sent_back_to_the_minute(minutes):
    at = datetime(2020, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    back = times.parse_typed(times.typed(at))
    # In the hour that comes twice the second pass is read as the first.
    assert (at - back).total_seconds() in {0, 3600}


# ---------------------------------------------------------------- keys, versions, refusals


def test_each_page_has_a_key_of_its_own_and_keeps_the_one_that_was_sent(app):
    with app.test_request_context("/x"):
        keys = {Typed().once.data for _ in range(50)}
    assert len(keys) == 50
    assert all(len(key) >= 20 for key in keys)
    with sent(app, once="as-sent") as form:
        assert form.once_key.token == "as-sent"


def test_a_key_is_bound_to_the_route_and_to_what_was_typed(app):
    def key(_path="/x", **typed):
        with sent(app, _path=_path, **typed) as form:
            return form.once_key

    first = key(once="k", csrf_token="a", amount="1", at="")
    assert key(once="k", csrf_token="b", at="", amount="1") == first
    assert key(once="k", amount="2", at="").body_hash != first.body_hash
    assert key(once="k", amount="1", at="", more="x").body_hash != first.body_hash
    assert key(once="k", amount="1", at="", _path="/y").route != first.route
    assert len(key(once="k" * 900, _path="/" + "x" * 900).token) <= 64


def test_a_page_holds_the_version_that_it_was_made_from(app):
    row = SimpleNamespace(version=7)
    with app.test_request_context("/x"):
        assert Typed(row=row).version.data == "7"
    with sent(app, _row=row, version="5") as form:
        assert [(it.row, it.version) for it in form.held(row)] == [(row, 5)]


@pytest.mark.parametrize("typed", ["", "x", "-1", "1.0", "\u0663", "1 OR 1=1"])
def test_a_version_that_is_no_number_is_none_that_a_row_ever_had(app, typed):
    with sent(app, version=typed) as form:
        assert all(it.version < 0 for it in form.held(object()))


def test_of_two_forms_on_a_page_only_the_one_that_was_sent_reads_what_was_typed(app):
    with app.test_request_context("/x", method="POST", data={"amount": "5", "once": "k"}):
        first, second = Typed(), Typed()
    assert (first.amount.data, first.once.data) == (5000, "k")
    assert second.amount.data is None
    assert second.once.data != "k"


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (StateGoneError("Somebody was faster."), 409),
        (VersionGoneError("It changed."), 409),
        (OnceReusedError("Open the page again."), 422),
        (FieldError("unknown", "Not for any field here."), 422),
    ],
)
def test_what_a_write_refuses_is_said_above_the_form(app, error, status):
    with sent(app, amount="5") as form:
        with form.catching():
            raise error
        assert form.status == status
        assert str(error) in form.refusal
        assert shown(form.amount) == "5"


def test_what_a_rule_refuses_in_a_field_is_said_there(app):
    with sent(app, amount="5") as form:
        with form.catching():
            raise FieldError("amount", "Less, please.")
        assert form.status == 422
        assert form.errors == {"amount": ["Less, please."]}


def test_what_is_not_for_this_person_is_no_matter_of_the_form(app):
    with sent(app) as form, pytest.raises(NotAllowedError), form.catching():
        raise NotAllowedError


def test_after_a_conflict_the_form_is_for_the_row_as_it_now_stands(app):
    row = SimpleNamespace(version=1)
    with sent(app, _row=row, version="1", once="k") as form:
        row.version = 2
        with form.catching():
            raise VersionGoneError
        assert form.version.data == "2"


@pytest.mark.parametrize(
    ("typed", "kept"),
    [(" a\r\nb \n", "a\nb"), ("a\tb", "a\tb"), (None, None), ("  ", "")],
)
def test_text_is_kept_without_blanks_at_its_ends(typed, kept):
    assert stripped(typed) == kept
