"""Redirects: what the site file says is literal, but for its placeholders."""

from __future__ import annotations

import pytest

from hapilot.compile.rules import answers
from hapilot.model import service


@pytest.mark.parametrize(
    ("to", "location"),
    [
        ("https://new.test{path}", "https://new.test%[pathq]"),
        ("https://{host}:8443/a", "https://%[var(txn.host)]:8443/a"),
        ("/%5Bsrc%5D?to={path}&h={host}", "/%%5Bsrc%%5D?to=%[pathq]&h=%[var(txn.host)]"),
        ("/%[src]", "/%%[src]"),
        ("/", "/"),
    ],
)
def test_only_placeholders_are_replaced(to: str, location: str) -> None:
    line = answers.redirect(service.Redirect(to=to, code=302))
    assert line.words == ("http-request", "redirect", "location", location, "code", "302")
