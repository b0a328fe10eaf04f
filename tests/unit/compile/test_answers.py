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
    line = list(answers.redirect(service.Redirect(to=to, code=302)))[-1]
    assert line.words == ("http-request", "redirect", "location", location, "code", "302")


def test_a_request_without_a_path_is_sent_to_the_start() -> None:
    """Only where the path matters there is a rule for it."""
    first, _ = answers.redirect(service.Redirect(to="https://new.test{path}#a"))
    assert " ".join(map(str, first.words[2:])) == "location https://new.test/#a code 308 unless { pathq -m beg / }"
    assert len(list(answers.redirect(service.Redirect(to="https://{host}/")))) == 1
