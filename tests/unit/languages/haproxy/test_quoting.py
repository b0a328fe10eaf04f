"""Quoting: what is written is what HAProxy reads back, on each of its three levels."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hapilot.languages.haproxy import lexer, quoting, tree
from hapilot.languages.haproxy.evaluate import samples
from hapilot.languages.haproxy.printer import print_config, print_line
from support import client, haproxy

TEXTS = st.text(st.characters(exclude_characters="\n\r\0", exclude_categories=["Cs"]), max_size=40)
NASTY = st.text(st.sampled_from(list(" \t#'\"\\$%(){},[]ab1x|;&")), max_size=12)


def reference_words(text: str) -> list[str]:
    """``parse_line`` of HAProxy's tools.c, as a state machine, for lines without environment variables."""
    words: list[str] = []
    current, quote, at = "", "", 0
    is_word = False
    while at < len(text) and (quote or text[at] != "#"):
        here = text[at]
        assert not (here == "$" and quote == '"'), "an environment variable would be read"
        if here in "'\"" and quote in ("", here):
            quote, is_word = ("" if quote else here), True
        elif here in " \t\v\f" and not quote:
            words += [current] if is_word else []
            current, is_word = "", False
        elif here == "\\" and quote != "'":
            meaning, length = reference_escape(text[at + 1 : at + 4], quote)
            current, is_word, at = current + meaning, True, at + length
        else:
            current, is_word = current + here, True
        at += 1
    assert not quote, f"an open quote in {text!r}"
    return [*words, current] if is_word else words


def reference_escape(following: str, quote: str) -> tuple[str, int]:
    """What a backslash and the text behind it stand for, and how much of that text is used up."""
    first = following[:1]
    if first and first in " \\#'\"":
        return first, 1
    if first == "$" and quote == '"':
        return "$", 1
    if first and first in "nrt":
        return {"n": "\n", "r": "\r", "t": "\t"}[first], 1
    return (chr(int(following[1:3], 16)), 3) if first == "x" else ("\\", 0)


@given(st.lists(TEXTS | NASTY, min_size=1, max_size=4))
def test_words_read_back(texts: list[str]) -> None:
    text = " ".join(quoting.word(part) for part in texts)
    assert reference_words(text) == texts
    assert list(lexer.split(text, {})) == texts


@given(st.lists(TEXTS | NASTY, min_size=2, max_size=3))
def test_arguments_read_back(texts: list[str]) -> None:
    expression = f"concat({','.join(quoting.argument(part) for part in texts)})"
    assert list(samples.parse(expression).fetch.arguments) == texts


@given(TEXTS | NASTY, TEXTS | NASTY)
def test_a_word_around_a_variable_is_kept(before: str, after: str) -> None:
    text = print_line(tree.line("bind", tree.Env(before, "PLACE", after)))
    assert lexer.split(text, {"PLACE": "a b'c\"$d"}) == ("bind", f"{before}a b'c\"$d{after}")


@pytest.mark.parametrize("text", ["a\nb", "a\rb", "a\0b"])
@pytest.mark.parametrize("quote", [quoting.word, quoting.argument, quoting.weak])
def test_line_ends_are_refused(text: str, quote: object) -> None:
    assert callable(quote)
    with pytest.raises(ValueError, match="line end"):
        quote(text)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("plain", "plain"),
        ("/a/b?c=d&e", "/a/b?c=d&e"),
        ("", '""'),
        ("a b", "'a b'"),
        ("#", "'#'"),
        ("it's", '"it\'s"'),
        ("it's $5 \\ \"", '"it\'s \\$5 \\\\ \\""'),
        ("${HOME}", "'${HOME}'"),
    ],
)
def test_how_words_are_written(text: str, written: str) -> None:
    assert quoting.word(text) == written


def nasty_texts() -> list[str]:
    """The same 150 texts each time, from characters that mean something to HAProxy."""
    dice = random.Random(20)
    alphabet = " \t#'\"\\$%(){},[]ab1xn|;&é"
    random_ones = ("".join(dice.choice(alphabet) for _ in range(dice.randint(1, 12))) for _ in range(150))
    return ["$HOME", "${HOME}", "%[src]", "%%", "%ci", "a,b)c", "\\x41", "\\n", "'", '"', "\\", "if", "{", "}", *random_ones]


@pytest.mark.haproxy
@pytest.mark.parametrize("binary", haproxy.binaries(), ids=lambda binary: binary.id)
def test_a_real_haproxy_serves_exactly_the_text(binary: haproxy.Binary, tmp_path: Path) -> None:
    texts, port = nasty_texts(), haproxy.free_port()
    rules: list[tree.Line] = []
    for number, text in enumerate(texts):
        forms = [("string", text), ("lf-string", quoting.log_format(text)), ("lf-string", f"%[str({quoting.argument(text)})]")]
        for level, (kind, value) in enumerate(forms):
            answer = ("http-request", "return", "status", "200", "content-type", "text/plain", kind, value)
            rules.append(tree.line(*answer, "if", "{", "path", f"/{level}/{number}", "}"))
    limits = tuple(tree.line("timeout", kind, "5s") for kind in ("client", "server", "connect"))
    config = tree.Config(
        (
            tree.Section("defaults", "", (tree.line("mode", "http"), *limits)),
            tree.Section("frontend", "answers", (tree.line("bind", f"127.0.0.1:{port}"), *rules)),
        )
    )
    with haproxy.running(binary.path, print_config(config), tmp_path, ports=[("127.0.0.1", port)]):
        with client.connect(("127.0.0.1", port)) as connection:
            for level in range(3):
                got = [connection.request(client.Request(target=f"/{level}/{number}")).body.decode() for number in range(len(texts))]
                assert got == texts, f"level {level}"
