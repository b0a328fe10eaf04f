"""Bundles: digests and what a path may be."""

from __future__ import annotations

import pytest

from hapilot.render.bundle import Bundle, BundleFile


def test_the_digest_depends_on_content_path_and_mode_and_not_on_order() -> None:
    one, two = BundleFile("a", b"1"), BundleFile("b", b"2")
    digest = Bundle((one, two)).digest
    assert Bundle((two, one)).digest == digest
    assert Bundle((one, BundleFile("b", b"3"))).digest != digest
    assert Bundle((one, BundleFile("c", b"2"))).digest != digest
    assert Bundle((one, BundleFile("b", b"2", 0o600))).digest != digest


def test_get() -> None:
    one = BundleFile("maps/a.map", b"1")
    assert Bundle((one,)).get("maps/a.map") is one
    assert Bundle((one,)).get("maps") is None


@pytest.mark.parametrize("path", ["", "/etc/passwd", "../up", "a/../b", "a//b", "./a", "a/", "a\0b"])
def test_a_path_stays_inside(path: str) -> None:
    with pytest.raises(ValueError, match="not a plain relative path"):
        BundleFile(path, b"")


def test_a_path_is_there_once() -> None:
    with pytest.raises(ValueError, match="more than once"):
        Bundle((BundleFile("a", b"1"), BundleFile("a", b"2")))
