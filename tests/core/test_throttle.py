"""Slowing down those who guess, and nobody else."""

from __future__ import annotations

from portal.core.throttle import PER_ACCOUNT, PER_ADDRESS, Throttle

HERE, THERE = "192.0.2.1", "198.51.100.7"


def guess(throttle, account, address):
    """Try and fail, as long as it is let; return whether it was."""
    admitted = throttle.admits(account, address)
    if admitted:
        throttle.failed(address)
    return admitted


def test_a_few_failures_are_forgiven_to_everybody_and_more_to_nobody():
    throttle = Throttle()
    tries = [guess(throttle, "a@x.example", HERE) for _ in range(PER_ACCOUNT.amount + 3)]
    assert tries == [True] * PER_ACCOUNT.amount + [False] * 3


def test_an_owner_elsewhere_is_not_locked_out():
    throttle = Throttle()
    while guess(throttle, "owner@x.example", HERE):
        pass
    assert throttle.admits("owner@x.example", THERE)


def test_another_account_from_the_same_address_may_still_try():
    throttle = Throttle()
    while guess(throttle, "a@x.example", HERE):
        pass
    assert throttle.admits("b@x.example", HERE)


def test_an_address_that_guesses_many_accounts_is_stopped_for_all():
    throttle = Throttle()
    tried = 0
    while guess(throttle, f"{tried}@x.example", HERE):
        tried += 1
    assert tried == PER_ADDRESS.amount
    assert not throttle.admits("somebody@x.example", HERE)
    assert throttle.admits("somebody@x.example", THERE)


def test_nobody_shuts_an_owner_out_of_a_known_device():
    throttle = Throttle()
    for number in range(PER_ADDRESS.amount):
        guess(throttle, f"{number}@x.example", HERE)
    assert not throttle.admits("owner@x.example", HERE)
    assert throttle.admits("owner@x.example", HERE, "the owner's telephone")


def test_the_right_password_takes_the_failures_back():
    throttle = Throttle()
    for _ in range(3):
        for _ in range(PER_ACCOUNT.amount - 1):
            assert guess(throttle, "a@x.example", HERE)
        assert throttle.admits("a@x.example", HERE)
        throttle.forgive("a@x.example", HERE)


def test_right_passwords_alone_never_slow_anybody_down():
    throttle = Throttle()
    for _ in range(PER_ADDRESS.amount * 2):
        assert throttle.admits("a@x.example", HERE)
        throttle.forgive("a@x.example", HERE)
