"""The access log: lines that programs can read whatever a client says."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator

import pytest

from hapilot.compile.rules import logging
from hapilot.languages.haproxy import tree
from hapilot.model import settings

Side = Callable[[settings.Log | None, str], Iterator[tree.Line]]
JSON = settings.Log(format="json")
TEXT = settings.Log(format="text")


def _format(lines: list[tree.Line]) -> str:
    (found,) = [str(line.words[1]) for line in lines if line.words[0] == "log-format"]
    return found


@pytest.mark.parametrize("side", [logging.http, logging.tcp])
def test_without_a_log_nothing_is_written(side: Side) -> None:
    assert list(side(None, "web")) == [logging.NOT_AT_ALL]


@pytest.mark.parametrize("side", [logging.http, logging.tcp])
def test_a_line_is_json_and_numbers_are_numbers(side: Side) -> None:
    """Samples are put in as HAProxy would: what comes from outside escaped, the rest as it is."""
    shape = _format(list(side(JSON, "web")))
    filled = re.sub(r"%\[[^\]]*json\(utf8s\)\]", r"\\u0022", shape)
    filled = re.sub(r"%\[[^\]]*\]", "x", filled)
    filled = re.sub(r"%(cp|ST|B|Ta|Tt)\b", "-1", filled)
    shown = json.loads(re.sub(r"%[A-Za-z]+", "y", filled))
    assert {name for name, value in shown.items() if isinstance(value, int)} <= {"status", "bytes", "ms", "port"}
    assert shown["listener"] == "web"
    assert shown["reason"] in ("x", '"')


@pytest.mark.parametrize("log", [JSON, TEXT])
@pytest.mark.parametrize("said", ["capture.req.method", "capture.req.uri", "var(txn.host)", "var(txn.sni)", "var(txn.route)"])
def test_what_clients_say_is_escaped(log: settings.Log, said: str) -> None:
    shapes = [_format(list(side(log, "web"))) for side in (logging.http, logging.tcp)]
    uses = [use for shape in shapes for use in re.findall(r"%(?:\{[^}]*\})?\[[^\]]*\]", shape) if said in use]
    assert uses
    assert all(",json(utf8s)]" in use or use.startswith("%{+Q,+E}[") for use in uses)


def test_a_refusal_says_why_first() -> None:
    rule = tree.line("tcp-request", "content", "reject", "if", "{", "src", "10.0.0.1", "}", comment="it's denied")
    other = tree.line("tcp-request", "content", "accept")
    silent = tree.line("tcp-request", "content", "reject")
    assert list(logging.with_reasons([rule, other, silent], None)) == [rule, other, silent]
    first, *rest = logging.with_reasons([rule, other, silent], JSON)
    assert rest == [rule, other, silent]
    assert first.words == ("tcp-request", "content", "set-var(txn.reason)", 'str("it\'s denied")', *rule.words[3:])


@pytest.mark.parametrize(
    ("log", "words"),
    [
        (None, "log stderr format raw local0 notice"),
        (settings.Log(), "log stdout format raw local0"),
        (settings.Log(to="syslog:/dev/log"), "log /dev/log local0"),
        (settings.Log(to="syslog:logs.example.test:514"), "log logs.example.test:514 local0"),
    ],
)
def test_where_logs_go(log: settings.Log | None, words: str) -> None:
    assert " ".join(map(str, logging.destination(log).words)) == words
