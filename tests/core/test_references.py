"""References: said on the telephone, carried by paths, and no counter."""

from __future__ import annotations

import re

from portal.core import references
from portal.core.references import ALPHABET, new_reference, unused_reference
from portal.organizations.models import Organization
from tests.world import add_organization


def test_a_reference_can_be_said_and_heard():
    assert re.fullmatch(r"OZ27-[0-9A-HJKMNP-TV-Z]{4}", new_reference("OZ27"))
    assert re.fullmatch(r"[0-9A-HJKMNP-TV-Z]{8}", new_reference())
    assert not set("ILOU") & set(ALPHABET)


def test_references_do_not_count():
    made = [new_reference() for _ in range(200)]
    assert len(set(made)) == 200
    assert made != sorted(made)
    assert {len(it) for it in made} == {8}


def test_a_reference_that_is_taken_is_not_given_again(session, monkeypatch):
    monkeypatch.setattr(references, "ALPHABET", "A")
    taken = [add_organization(session, f"Organization {n}").reference for n in range(1)]
    assert taken == ["AAAAAAAA"]
    assert unused_reference(session, Organization.reference) == "AAAAAAAAA"
    assert unused_reference(session, Organization.reference, "EX27") == "EX27-AAAA"
