"""Twice the services are twice the work. Steps of the interpreter are counted, not seconds, so a busy machine changes nothing."""

from __future__ import annotations

import datetime
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from bench.rows import scale
from hapilot.compile import compile, target  # noqa: A004 - the stage's name
from hapilot.explain import expectations, explain
from hapilot.model import site
from hapilot.render import bundle, render
from hapilot.sources.file import load, self_signed, tree, yaml

SMALL, FACTOR = 40, 4
MOST = FACTOR * 1.05
"""Anything that looks at every service for every service passes this by far; sorting does not show, it compares in C."""


def steps(work: Callable[[], object]) -> int:
    """How many bytecode instructions ``work`` takes."""
    count = 0

    def trace(frame: FrameType, event: str, arg: Any) -> Any:
        nonlocal count
        frame.f_trace_lines, frame.f_trace_opcodes = False, True
        count += event == "opcode"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(before)
    return count


def growth(make: Callable[[int], Callable[[], object]]) -> float:
    """How many times the steps a site takes that is FACTOR times as large."""
    make(SMALL)()  # fills caches, which would count for the small site only
    return steps(make(SMALL * FACTOR)) / steps(make(SMALL))


def loaded(folder: Path, text: Iterator[str]) -> site.Site:
    path = folder / "hapilot.yaml"
    path.write_text("\n".join(text) + "\n")
    now = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    result = load.load_site(path, environment={}, now=now, authority=self_signed.LocalAuthority(None)).site
    assert result is not None
    return result


def client_timeouts(count: int) -> Iterator[str]:
    yield "services:"
    for number in range(count):
        yield f"  s{number}: {{host: h{number}.example.test, tls: none, servers: [10.0.0.1:80], timeouts: {{client: 7s}}}}"


def authorities(count: int) -> Iterator[str]:
    yield "services:"
    for number in range(count):
        yield f"  s{number}: {{host: h{number}.test, tls: reencrypt, servers: [10.0.0.1:443], verify: {{ca: c{number}.pem}}}}"


def challenges(count: int) -> Iterator[str]:
    yield 'certificates: [{self_signed: ["*.example.test"]}]'
    yield "services:"
    for number in range(count):
        path = "/.well-known/acme-challenge"
        yield f"  s{number}: {{host: h{number}.example.test, servers: [10.0.0.1:80]}}"
        yield f"  a{number}: {{host: '*.h{number}.other.test', tls: none, path: {path}, servers: [10.0.0.1:80]}}"


@pytest.mark.parametrize("shape", [*scale.SHAPES, client_timeouts, authorities, challenges], ids=lambda shape: shape.__name__)
def test_compiling_grows_with_the_site(shape: Callable[[int], Iterator[str]], tmp_path: Path) -> None:
    def make(count: int) -> Callable[[], object]:
        said = loaded(tmp_path, shape(count))
        if shape is authorities:
            texts = {f"c{number}.pem": "" for number in range(count)}
            said = replace(said, materials=replace(said.materials, authorities=texts))
        return lambda: render.render_build(compile.compile_site(said, target.Target()))

    assert growth(make) < MOST


def test_many_certificates(tmp_path: Path) -> None:
    def make(count: int) -> Callable[[], object]:
        said = loaded(tmp_path, scale.mixed(count))
        (one,) = said.materials.certificates
        names = [service.host[0] for service in said.spec.services.values()]
        many = tuple(replace(one, name=f"c{number}", hosts=(name,)) for number, name in enumerate(names))
        said = replace(said, materials=replace(said.materials, certificates=many))
        return lambda: compile.compile_site(said, target.Target())

    assert growth(make) < MOST


def hosts_expected(count: int) -> Iterator[str]:
    yield from scale.hosts(count)
    yield "expect:"
    for number in range(count):
        yield f"  - {{url: 'https://h{number}.example.test/', service: s{number}}}"


def listeners_expected(count: int) -> Iterator[str]:
    yield from scale.listeners(count)
    yield "expect:"
    for number in range(count):
        yield f"  - {{connect: 'tcp://127.0.0.1:{20_000 + number}', service: s{number}}}"


@pytest.mark.parametrize("shape", [hosts_expected, listeners_expected])
def test_expectations_grow_with_their_number(shape: Callable[[int], Iterator[str]], tmp_path: Path) -> None:
    def make(count: int) -> Callable[[], object]:
        made = compile.compile_site(loaded(tmp_path, shape(count)), target.Target())
        assert expectations.check_expectations(made, explain.Explainer(made)) == ()
        return lambda: expectations.check_expectations(made, explain.Explainer(made))

    assert growth(make) < MOST


def test_leaving_out_many_parts() -> None:
    def make(count: int) -> Callable[[], object]:
        lines = [f"  s{number}: {{host: h{number}.test}}" for number in range(count)]
        root, _ = yaml.parse("\n".join(["services:", *lines]).encode(), "hapilot.yaml", {})
        assert isinstance(root, tree.MapNode)
        bad = [("services", f"s{number}") for number in range(0, count, 2)]
        left = tree.find(tree.without(root, bad), ("services",))
        assert isinstance(left, tree.MapNode)
        assert len(left.entries) == count // 2
        return lambda: tree.without(root, bad)

    assert growth(make) < MOST


class Watched(str):
    """A path that counts how often it is compared."""

    __slots__ = ()
    compared = 0

    def __eq__(self, other: object) -> bool:
        Watched.compared += 1
        return str.__eq__(self, other)

    __hash__ = str.__hash__


def test_a_bundle_does_not_compare_every_file_with_every_other() -> None:
    files = [bundle.BundleFile(Watched(f"maps/{number}.map"), b"") for number in range(200)]
    Watched.compared = 0
    bundle.Bundle(tuple(files))
    assert Watched.compared < 1000
