"""Certificates for names: what does not need a real HAProxy to be seen."""

from __future__ import annotations

import time

import pytest

from hapilot.languages.haproxy import tree
from hapilot.languages.haproxy.evaluate import crtlists, values
from hapilot.languages.haproxy.evaluate.binds import Bind, parse_binds
from hapilot.languages.haproxy.evaluate.crtlists import Certificate, CertificateStore, ListLine


def bind(options: str) -> Bind:
    words = f"bind :443 ssl {options}".split()
    return parse_binds(tree.opaque(" ".join(words)), words, 1)[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a.pem", ListLine("a.pem", {}, ())),
        ("a.pem[verify none] b", ListLine("a.pem", {"verify": "none"}, ("b",))),
        ("  a.pem [] *.b !c.b", ListLine("a.pem", {}, ("*.b", "!c.b"))),
        ("# a.pem b", None),
        ("", None),
    ],
)
def test_lines(text: str, expected: ListLine | None) -> None:
    assert crtlists.parse(text) == expected


def test_several_files_on_one_line() -> None:
    """The first of all is the default; each file counts with the names in it."""
    known = {"a.pem": Certificate("a", ("a.test",)), "b.pem": Certificate("b", ("b.test", "*.a.test"))}
    store = CertificateStore({"list": [("b.pem c.test", "")]}, known)
    both = bind("crt a.pem crt-list list crt b.pem")
    chosen = {name: store.choose(both, name) for name in ("a.test", "x.a.test", "B.test", "c.test", "none", None)}
    assert {name: one and one.label for name, one in chosen.items()} == {
        "a.test": "a",
        "x.a.test": "b",
        "B.test": "b",
        "c.test": "b",
        "none": "a",
        None: "a",
    }
    assert store.choose(bind("crt a.pem strict-sni"), None) is None


def test_where_nobody_says_what_is_in_the_files() -> None:
    """Every name has a certificate then; names in a crt-list still choose their line."""
    store = CertificateStore({"list": [("a.pem [verify required] a.test", ""), ("b.pem [alpn h2]", "")]}, None)
    listed = bind("crt-list list strict-sni")
    assert store.choose(listed, "a.test") == crtlists.Choice("a.pem", {"verify": "required"})
    assert store.choose(listed, "b.test") == crtlists.Choice("b.test", {"alpn": "h2"})
    assert store.choose(bind("crt a.pem"), None) == crtlists.Choice("default")
    with pytest.raises(values.Unknown, match="what elsewhere holds"):
        store.choose(bind("crt-list elsewhere"), None)


def test_files_of_others() -> None:
    """What is in them is not known: without strict-sni a handshake goes well with any certificate."""
    store = CertificateStore({}, {"a.pem": Certificate("a", ("a.test",))})
    assert store.choose(bind("crt theirs.pem"), "b.test") == crtlists.Choice("theirs.pem")
    assert store.choose(bind("crt a.pem crt theirs.pem"), "a.test") == crtlists.Choice(None)
    with pytest.raises(values.Unknown, match="what theirs"):
        store.choose(bind("crt theirs.pem strict-sni"), "b.test")


def test_many_certificates_are_fast() -> None:
    known = {f"{number}.pem": Certificate(str(number), (f"h{number}.test", f"*.h{number}.test")) for number in range(10_000)}
    store = CertificateStore({"list": [(path, "") for path in known]}, known)
    listed = bind("crt-list list strict-sni")
    start = time.perf_counter()
    for number in range(0, 10_000, 5):
        chosen = store.choose(listed, f"x.h{number}.test")
        assert chosen is not None
        assert chosen.label == str(number)
    # One after the other would be looked at 10 million times, which takes minutes.
    assert time.perf_counter() - start < 20
