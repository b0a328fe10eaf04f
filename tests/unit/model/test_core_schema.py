from __future__ import annotations

import math

import pytest

from hapilot.model import core_schema


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None), ("~", None), ("null", None), ("NULL", None), ("nUll", "nUll"),
        ("true", True), ("False", False), ("TRUE", True), ("tRue", "tRue"),
        ("on", "on"), ("off", "off"), ("yes", "yes"), ("No", "No"), ("y", "y"),
        ("0", 0), ("-12", -12), ("+12", 12), ("010", 10), ("0o10", 8), ("0x1F", 31), ("0o8", "0o8"), ("0b1", "0b1"), ("1_000", "1_000"),
        ("1.5", 1.5), (".5", 0.5), ("5.", 5.0), ("1e3", 1000.0), ("-1.5E-3", -0.0015), (".inf", math.inf), ("-.Inf", -math.inf),
        (".", "."), ("-", "-"), ("+", "+"), ("1.2.3", "1.2.3"), ("e3", "e3"), (".e3", ".e3"),
        ("12:30:45", "12:30:45"), ("2026-11-20", "2026-11-20"), ("10.0.0.1:80", "10.0.0.1:80"), ("9" * 5000, "9" * 5000),
    ],
)  # fmt: skip
def test_plain_scalars(text: str, value: object) -> None:
    found = core_schema.resolve(text)
    assert found == value
    assert type(found) is type(value)


def test_nan_is_a_number() -> None:
    found = core_schema.resolve(".nan")
    assert isinstance(found, float)
    assert math.isnan(found)
