"""``haproxy -vv`` of real builds."""

from __future__ import annotations

from pathlib import Path

import pytest

from hapilot.runtime import version

DATA = Path(__file__).parent / "data"


@pytest.mark.parametrize(
    ("name", "numbers", "text", "library", "end"),
    [
        ("vv-2.6.txt", (2, 6, 12), "2.6.12-1+deb12u4", "OpenSSL 3.0.19 27 Jan 2026", "Q2 2027"),
        ("vv-2.8.txt", (2, 8, 25), "2.8.25-5cf5d0683", "OpenSSL 3.0.15 3 Sep 2024", "Q2 2028"),
    ],
)
def test_real_builds(name: str, numbers: tuple[int, ...], text: str, library: str, end: str) -> None:
    info = version.parse_version((DATA / name).read_text(encoding="utf-8"))
    assert info is not None
    assert (info.version, info.text, info.tls_library, info.end_of_life) == (numbers, text, library, end)
    assert "OPENSSL" in info.features
    assert "QUIC" not in info.features


def test_development_versions_and_other_programs() -> None:
    info = version.parse_version("HAProxy version 3.3-dev2-1234 2026/01/01\n")
    assert info is not None
    assert info.version == (3, 3)
    assert version.parse_version("BusyBox v1.36") is None
