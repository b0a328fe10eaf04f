"""Trees and their places, from libyaml's events and from those of PyYAML's own parser."""

from __future__ import annotations

import gc
import time
from pathlib import Path

import pytest
import yaml as pyyaml

from hapilot.base.origin import Origin
from hapilot.sources.file import events, tree, yaml

CASES = sorted((Path(__file__).parents[3] / "golden" / "cases" / "load").glob("*.case"))


def parsed(text: str, **environment: str) -> tree.Node:
    root, found = yaml.parse(text.encode(), "f.yaml", environment)
    assert not found
    assert root is not None
    return root


def refused(text: str | bytes) -> list[tuple[str, str]]:
    _, found = yaml.parse(text if isinstance(text, bytes) else text.encode(), "f.yaml", {})
    return [(str(each.origin), each.code) for each in found]


def test_places_of_keys_and_values() -> None:
    origins = tree.origins(parsed("a:\n  b: [1, x]\n  c: {d: 2}\n"))
    assert origins.at("a") == Origin("f.yaml", 2, 3)
    assert origins.key("a") == Origin("f.yaml", 1, 1)
    assert origins.at("a", "b", 1) == Origin("f.yaml", 2, 10)
    assert origins.key("a", "c", "d") == Origin("f.yaml", 3, 7)
    assert origins.at("a", "c", "missing") == Origin("f.yaml", 3, 6)
    assert origins.has("a", "b", 0)
    assert not origins.has("a", "b", 2)
    assert set(origins.of_values) == {(), ("a",), ("a", "b"), ("a", "b", 0), ("a", "b", 1), ("a", "c"), ("a", "c", "d")}
    assert len(origins.of_keys) == 4


def test_columns_count_characters() -> None:
    assert tree.origins(parsed("é: {ü: x}\n")).at("é", "ü") == Origin("f.yaml", 1, 8)


def test_quoted_and_tagged_scalars_are_texts() -> None:
    assert tree.plain(parsed("['1', \"true\", !!str 5, ! 6, 7, on]")) == ["1", "true", "5", "6", 7, "on"]


def test_byte_order_mark_and_line_ends() -> None:
    assert tree.plain(parsed("\ufeffa: 1\r\nb: 2\r\n")) == {"a": 1, "b": 2}


def test_values_of_variables_stay_scalars() -> None:
    root = parsed("a: ${X}\nb: '${N}'\nc: ${N}\nd: x${N}\ne: ${E}", X="{a: [b]}\nc: d", N="5", E="")
    assert tree.plain(root) == {"a": "{a: [b]}\nc: d", "b": "5", "c": 5, "d": "x5", "e": None}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a: 1\nb: 2\na: 3\n", ("f.yaml:3:1", "yaml-duplicate-key")),
        ("{503: a, '503': b}", ("f.yaml:1:10", "yaml-duplicate-key")),
        ("x: &x {}\ny:\n  <<: *x\n  <<: *x\n", ("f.yaml:4:3", "yaml-duplicate-key")),
        ("[a]: 1", ("f.yaml:1:1", "yaml-syntax")),
        ("x: &a 1\n*a : 2", ("f.yaml:2:1", "yaml-syntax")),
        ("a: *b", ("f.yaml:1:4", "yaml-syntax")),
        ("a: &a [*a]", ("f.yaml:1:8", "yaml-syntax")),
        ("a: !!int 5", ("f.yaml:1:4", "yaml-syntax")),
        ("a: !x {}", ("f.yaml:1:4", "yaml-syntax")),
        ("&k a: 1", ("f.yaml:1:1", "yaml-syntax")),
        ("a: 1\n---\nb: 2", ("f.yaml:2:1", "yaml-syntax")),
        ("a:\n  b: 1\n \tc: 2", ("f.yaml:3:2", "yaml-syntax")),
        (b"a: 1\nb: \xff", ("f.yaml:2:4", "yaml-syntax")),
        (b"\xff\xfea\x00", ("f.yaml:1:1", "yaml-syntax")),
        ("a: 1\r\nb\x07: 2", ("f.yaml:2:2", "yaml-syntax")),
        ("%YAML 3.0\n---\na: 1", ("f.yaml:1:1", "yaml-syntax")),
        ("[" * 65, ("f.yaml:1:65", "yaml-syntax")),
        ("- " * 65, ("f.yaml:1:129", "yaml-syntax")),
        ("a: &a " + "[" * 40 + "]" * 40 + "\nb: " + "[" * 40 + "*a" + "]" * 40, ("f.yaml:2:44", "yaml-syntax")),
        ("a: ${X}", ("f.yaml:1:4", "variable-unset")),
        ("a: x ${ b", ("f.yaml:1:4", "bad-value")),
    ],
)
def test_what_is_refused(text: str | bytes, found: tuple[str, str]) -> None:
    assert refused(text) == [found]


def test_a_million_brackets_are_refused_quickly() -> None:
    start = time.monotonic()
    for text in ("[" * 1_000_000, "{a: " * 250_000, "- " * 500_000, "? " * 500_000, "a: &a [" + "*a, " * 100_000):
        assert len(refused(text)) == 1
    assert time.monotonic() - start < 5


def test_aliases_are_bounded() -> None:
    text = "a: &a [" + "x, " * 999 + "]\nb: [" + "*a, " * 101 + "]\n"
    assert refused(text) == [("f.yaml:2:405", "yaml-syntax")]


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_both_parsers_agree(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = path.read_bytes().partition(b"--- file: ")[2].partition(b"\n")[2].partition(b"\n--- ")[0]
    one, found = yaml.parse(data, "f.yaml", {})
    real = events.events
    monkeypatch.setattr(events, "events", lambda data, file: real(data, file, events.PureParser))  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType]
    other, others = yaml.parse(data, "f.yaml", {})
    assert (one is None) == (other is None)
    assert [each.code for each in found] == [each.code for each in others]
    if one is not None and other is not None:
        assert tree.plain(one) == tree.plain(other)


def test_faster_than_the_usual_loader() -> None:
    entry = "  s%d:\n    host: s%d.example.test\n    tls: edge\n    retries: 3\n    servers:\n      - 10.0.0.1:80\n      - 10.0.0.2:80\n"
    data = ("services:\n" + "".join(entry % (number, number) for number in range(1500))).encode()
    gc.disable()
    try:
        ours = min(_timed(lambda: yaml.parse(data, "f.yaml", {})) for _ in range(3))
        usual = min(_timed(lambda: pyyaml.load(data, pyyaml.CSafeLoader)) for _ in range(3))
    finally:
        gc.enable()
    assert ours < 2 * usual  # measured: 0.6; the rest is for busy machines


def _timed(call: object) -> float:
    assert callable(call)
    start = time.process_time()
    call()
    return time.process_time() - start
