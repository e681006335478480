"""The reader of the Weather Service's alerts: a file is read whole or refused whole."""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.alerts.geojson import MAX_BYTES, Alert, BrokenFileError, read_alerts
from portal.core import codes

REAL = (Path(__file__).parents[1] / "data" / "nws-active-alerts.json").read_bytes()

SENDER = "w-nws.webmaster@noaa.gov"
OID = "urn:oid:2.49.0.1.840.0."


def properties(**more):
    """Return what the service says about one alert; a name with None is said to be null."""
    told = {
        "id": f"{OID}abc.001.1",
        "sender": SENDER,
        "senderName": "NWS Springfield MO",
        "sent": "2027-04-21T14:05:00-05:00",
        "effective": "2027-04-21T14:05:00-05:00",
        "onset": "2027-04-21T15:00:00-05:00",
        "expires": "2027-04-21T20:00:00-05:00",
        "ends": "2027-04-22T00:00:00-05:00",
        "status": "Actual",
        "messageType": "Alert",
        "category": "Met",
        "severity": "Severe",
        "urgency": "Immediate",
        "certainty": "Observed",
        "event": "Flash Flood Warning",
        "headline": "Flash Flood Warning until 7 PM",
        "description": "Water over\nroads.",
        "instruction": "Turn around.",
        "areaDesc": "Greene, MO; Christian, MO",
        "geocode": {"SAME": ["029077", "029043"], "UGC": ["MOC077", "MOC043"]},
        "references": [],
    }
    return told | more


def without(name):
    return {key: value for key, value in properties().items() if key != name}


def collection(*told):
    features = [{"type": "Feature", "geometry": None, "properties": it} for it in told]
    return {"type": "FeatureCollection", "features": features}


def file(*told):
    return json.dumps(collection(*told)).encode()


def one(**more):
    (alert,) = read_alerts(file(properties(**more)))
    return alert


# ---------------------------------------------------------------- the real file


def test_a_real_file_is_read_whole():
    alerts = read_alerts(REAL)
    assert Counter(it.message_type for it in alerts) == {"Update": 77, "Alert": 60}
    severities = Counter(it.severity for it in alerts)
    assert severities == Counter(Severe=90, Moderate=40, Unknown=4, Extreme=2, Minor=1)
    assert all(it.is_real and it.category == "Met" for it in alerts)
    assert len({it.key for it in alerts}) == 137
    assert Counter(it.ends is None for it in alerts) == {False: 119, True: 18}
    assert sum(it.instruction == "" for it in alerts) == 11
    # It is of a day on which nothing happened in Missouri.
    assert {it.counties for it in alerts} == {()}


def test_a_known_update_says_what_it_replaces():
    update = read_alerts(REAL)[0]
    assert update.message_type == "Update"
    assert update.event == "Flash Flood Warning"
    assert update.key == (
        SENDER,
        f"{OID}ec697a7e3e7d106516aa91b3e6496b24aaec70fb.001.1",
        "2026-01-15T17:58:00+00:00",
    )
    assert update.expires == datetime(2026, 1, 16, 1, 5, tzinfo=UTC)
    assert update.areas == "King, WA"
    assert update.description.startswith("At 153 PM PST, county dispatch reported a breach")
    assert update.references == (
        (
            SENDER,
            f"{OID}63a42e39f3aa3d224af13646ee40a935639cefa6.001.1",
            "2025-12-15T19:51:00+00:00",
        ),
        (
            SENDER,
            f"{OID}d078df0fdbc73df3011748fcd9b3c81e69b7c7a2.001.1",
            "2025-12-15T20:11:00+00:00",
        ),
    )


def test_a_known_alert_replaces_nothing():
    alert = next(it for it in read_alerts(REAL) if it.message_type == "Alert")
    assert alert.event == "High Wind Watch"
    assert alert.references == ()
    assert alert.sent.tzinfo is UTC


def test_the_real_file_moved_to_missouri():
    moved = REAL.replace(b'"053033"', b'"029510"')
    counties = Counter(it.counties for it in read_alerts(moved))
    assert set(counties) == {(), ("29510",)}


def test_reading_a_day_takes_no_time():
    began = time.process_time()
    read_alerts(REAL)
    assert time.process_time() - began < 0.5


# ---------------------------------------------------------------- one alert


def test_every_property_is_read():
    assert one() == Alert(
        identifier=f"{OID}abc.001.1",
        sender=SENDER,
        sent=datetime(2027, 4, 21, 19, 5, tzinfo=UTC),
        status="Actual",
        message_type="Alert",
        event="Flash Flood Warning",
        headline="Flash Flood Warning until 7 PM",
        description="Water over\nroads.",
        instruction="Turn around.",
        severity="Severe",
        urgency="Immediate",
        certainty="Observed",
        category="Met",
        sender_name="NWS Springfield MO",
        effective=datetime(2027, 4, 21, 19, 5, tzinfo=UTC),
        onset=datetime(2027, 4, 21, 20, 0, tzinfo=UTC),
        expires=datetime(2027, 4, 22, 1, 0, tzinfo=UTC),
        ends=datetime(2027, 4, 22, 5, 0, tzinfo=UTC),
        counties=("29043", "29077"),
        areas="Greene, MO; Christian, MO",
        references=(),
    )


def test_what_may_be_missing():
    told = properties()
    for name in ("headline", "description", "instruction", "senderName", "onset", "ends"):
        told[name] = None
    told.pop("references")
    (alert,) = read_alerts(file(told))
    words = (alert.headline, alert.description, alert.instruction, alert.sender_name)
    assert words == ("", "", "", "")
    assert (alert.onset, alert.ends, alert.references) == (None, None, ())


@pytest.mark.parametrize(
    ("geocode", "counties"),
    [
        ({"SAME": ["029510", "029189"]}, ("29189", "29510")),
        ({"SAME": ["029077", "129077", "029077"]}, ("29077",)),
        ({"SAME": ["005009", "029009", "020091"]}, ("29009",)),
        ({"SAME": ["005009"]}, ()),
        ({"SAME": [], "UGC": ["MOZ088", "MOZ089"]}, ()),
        ({"UGC": ["MOZ088"]}, ()),
        ({"SAME": ["029000"]}, tuple(sorted(codes.load("counties")))),
        ({"SAME": ["029999"]}, ()),
    ],
)
def test_counties_of_missouri_are_taken_from_the_codes_and_no_others(geocode, counties):
    assert one(geocode=geocode).counties == counties


@pytest.mark.parametrize("status", ["Exercise", "System", "Test", "Draft"])
def test_an_exercise_is_not_real(status):
    assert one().is_real
    assert not one(status=status).is_real


def test_an_update_names_an_alert_by_its_key_whatever_zone_it_is_told_in():
    alert = one()
    reference = {"identifier": alert.identifier, "sender": SENDER}
    for sent in ("2027-04-21T14:05:00-05:00", "2027-04-21T19:05:00Z"):
        update = one(messageType="Update", references=[{**reference, "sent": sent}])
        assert update.references == (alert.key,)


def test_an_alert_that_is_there_twice_comes_once():
    assert len(read_alerts(file(properties(), properties(), properties(id="b")))) == 2


def test_no_alerts_are_alerts_too_and_a_byte_order_mark_does_not_matter():
    assert read_alerts(file()) == ()
    assert len(read_alerts(b"\xef\xbb\xbf" + file(properties()))) == 1


# ---------------------------------------------------------------- broken files

REFERENCE = {"identifier": "a", "sender": SENDER, "sent": "2027-04-21T14:05:00-05:00"}

BROKEN_ALERTS = [
    (without("id"), "id is missing"),
    (properties(id="  "), "id is missing"),
    (properties(id=7), "id is not text"),
    (properties(event="\0"), "event is not text"),
    (properties(event="\ud800"), "event is not text"),
    (properties(description=["a"]), "description is not text"),
    (without("sent"), "sent is missing"),
    (properties(sent="soon"), "sent is not a time with its zone"),
    (properties(sent="2027-04-21T14:05:00"), "sent is not a time with its zone"),
    (properties(sent="2027-04-21"), "sent is not a time with its zone"),
    (properties(sent="2027-02-30T14:05:00Z"), "sent is not a time"),
    (properties(sent="0001-01-01T00:00:00+14:00"), "sent is not a time"),
    (properties(sent="2027-04-21T14:05:00+99:00"), "sent is not a time"),
    (properties(sent=1_800_000_000), "sent is not text"),
    (without("expires"), "expires is missing"),
    (properties(ends="later"), "ends is not a time with its zone"),
    (properties(messageType="Correction"), "messageType is 'Correction', which is none of"),
    (properties(status="actual"), "status is 'actual', which is none of"),
    (properties(severity=None), "severity is missing"),
    (properties(urgency="Now"), "urgency is 'Now'"),
    (properties(certainty="Sure"), "certainty is 'Sure'"),
    (properties(category=["Met"]), "category is not text"),
    (without("areaDesc"), "areaDesc is missing"),
    (properties(references={}), "references is not a list"),
    (properties(references=None), "references is not a list"),
    (properties(references=["a"]), "reference 1 is not an object"),
    (properties(references=[REFERENCE, REFERENCE | {"sent": "x"}]), ", reference 2: sent is"),
    (properties(references=[{"sent": "x"}]), ", reference 1: sender is missing"),
    (without("geocode"), "geocode has no list of SAME codes"),
    (properties(geocode=["029077"]), "geocode has no list of SAME codes"),
    (properties(geocode={"SAME": "029077"}), "geocode has no list of SAME codes"),
    (properties(geocode={"SAME": ["29077"]}), "a SAME code that is not six digits"),
    (properties(geocode={"SAME": [29077]}), "a SAME code that is not six digits"),
    (properties(geocode={"SAME": ["MOC077"]}), "a SAME code that is not six digits"),
]


@pytest.mark.parametrize(("told", "reason"), BROKEN_ALERTS, ids=lambda it: str(it)[:40])
def test_one_broken_alert_refuses_the_file_with_its_place_and_reason(told, reason):
    raw = file(properties(id="a"), properties(id="b"), told, properties(id="d"))
    with pytest.raises(BrokenFileError, match=r"^alert 3") as refused:
        read_alerts(raw)
    assert reason in str(refused.value)


GOOD = file(properties())

BROKEN_FILES = [
    (b"", "not JSON: line 1"),
    (b"<html>503</html>", "not JSON: line 1"),
    (GOOD[:-9], "not JSON"),
    (GOOD + b"x", "not JSON"),
    (GOOD.replace(b"roads", b"\xff\xfe"), "not UTF-8: byte"),
    (GOOD.decode().encode("utf-16"), "not UTF-8"),
    (b"[]", "not a FeatureCollection"),
    (b"null", "not a FeatureCollection"),
    (b"{}", "not a FeatureCollection"),
    (b'{"type": "FeatureCollection"}', "not a FeatureCollection"),
    (b'{"type": "FeatureCollection", "features": {}}', "not a FeatureCollection"),
    (GOOD.replace(b'"FeatureCollection"', b'"Feature"'), "not a FeatureCollection"),
    (GOOD.replace(b'"Feature"', b'"Point"'), "alert 1: is not a Feature with properties"),
    (GOOD.replace(b'"properties"', b'"other"'), "alert 1: is not a Feature with properties"),
    (b'{"type": "FeatureCollection", "features": [7]}', "alert 1: is not a Feature"),
    (file(properties(), properties(event="Other")), "alert 2: is there twice"),
    (GOOD.replace(b'"sender":', b'"sent": "x", "sender":'), "'sent' is in one object twice"),
    (GOOD.replace(b'"geometry": null', b'"geometry": NaN'), "NaN, which is no number"),
    (GOOD.replace(b'"geometry": null', b'"geometry": -Infinity'), "-Infinity, which is no"),
    (GOOD.replace(b"null", b"1" * 5_000), "a number that is none"),
    (b"[" * 200_000, "nested too deeply"),
    (b'{"a":' * 200_000 + b"1" + b"}" * 200_000, "nested too deeply"),
    (GOOD + b" " * MAX_BYTES, "larger than 16 MB"),
]


@pytest.mark.parametrize(("raw", "reason"), BROKEN_FILES, ids=lambda it: str(it)[:40])
def test_a_broken_file_is_refused_whole_with_its_reason(raw, reason):
    with pytest.raises(BrokenFileError, match=re.escape(reason)):
        read_alerts(raw)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=5,
)


@given(st.sampled_from(sorted(properties())), JSON)
def test_whatever_a_property_is_the_file_is_read_or_refused(name, value):
    try:
        (alert,) = read_alerts(file(properties(**{name: value})))
    except BrokenFileError as error:
        assert str(error).startswith("alert 1")  # noqa: PT017 - either outcome is right
    else:
        assert alert.identifier


@given(st.integers(0, len(GOOD)), st.binary(max_size=3))
def test_whatever_the_bytes_are_the_file_is_read_or_refused(place, others):
    try:
        alerts = read_alerts(GOOD[:place] + others + GOOD[place + len(others) :])
    except BrokenFileError:
        return
    assert all(it.key for it in alerts)
