"""Of any site with some broken services, exactly those are left out, and all others are live as they would be alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hapilot.base.memory import Memory
from hapilot.reconcile import pipeline
from hapilot.render import bundle

from .conftest import Story, left, section

GOOD = (
    "host: NAME.example.test, servers: [10.0.0.1:80]",
    "host: NAME.example.test, path: [/a, /b], servers: [10.0.0.1:80, 10.0.0.2:80], retries: 2",
    "host: [NAME.example.test, 'NAME2.example.test'], tls: passthrough, servers: [10.0.0.1:443]",
    "host: NAME.example.test, redirect: {to: 'https://elsewhere.test/'}",
    "host: NAME.example.test, tls: none, listener: http, servers: [10.0.0.1:80], allow: [10.0.0.0/8]",
)
BROKEN = (
    "host: NAME.example.test, servers: [10.0.0.1:80], retires: 1",
    "host: NAME.example.test",
    "host: NAME.example.test, tls: passthrough, path: /a, servers: [10.0.0.1:443]",
    "host: NAME.example.test, servers: [10.0.0.1:80, 10.0.0.1:80]",
    "host: NAME.example.test, tls: reencrypt, verify: {ca: none.pem}, servers: [10.0.0.1:443]",
    "host: NAME.example.test, servers: [10.0.0.1:80], balance: sideways, retries: x",
)
Services = dict[str, str]
MEMORIES = (Memory(), Memory())
"""Over all examples: what was worked out for one must make no difference to the next."""


def site(services: Services) -> str:
    """A site with these services, by name."""
    lines = [f"  {name}: {{{text.replace('NAME', name)}}}" for name, text in services.items()]
    return "\n".join(
        [
            "listeners: {http: {bind: ':80'}, https: {bind: ':443'}}",
            "services:",
            *lines,
            'certificates: [{self_signed: ["*.example.test"]}]',
        ]
    )


def services(kinds: tuple[str, ...], name: str, least: int) -> st.SearchStrategy[Services]:
    """Services of these kinds."""
    numbered = st.lists(st.sampled_from(kinds), min_size=least, max_size=6)
    return numbered.map(lambda texts: {f"{name}{number}": text for number, text in enumerate(texts)})


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("any")


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(services(GOOD, "g", 1), services(BROKEN, "b", 0), services(GOOD, "o", 0), st.data())
def test_exactly_the_broken_ones_are_left_out(folder: Path, good: Services, broken: Services, once: Services, data: st.DataObject) -> None:
    """``once`` were good before they broke: they go on as they were."""
    story = Story(folder, memories=MEMORIES)
    before = story.apply(site({**good, **once}))
    now_broken = {**broken, **dict.fromkeys(once, BROKEN[0])}
    order = data.draw(st.permutations(list({**good, **now_broken})))
    formerly, text = story.former, site({name: {**good, **now_broken}[name] for name in order})
    after = story.apply(text)
    found = left(after)
    assert set(found) == {f"service {name}" for name in now_broken}
    assert all(found[f"service {name}"] == "former" for name in once)
    assert all(found[f"service {name}"] == "closed" for name in broken)
    for name in (*good, *once):
        assert section(after, f"backend {name}") == section(before, f"backend {name}") != ""
    assert _routes(after, {*good, *once}) == _routes(before, {*good, *once})
    assert _files(Story(folder, former=formerly).prepare(text)) == _files(after)
    again = story.apply(site({**good, **once}))
    assert left(again) == {}


def _files(prepared: pipeline.Prepared) -> dict[str, bytes]:
    """All files but certificates, which are issued anew, and what has a digest of them."""
    assert prepared.bundle is not None
    return {file.path: file.content for file in prepared.bundle.files if not (file.path.endswith(".pem") or file.path == bundle.LIVE)}


def _routes(prepared: pipeline.Prepared, names: set[str]) -> set[tuple[str, str, str, str]]:
    assert prepared.build is not None
    return {(route.listener, route.side, route.shown, route.service) for route in prepared.build.routes if route.service in names}
