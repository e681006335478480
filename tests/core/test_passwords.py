"""Passwords: hashed slowly, and never in the way of others."""

from __future__ import annotations

import json
import subprocess
import sys
import time

from argon2 import extract_parameters

from portal.core.passwords import hash_password, password_matches

PASSWORD = "correct horse battery staple"


def test_a_password_matches_its_own_hash_and_no_other():
    known = hash_password(PASSWORD)
    assert password_matches(PASSWORD, known)
    for wrong in ("", PASSWORD + " ", PASSWORD.upper(), "x" * 128):
        assert not password_matches(wrong, known)


def test_a_hash_is_argon2id_salted_and_slow_enough():
    one, two = hash_password(PASSWORD), hash_password(PASSWORD)
    assert one != two
    assert one.startswith("$argon2id$")
    cost = extract_parameters(one)
    assert (cost.time_cost, cost.memory_cost) >= (2, 19_456)
    assert PASSWORD not in one


def test_letters_outside_ascii_count():
    known = hash_password("Überschwemmung im Süden")
    assert password_matches("Überschwemmung im Süden", known)
    assert not password_matches("Uberschwemmung im Suden", known)


def test_nobody_and_nonsense_match_nothing():
    assert not password_matches("nobody has this password", None)
    for nonsense in ("", "plain text", "$argon2id$v=19$broken", "$2b$12$" + "a" * 53):
        assert not password_matches("plain text", nonsense)


def quickest(check):
    times = []
    for _ in range(5):
        began = time.perf_counter()
        check()
        times.append(time.perf_counter() - began)
    return min(times)


def test_that_there_is_no_such_person_takes_as_long_to_find_out():
    known = hash_password(PASSWORD)
    wrong = quickest(lambda: password_matches("wrong", known))
    nobody = quickest(lambda: password_matches("wrong", None))
    assert nobody > wrong / 3


# A patched process, as the server is: a ticker runs while passwords are checked.
UNDER_GEVENT = """
from gevent import monkey
monkey.patch_all()
import gevent, json, time
from portal.core.hub import off_hub
from portal.core.passwords import hash_password, password_matches

known = hash_password("a password")
longest, over = 0.0, False

def tick():
    global longest
    while not over:
        began = time.perf_counter()
        gevent.sleep(0.001)
        longest = max(longest, time.perf_counter() - began)

ticker = gevent.spawn(tick)
jobs = [gevent.spawn(password_matches, "a password", known) for _ in range(8)]
gevent.joinall(jobs, raise_error=True)
over = True
ticker.join()
try:
    off_hub(lambda: 1 // 0)
    raised = False
except ZeroDivisionError:
    raised = True
print(json.dumps({"right": [job.value for job in jobs], "longest": longest, "raised": raised}))
"""


def test_checking_passwords_stops_nobody_else_in_a_serving_process():
    script = [sys.executable, "-c", UNDER_GEVENT]
    run = subprocess.run(script, check=True, capture_output=True, timeout=60)
    told = json.loads(run.stdout)
    assert told["right"] == [True] * 8
    assert told["raised"]
    assert run.stderr == b"", "what is raised goes to whoever waits for it, not to the log"
    assert told["longest"] < 0.5, "the hub stood still while passwords were checked"
