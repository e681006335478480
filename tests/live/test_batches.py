"""Many questions at once: each gets its own answer; an error is everybody's of its batch."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from portal.live.batches import Batches


def test_all_get_their_own_answer_in_few_batches():
    sizes: list[int] = []
    may_go = threading.Event()

    def answer(questions):
        may_go.wait(30)
        sizes.append(len(questions))
        return [it * 2 for it in questions]

    batches = Batches(answer, 40)
    with ThreadPoolExecutor(100) as pool:
        asked = [pool.submit(batches.ask, n) for n in range(100)]
        while batches.waiting < 60:
            pass
        may_go.set()
        assert [it.result(30) for it in asked] == [n * 2 for n in range(100)]
    assert max(sizes) == 40
    assert sum(sizes) == 100
    assert batches.waiting == 0


def test_an_error_reaches_those_who_asked_and_the_next_are_answered():
    def answer(questions):
        if "bad" in questions:
            raise LookupError("no")
        return questions

    batches = Batches(answer, 5)
    with pytest.raises(LookupError, match="no"):
        batches.ask("bad")
    assert batches.ask("good") == "good"
