"""What was said of a connection against what came of it."""

from __future__ import annotations

import pytest

from hapilot.explain import explanation
from hapilot.reconcile import live
from hapilot.runtime import attempt

FORWARD = explanation.Explanation("t", "forward", "because", listener="https", service="shop")
REDIRECT = explanation.Explanation("t", "redirect", "because", listener="http", status=308, location="https://a.test/")
NOT_FOUND = explanation.Explanation("t", "respond", "because", listener="https", status=404)
REJECT = explanation.Explanation("t", "reject", "because", listener="https")
NO_LISTENER = explanation.Explanation("t", "reject", "nothing listens on port 1")

OK = attempt.Seen("response", 200)
MOVED = attempt.Seen("response", 308, (("Location", "https://a.test/"),))
CLOSED = attempt.Seen("closed", problem="reset")
NO_ANSWER = attempt.Seen("closed", problem="Connection refused", connected=False)


@pytest.mark.parametrize(
    ("said", "seen", "taken", "expected"),
    [
        (FORWARD, OK, ("shop",), []),
        (FORWARD, OK, ("shop", "other"), []),
        (FORWARD, attempt.Seen("response", 503), ("shop",), []),
        (FORWARD, OK, ("other",), ["said: service shop; taken by other"]),
        (FORWARD, CLOSED, (), ["said: service shop; its counters did not move"]),
        (FORWARD, attempt.Seen("response", 421), ("shop",), ["said: forwarded; seen: 421"]),
        (FORWARD, NO_ANSWER, (), ["said: listener https; nothing listens there (Connection refused)"]),
        (REDIRECT, MOVED, (), []),
        (REDIRECT, OK, (), ["said: 308; seen: 200", "said: to https://a.test/; seen: None"]),
        (NOT_FOUND, attempt.Seen("response", 404), (), []),
        (NOT_FOUND, CLOSED, (), ["said: 404; seen: closed (reset)"]),
        (REJECT, CLOSED, (), []),
        (REJECT, MOVED, (), ["said: refused; seen: 308 to https://a.test/"]),
        (REJECT, attempt.Seen("data", data=b"220 hi\r\n"), (), ["said: refused; seen: the server said '220 hi'"]),
        (REJECT, attempt.Seen("tls", certificate=("a.test",)), (), ["said: refused; seen: a certificate for a.test"]),
        (REJECT, NO_ANSWER, (), ["said: listener https; nothing listens there (Connection refused)"]),
        (NO_LISTENER, NO_ANSWER, (), []),
    ],
)
def test_differences(said: explanation.Explanation, seen: attempt.Seen, taken: tuple[str, ...], expected: list[str]) -> None:
    assert list(live.differences(said, seen, taken)) == expected


def test_words_name_who_took_it() -> None:
    comparison = live.Comparison(OK, ("shop",), ())
    assert comparison.words == "200, taken by shop"
    assert comparison.as_json()["agrees"] is True
