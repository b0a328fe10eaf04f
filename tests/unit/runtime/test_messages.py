"""What HAProxy says about faulty files, as 2.6 and 2.8 said it."""

from __future__ import annotations

from pathlib import Path

import pytest

from hapilot.runtime.messages import Finding, parse_messages

DATA = Path(__file__).parent / "data"


@pytest.mark.parametrize("version", ["2.6", "2.8"])
def test_errors_with_their_lines(version: str) -> None:
    assert parse_messages((DATA / f"check-bad-{version}.txt").read_text(encoding="utf-8")) == (
        Finding("alert", "bad.cfg", 2, "unknown keyword 'foo' in 'global' section"),
        Finding("alert", "bad.cfg", 10, "unknown keyword 'servre' in 'listen' section; did you mean 'server' maybe ?"),
    )


@pytest.mark.parametrize("version", ["2.6", "2.8"])
def test_warnings_with_continued_lines(version: str) -> None:
    found = parse_messages((DATA / f"check-warn-{version}.txt").read_text(encoding="utf-8"))
    assert [(item.severity, item.file, item.line) for item in found] == [
        ("warning", "warn.cfg", 8),
        ("warning", "", 0),
        ("warning", "", 0),
        ("alert", "warn.cfg", 10),
        ("alert", "", 0),
    ]
    assert found[1].text.startswith("missing timeouts for frontend 'f'.\nWhile not properly invalid")
    assert found[3].text == "'server b/s' : could not resolve address 'nosuchhost.invalid'."


def test_a_place_inside_the_sentence_is_kept_in_it() -> None:
    text = "[ALERT]    (1) : config : unable to find 'x' in proxy 'f' declared at /s/haproxy.cfg:7 used here"
    assert parse_messages(text) == (
        Finding("alert", "/s/haproxy.cfg", 7, "unable to find 'x' in proxy 'f' declared at /s/haproxy.cfg:7 used here"),
    )


def test_a_sum_alone_is_better_than_nothing() -> None:
    text = "[ALERT]    (1) : config : Fatal errors found in configuration."
    assert parse_messages(text) == (Finding("alert", "", 0, "Fatal errors found in configuration."),)
    assert parse_messages("something else\n") == ()


def test_what_workers_say_while_they_serve_is_left_out() -> None:
    text = (
        "[WARNING]  (7) : Proxy f stopped (cumulated conns: FE: 0, BE: 0).\n"
        "[WARNING]  (7) : Server b/s is DOWN, reason: Layer4 connection problem.\n"
        "[ALERT]    (7) : backend 'b' has no server available!\n"
        "[WARNING]  (6) : config : missing timeouts for backend 'b'.\n"
    )
    assert parse_messages(text) == (Finding("warning", "", 0, "missing timeouts for backend 'b'."),)
