"""What a reload was for."""

from __future__ import annotations

import pytest

from hapilot.publish import tally
from hapilot.reconcile import changed
from hapilot.render import bundle

CONFIG = b"""# Site hapilot
global
    maxconn 9

# listener web (site.yaml:1)
frontend web  # (site.yaml:1)
    bind :80  # why (site.yaml:2)
"""
BASE = {
    "haproxy.cfg": CONFIG,
    "hello.lua": b"one",
    "ca/0.pem": b"one",
    "certs/list": b"one",
    "certs/shop.pem": b"one",
    "maps/web.map": b"one",
    "pages/503.http": b"one",
}


def made(**changes: bytes | None) -> bundle.Bundle:
    """The usual files with changes; None leaves one out."""
    contents = {**BASE, **{path.replace("__", "/").replace("_", "."): content for path, content in changes.items()}}
    return bundle.Bundle(tuple(bundle.BundleFile(path, content) for path, content in contents.items() if content is not None))


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (made(haproxy_cfg=CONFIG.replace(b":80", b":81")), "configuration"),
        (made(haproxy_cfg=CONFIG + b"    # maxconn 3\n"), "configuration"),
        (made(haproxy_cfg=CONFIG.replace(b"site.yaml:", b"site.yaml:1")), "comments"),
        (made(hello_lua=b"two"), "scripts"),
        (made(ca__0_pem=None), "authorities"),
        (made(certs__shop_pem=b"two"), "certificates"),
        (made(certs__blog_pem=b"new"), "certificates"),
        (made(maps__web_map=b"two"), "routes"),
        (made(pages__503_http=b"two"), "files"),
        (made(live_cfg=b"new"), "files"),
        (made(maps__web_map=b"two", live_cfg=b"new"), "routes"),
        (made(maps__web_map=b"two", certs__shop_pem=b"two"), "certificates"),
        (made(maps__web_map=b"two", haproxy_cfg=CONFIG.replace(b"9", b"10")), "configuration"),
        (made(maps__web_map=b"two", haproxy_cfg=CONFIG.replace(b"yaml:1", b"yaml:3")), "routes"),
    ],
)
def test_the_weightiest_difference_is_the_reason(after: bundle.Bundle, expected: tally.Reason) -> None:
    assert changed.reason(made(), after) == expected
    assert changed.reason(after, made()) == expected


def test_all_differences_are_told_the_weightiest_first() -> None:
    after = made(maps__web_map=b"two", certs__shop_pem=b"two", pages__503_http=None)
    assert changed.reasons(made(), after) == ("certificates", "routes", "files")
    assert changed.reasons(made(), made()) == ()
