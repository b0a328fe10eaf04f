from __future__ import annotations

import pytest

from hapilot.model import site
from hapilot.sources.file import keys


@pytest.mark.parametrize(
    ("path", "some"),
    [
        ((), "services"),
        (("services", "shop"), "servers"),
        (("services", "shop", "servers", 0), "address"),
        (("services", "shop", "health"), "every"),
        (("services", "shop", "balance", "hash"), "cookie"),
        (("services", "shop", "match", 0), "query"),
        (("admin", "stats", "users", "x"), "password_env"),
        (("expect", 0), "from"),
        (("raw",), "global"),
        (("certificates", 0, "acme"), "email"),
    ],
)
def test_keys_of_a_mapping(path: site.Path, some: str) -> None:
    assert some in keys.known_keys(path)


@pytest.mark.parametrize("path", [("services",), ("nothing",), ("services", "shop", "host"), ("services", "shop", "host", 0, "x")])
def test_no_fixed_keys(path: site.Path) -> None:
    assert keys.known_keys(path) == ()
