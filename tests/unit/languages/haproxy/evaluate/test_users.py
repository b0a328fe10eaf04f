"""User lists: what is known of hashes, and what is left to the system."""

from __future__ import annotations

import base64

import pytest

from hapilot.languages.haproxy.evaluate import users
from hapilot.languages.haproxy.evaluate.values import Unknown

LINES = """
group G1 users ann,zoe
user ann insecure-password p:w groups G2
user ann insecure-password other
user md5 password $1$abcdefgh$G//4keteveJp0qb8z2DxG/
user old password $y$j9T$abc$def
user bad password $6$short
"""


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


@pytest.mark.parametrize(
    ("authorization", "user"),
    [
        (basic("ann", "p:w"), "ann"),
        (basic("ann", "other"), None),
        (basic("zoe", ""), None),
        (basic("md5", "password"), "md5"),
        (basic("md5", "Password"), None),
        (basic("", ""), None),
        ("Bearer x", None),
        ("", None),
    ],
)
def test_who_is_let_in(authorization: str, user: str | None) -> None:
    people = users.parse(line.split() for line in LINES.strip().splitlines())
    assert people.knows(authorization) == user
    assert people.users["ann"].groups == {"G1", "G2"}


@pytest.mark.parametrize("authorization", [basic("old", "x"), basic("bad", "x"), "Bas eDp5"])
def test_what_is_not_known(authorization: str) -> None:
    people = users.parse(line.split() for line in LINES.strip().splitlines())
    with pytest.raises(Unknown):
        people.knows(authorization)
