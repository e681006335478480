"""Contacts: found and hidden, while what a desk reads all day stays."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.core.contacts import HIDDEN, Contact, find_contacts, hide_contacts

TELEPHONES = [
    "417-555-0100",
    "(417) 555 0100",
    "(417)555-0100",
    "417.555.0100",
    "417 555 0100",
    "417/555-0100",
    "417 – 555 – 0100",
    "417\u2011555\u20110100",
    "417\u00a0555\u00a00100",
    "4175550100",
    "14175550100",
    "+14175550100",
    "+1 417 555 0100",
    "1-800-555-0199",
    "(555) 555-5555",
    "417-555-0100 ext. 12",
    "417-555-0100x12",
    "+44 20 7946 0958",
    "\uff14\uff11\uff17-555-0100",
    "555-0100",
    "555.0100",
    "869-1234",
    "869-1234 ext 7",
]

E_MAILS = [
    "liaison@store.example",
    "ann.o'neil+eoc@mail.sema.mo.gov",
    "4175550100@txt.carrier.example",
    "größe@bücher.example",
]

NO_CONTACTS = [
    "1,000-1,500 gal, 1000-1500 gal, 500-2000 gal, 500-2000, $500-2000, 300-1450 kW",
    "4,175,550,100 or 2,500,000.00 or 1,234,567 or $4175550100",
    "2026-11-22 14:05, 11/22/2026, 22.11.2026, 20261122, 2026-11-22T14:05:00-06:00",
    "221905ZNOV26, 221905Z NOV 26, 202611221405",
    "0700-1900, 800-1700, 730-1445, 14:00-16:30, 1200-1800 22 Nov",
    "US-60, MO-37, I-44, Route 160, mile 113.5-120.2, exit 80A",
    "29077, 29510, 29077 29043 29225, SAME 029077, MOC077, ZIP 65806-1234",
    "OZ27-K7F3, OZ27-2345, FEMA-4567-DR-MO, DR-4567, 2-508-1053, RSMo 44.415",
    "37.20895, -93.29229; N37.2089 W093.2922; 15S VA 12345 67890",
    "480/277 V, 3 phase, 2x100 kW, 123.4567, 5 of 12 stores, 10-4, @MoDOT, me @ home",
    "192.168.100.200",
]


@pytest.mark.parametrize("number", TELEPHONES)
@pytest.mark.parametrize("words", ["{}", "Call {} now.", "Ann ({}), at noon", "tel:{}\nThen"])
def test_a_telephone_number_is_hidden_whole(number, words):
    assert hide_contacts(words.format(number)) == words.format("[telephone hidden]")


@pytest.mark.parametrize("address", E_MAILS)
@pytest.mark.parametrize("words", ["{}", "Write to {}.", "<{}>, at noon", "mailto:{}\nThen"])
def test_an_e_mail_address_is_hidden_whole(address, words):
    assert hide_contacts(words.format(address)) == words.format("[e-mail hidden]")


@pytest.mark.parametrize("text", NO_CONTACTS)
def test_what_a_desk_reads_all_day_stays(text):
    assert find_contacts(text) == ()
    assert hide_contacts(text) == text


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("Call 500-2000 for fuel", "Call [telephone hidden] for fuel"),
        ("phone 555 0100", "phone [telephone hidden]"),
        ("Cell: 5550100", "Cell: [telephone hidden]"),
        ("reach Bob at 869 1234", "reach Bob at [telephone hidden]"),
        ("869-1234 Ft. Leonard Wood", "[telephone hidden] Ft. Leonard Wood"),
        ("stock of 869-1234 gallons", "stock of 869-1234 gallons"),
    ],
)
def test_seven_digits_are_a_number_or_a_range_by_what_stands_beside_them(text, hidden):
    assert hide_contacts(text) == hidden


def test_contacts_come_in_the_texts_order_with_their_places():
    text = "a@b.example or 417-555-0100 or c@d.example"
    assert find_contacts(text) == (
        Contact("e-mail", 0, 11),
        Contact("telephone", 15, 27),
        Contact("e-mail", 31, 42),
    )


PARTS = st.one_of(
    st.sampled_from([*TELEPHONES, *E_MAILS, *NO_CONTACTS, *HIDDEN.values()]),
    st.sampled_from([*" \n-.,:/()+@x", "417", "555", "0100", "call ", "gal", "US-60"]),
    st.text(max_size=6),
)
TEXTS = st.lists(PARTS, max_size=12).map("".join)


@given(TEXTS)
def test_nothing_found_is_left_and_hiding_twice_changes_nothing(text):
    hidden = hide_contacts(text)
    assert find_contacts(hidden) == ()
    assert hide_contacts(hidden) == hidden


@given(TEXTS)
def test_a_text_without_contacts_is_unchanged_and_places_lie_within_the_text(text):
    found = find_contacts(text)
    assert found or hide_contacts(text) == text
    places = [place for contact in found for place in (contact.start, contact.end)]
    assert places == sorted(places)
    assert all(contact.start < contact.end <= len(text) for contact in found)


@given(
    st.lists(st.sampled_from(TELEPHONES[:10] + E_MAILS), min_size=1, max_size=5),
    st.sampled_from([" and ", ", ", "\n", "; "]),
)
def test_none_of_several_contacts_is_left(contacts, between):
    hidden = hide_contacts(between.join(contacts))
    assert not any(contact in hidden for contact in contacts)


@pytest.mark.parametrize("part", ["1", "4 ", "417-", "a@", "a.", "(", "+1 ", "2 ", "500-2000 "])
def test_no_text_takes_long(part):
    began = time.perf_counter()
    hide_contacts(part * (20_000 // len(part)))
    assert time.perf_counter() - began < 2
