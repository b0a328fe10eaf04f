"""Conditions of a route as words of a rule: HAProxy must read each value as the text that it is."""

from __future__ import annotations

import pytest

from hapilot.base.origin import BUILT_IN
from hapilot.compile import build
from hapilot.compile.rules import conditions
from hapilot.languages.haproxy import printer, tree


def _words(*said: build.Condition) -> str:
    route = build.Route("web", "plain", "shop", "shop", "none", None, "/", BUILT_IN, said)
    line = tree.line("http-request", "deny", "if", *conditions.words(route))
    return printer.print_config(tree.Config((tree.Section("frontend", "web", (line,)),))).partition(" if ")[2].strip()


@pytest.mark.parametrize(
    ("value", "test"),
    [
        ("1", "-m str 1"),
        ("*", "-m found"),
        ("", "-m len 0"),
        ("}", "-m bin 7d"),
        ("{", "-m str {"),
        ("-f", "-m str -- -f"),
        ("a b", "-m str 'a b'"),
        ("it's", '-m str "it\'s"'),
        ("$HOME #1", "-m str '$HOME #1'"),
        ("%[src]", "-m str %[src]"),
    ],
)
def test_a_text_is_that_text(value: str, test: str) -> None:
    assert _words(build.Condition("header", "X-A", (value,))) == f"{{ req.fhdr(X-A) {test} }}"


def test_the_name_of_a_parameter_may_have_brackets() -> None:
    assert _words(build.Condition("query", "a[b]", ("x",))) == "{ \"url_param('a[b]'),url_dec(1)\" -m str x }"


def test_methods_are_alternatives_and_may_start_with_a_hyphen() -> None:
    assert _words(build.Condition("method", "", ("POST", "PUT"))) == "{ method POST PUT }"
    assert _words(build.Condition("method", "", ("-f", "GET"))) == "{ method -- -f GET }"


def test_all_conditions_must_hold_and_each_list_of_networks_is_one_file() -> None:
    said = (
        build.Condition("client", "", ("10.0.0.0/8",)),
        build.Condition("method", "", ("GET",)),
        build.Condition("client", "", ("::/0",)),
    )
    assert _words(*said) == "{ src -f lists/shop.match.0.list } { method GET } { src -f lists/shop.match.2.list }"


def test_without_conditions_there_are_no_words() -> None:
    assert conditions.words(build.Route("web", "plain", "shop", "shop", "none", None, "/", BUILT_IN)) == ()
