"""The control protocol: both sides understand each other, and nothing else."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from hapilot.base import catalogue, diagnostics
from hapilot.base.diagnostics import Diagnostic
from hapilot.base.origin import Origin
from hapilot.reconcile import protocol

TEXTS = some.text(some.characters(exclude_characters="\0"), max_size=30)
COUNTS = some.integers(0, 2**53 - 1)
SECONDS = some.floats(0, 1e9)
REQUESTS: some.SearchStrategy[protocol.Request] = some.one_of(
    some.builds(protocol.Apply, TEXTS, some.floats(0, protocol.LONGEST_TRIAL)),
    some.just(protocol.Confirm()),
    some.builds(protocol.Rollback, COUNTS),
    some.builds(protocol.Drain, TEXTS, TEXTS),
    some.builds(protocol.Maintain, TEXTS, TEXTS),
    some.builds(protocol.Enable, TEXTS, TEXTS),
    some.builds(protocol.Weigh, TEXTS, TEXTS, some.none() | some.integers(0, 256)),
)
FOUND = some.builds(
    Diagnostic,
    some.sampled_from(diagnostics.Severity),
    some.sampled_from(sorted(catalogue.CODES)),
    TEXTS,
    some.builds(Origin, TEXTS, COUNTS, COUNTS),
    TEXTS,
)
MANY = some.lists(TEXTS, max_size=3).map(tuple)
ANSWERS: some.SearchStrategy[protocol.Answer] = some.one_of(
    some.builds(
        protocol.Done,
        some.sampled_from(["start", "adopt", "reload", "runtime", "nothing"]),
        COUNTS,
        COUNTS,
        MANY,
        MANY,
        SECONDS,
        SECONDS,
        COUNTS,
        TEXTS,
        some.lists(FOUND, max_size=3).map(tuple),
    ),
    some.builds(protocol.Failed, TEXTS, TEXTS, some.lists(FOUND, max_size=3).map(tuple)),
)
ANY_JSON = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats() | TEXTS,
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


@given(REQUESTS)
def test_a_request_arrives_as_it_was_sent(request_: protocol.Request) -> None:
    line = protocol.encode_request(request_)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert protocol.decode_request(line) == request_


@given(ANSWERS)
def test_an_answer_arrives_as_it_was_given(answer: protocol.Answer) -> None:
    assert protocol.decode_answer(protocol.encode_answer(answer, "1.0")) == answer


@settings(max_examples=200)
@given(some.binary(max_size=200))
def test_noise_is_refused_by_both(noise: bytes) -> None:
    for decode in (protocol.decode_request, protocol.decode_answer):
        with pytest.raises((protocol.Malformed, protocol.OtherVersion)):
            decode(noise)


@settings(max_examples=200)
@given(some.data())
def test_what_is_nearly_right_is_understood_or_refused_and_never_a_bug(data: some.DataObject) -> None:
    """Bytes changed, keys taken, added, and given another value."""
    is_request = data.draw(some.booleans())
    line = protocol.encode_request(data.draw(REQUESTS)) if is_request else protocol.encode_answer(data.draw(ANSWERS), "1.0")
    decode = protocol.decode_request if is_request else protocol.decode_answer
    if data.draw(some.booleans()):
        at = data.draw(some.integers(0, len(line) - 1))
        line = line[:at] + data.draw(some.binary(max_size=3)) + line[at + data.draw(some.integers(0, 3)) :]
    else:
        said: dict[str, Any] = json.loads(line)
        key = data.draw(some.sampled_from([*said, "more"]))
        if data.draw(some.booleans()):
            said.pop(key, None)
        else:
            said[key] = data.draw(ANY_JSON)
        line = json.dumps(said).encode()
    try:
        assert isinstance(decode(line), protocol.Request | protocol.Answer)
    except (protocol.Malformed, protocol.OtherVersion):
        return


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"", "not JSON"),
        (b"{" * 10000, "not JSON"),
        (b"[" * 16000, "not JSON"),
        (b'{"hapilot": 1, "verb": "apply"', "not JSON"),
        (b'{"hapilot": 1, "verb": "confirm", "verb": "rollback"}', "not JSON"),
        (b"[]", "not a JSON object"),
        (b'"hapilot"', "not a JSON object"),
        (b"{}", "'hapilot' is missing"),
        (b'{"hapilot": true, "verb": "confirm"}', "'hapilot' has a value"),
        (b'{"hapilot": 1}', "'verb' is missing"),
        (b'{"hapilot": 1, "verb": "reboot"}', "no verb 'reboot'"),
        (b'{"hapilot": 1, "verb": ["apply"]}', "'verb' has a value"),
        (b'{"hapilot": 1, "verb": "apply", "dry_run": true}', "takes no 'dry_run'"),
        (b'{"hapilot": 1, "verb": "confirm", "generation": 1}', "takes no 'generation'"),
        (b'{"hapilot": 1, "verb": "apply", "confirm_seconds": "60"}', "'confirm_seconds' has a value"),
        (b'{"hapilot": 1, "verb": "apply", "confirm_seconds": NaN}', "not JSON"),
        (b'{"hapilot": 1, "verb": "apply", "confirm_seconds": 1e999}', "'confirm_seconds' has a value"),
        (b'{"hapilot": 1, "verb": "apply", "confirm_seconds": 86401}', "from 0 to 86400"),
        (b'{"hapilot": 1, "verb": "apply", "confirm_seconds": -1}', "from 0 to 86400"),
        (b'{"hapilot": 1, "verb": "rollback", "generation": 1.5}', "'generation' has a value"),
        (b'{"hapilot": 1, "verb": "rollback", "generation": -1}', "'generation' has a value"),
        (b'{"hapilot": 1, "verb": "drain", "service": "shop"}', "'server' is missing"),
        (b'{"hapilot": 1, "verb": "drain", "service": "shop", "server": "a", "weight": 1}', "takes no 'weight'"),
        (b'{"hapilot": 1, "verb": "weight", "service": "shop", "server": "a", "weight": 257}', "from 0 to 256"),
        (b'{"hapilot": 1, "verb": "weight", "service": "shop", "server": "a", "weight": "1"}', "'weight' has a value"),
        (b'{"hapilot": 1, "verb": "rollback", "generation": ' + b"9" * 5000 + b"}", "not JSON"),
        (b'{"hapilot": 1, "verb": "apply", "site": "a\\u0000b"}', "'site' has a value"),
        (b'{"hapilot": 1, "verb": "apply", "site": "' + b"a" * protocol.LONGEST_REQUEST + b'"}', "longer than"),
    ],
)
def test_what_is_no_request_is_refused_with_the_reason(line: bytes, why: str) -> None:
    with pytest.raises(protocol.Malformed, match=why):
        protocol.decode_request(line)


def test_another_version_is_told_apart_and_may_say_why() -> None:
    with pytest.raises(protocol.OtherVersion) as refused:
        protocol.decode_request(b'{"hapilot": 2, "order": "whatever comes"}')
    assert refused.value.version == 2
    line = b'{"hapilot": 3, "program": "9.9", "error": "speaks 3", "hint": "use it", "more": []}'
    with pytest.raises(protocol.OtherVersion) as refused:
        protocol.decode_answer(line)
    assert (refused.value.program, refused.value.error, refused.value.hint) == ("9.9", "speaks 3", "use it")


def test_an_answer_may_have_more_than_is_known_but_no_unknown_diagnostic() -> None:
    said = json.loads(protocol.encode_answer(protocol.Done("reload", 3), "1.0"))
    assert protocol.decode_answer(json.dumps({**said, "more": 1}).encode()) == protocol.Done("reload", 3)
    finding = {"severity": "error", "code": "invented", "message": "", "origin": {"file": "a", "line": 1, "column": 1}, "hint": ""}
    with pytest.raises(protocol.Malformed, match="invented"):
        protocol.decode_answer(json.dumps({**said, "diagnostics": [finding]}).encode())


def test_a_request_has_the_keys_that_the_documentation_names() -> None:
    """Version 1, as other programs may speak it: a change here is a change of the version."""
    assert json.loads(protocol.encode_request(protocol.Apply("/srv/site.yaml", 60.0))) == {
        "hapilot": 1,
        "verb": "apply",
        "site": "/srv/site.yaml",
        "confirm_seconds": 60.0,
        "strict": False,
    }
    assert json.loads(protocol.encode_request(protocol.Confirm())) == {"hapilot": 1, "verb": "confirm"}
    assert json.loads(protocol.encode_request(protocol.Rollback(3))) == {"hapilot": 1, "verb": "rollback", "generation": 3}
