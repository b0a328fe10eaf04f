"""Passwords, hashed for user lists."""

from __future__ import annotations

from passlib import hash as hashes

from hapilot.base.secret import Secret
from hapilot.compile.rules import passwords


def test_the_hash_verifies_and_is_the_same_each_time() -> None:
    first = passwords.hashed("site", "admin", Secret("correct horse"))
    assert first == passwords.hashed("site", "admin", Secret("correct horse"))
    assert hashes.sha512_crypt.verify("correct horse", first)  # pyright: ignore
    assert not hashes.sha512_crypt.verify("wrong", first)  # pyright: ignore


def test_the_salt_says_nothing_of_the_password() -> None:
    one, two = (passwords.hashed("site", "admin", Secret(password)).split("$") for password in ("a", "b"))
    assert one[:-1] == two[:-1]
    assert one[-1] != two[-1]


def test_users_and_sites_have_salts_of_their_own() -> None:
    salts = {passwords.hashed(scope, user, Secret("x")).split("$")[-2] for scope in ("one", "two") for user in ("admin", "guest")}
    assert len(salts) == 4


def test_the_rounds_are_those_that_were_asked_for() -> None:
    cheap = passwords.hashed("site", "joe", Secret("x"), passwords.SERVICE_ROUNDS)
    assert cheap.startswith("$6$rounds=1000$")
    assert hashes.sha512_crypt.verify("x", cheap)  # pyright: ignore
