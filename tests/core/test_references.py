"""References: said on the telephone, carried by paths, and no counter."""

from __future__ import annotations

import re

from portal.core.references import ALPHABET, new_reference


def test_a_reference_can_be_said_and_heard():
    assert re.fullmatch(r"OZ27-[0-9A-HJKMNP-TV-Z]{4}", new_reference("OZ27"))
    assert re.fullmatch(r"[0-9A-HJKMNP-TV-Z]{8}", new_reference())
    assert not set("ILOU") & set(ALPHABET)


def test_references_do_not_count():
    made = [new_reference() for _ in range(200)]
    assert len(set(made)) == 200
    assert made != sorted(made)
    assert {len(it) for it in made} == {8}
