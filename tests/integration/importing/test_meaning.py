"""What import makes of a configuration answers as the configuration does: the same requests through both, on real HAProxys.

The configurations are those in ``configurations`` and those of others beside the checkout that serve. A few run each time, all of them
on every HAProxy in ``make test-all``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from _pytest.mark import ParameterSet

from hapilot.languages.haproxy import parser
from hapilot.sources.haproxy_cfg import importing
from integration.importing import meaning, placing, random_configurations, ways
from integration.importing.conftest import COMPARED
from integration.importing.pool import Pool
from roundtrip import corpus
from support import haproxy

FOLDER = Path(__file__).parent / "configurations"
OWN = sorted(path.name for path in FOLDER.iterdir() if path.suffix in (".cfg", ".d"))
_QUICK = ("host_acls", "sni_mixed", "https_redirect", "cookies_other", "defaults_several", "stats_auth", "headers", "environment")
ALWAYS = frozenset(f"{name}.cfg" for name in _QUICK)
"""Those that run each time, on the embedded HAProxy."""

OTHERS = (FOLDER / "others.txt").read_text().split()
"""Those of others that HAProxy accepts once they are moved here, that answer at once, and whose checks of servers pass here."""

REQUESTS = 300

UNPRINTABLE = frozenset({"checks.cfg"})
"""Those with a line end inside a word, which the printer of trees refuses; import keeps the line as it is written."""

pytestmark = pytest.mark.haproxy


def _cases(names: list[str], always: frozenset[str]) -> list[ParameterSet]:
    return [
        pytest.param(name, binary, id=f"{name}-{binary.id}", marks=[] if is_quick else [pytest.mark.system])
        for name in names
        for binary in haproxy.binaries()
        for is_quick in [name in always and binary.id.startswith("embedded")]
    ]


@pytest.mark.parametrize(("name", "binary"), _cases(OWN, ALWAYS))
def test_it_answers_the_same(name: str, binary: haproxy.Binary, stands: Pool, record_property: Callable[[str, object], None]) -> None:
    _same(name, meaning.read(FOLDER / name), binary, stands, record_property)


@pytest.mark.parametrize(("name", "binary"), _cases(OTHERS, frozenset()))
def test_those_of_others_answer_the_same(
    name: str, binary: haproxy.Binary, stands: Pool, record_property: Callable[[str, object], None]
) -> None:
    corpus.require()
    _same(name, meaning.read(corpus.FOLDER / f"{name}.cfg"), binary, stands, record_property)


def _same(name: str, texts: Sequence[str], binary: haproxy.Binary, stands: Pool, record: Callable[[str, object], None]) -> None:
    compared = meaning.compare(name, texts, binary, stands, ways.imported, count=REQUESTS)
    assert not compared.differences(), "\n\n".join([*compared.differences(), compared.made])
    assert compared.count >= REQUESTS
    assert len(compared.statuses) > 1 or compared.statuses == {0}, "it answers differently to different requests, or speaks no HTTP"
    record(COMPARED, compared.count)


@pytest.mark.system
@pytest.mark.parametrize("name", [name for name in OWN if name not in UNPRINTABLE])
def test_its_tree_answers_the_same(name: str, stands: Pool) -> None:
    """The tree that explain follows means what the file means."""
    compared = meaning.compare(name, meaning.read(FOLDER / name), haproxy.binaries()[0], stands, ways.printed, count=100)
    assert not compared.differences(), "\n\n".join([*compared.differences(), compared.made])


@pytest.mark.system
@pytest.mark.parametrize("seed", range(40))
@pytest.mark.parametrize("binary", haproxy.binaries(), ids=lambda binary: binary.id)
def test_random_ones_answer_the_same(
    seed: int, binary: haproxy.Binary, stands: Pool, record_property: Callable[[str, object], None]
) -> None:
    text = random_configurations.text(seed)
    compared = meaning.compare(f"random-{seed}", [text], binary, stands, ways.imported, count=100)
    assert not compared.differences(), "\n\n".join([text, *compared.differences(), compared.made])
    record_property(COMPARED, compared.count)


def test_random_ones_are_understood() -> None:
    """Most of the random ones have routes in the model, also such with names."""
    sites = [importing.take([parser.parse(random_configurations.text(seed), "x.cfg")], FOLDER).site for seed in range(40)]
    routes = [route for site in sites for listener in site["listeners"].values() for route in listener.get("routes", [])]
    assert len(routes) >= 60
    assert sum("host" in route for route in routes) >= 6


def test_there_are_enough() -> None:
    assert len(OWN) >= 45
    assert len(OTHERS) >= 15
    assert set(OWN) >= ALWAYS


def test_import_understands_them() -> None:
    """Without this, an import that keeps everything word by word would pass all of the above."""
    parsed = [[parser.parse(text, name) for text in meaning.read(FOLDER / name)] for name in OWN]
    sites = [importing.take(documents, FOLDER).site for documents in parsed]
    with_services = [site for site in sites if site.get("services")]
    with_routes = [site for site in sites if any(each.get("routes") for each in site.get("listeners", {}).values())]
    assert len(with_services) >= len(OWN) * 0.8
    assert len(with_routes) >= len(OWN) * 0.4


CHANGES = (
    ("host_acls", "use_backend api ", "use_backend blog "),
    ("host_acls", "option  forwardfor", "option  httpslog"),
    ("host_acls", "balance roundrobin", "balance first"),
    ("https_redirect", "scheme https code 301", "scheme https code 302"),
    ("headers", "X-Served-By %s", "X-Served-By %b"),
    ("stats_auth", "admin:s3cret", "admin:s3cret2"),
    ("sni_mixed", "vault.corp.test", "vault2.corp.test"),
)


@pytest.mark.parametrize(("name", "old", "new"), CHANGES, ids=[f"{name}-{number}" for number, (name, _, _) in enumerate(CHANGES)])
def test_another_meaning_is_noticed(name: str, old: str, new: str, stands: Pool) -> None:
    """The proof can fail: a configuration with one word changed answers differently."""

    def changed(originals: Sequence[Path], folder: Path, placed: placing.Placed, binary: haproxy.Binary) -> meaning.Made:
        del binary, placed
        text = originals[0].read_text()
        assert old in text
        path = folder / "changed.cfg"
        path.write_text(text.replace(old, new, 1))
        return meaning.Made([path], {}, folder)

    compared = meaning.compare(name, meaning.read(FOLDER / f"{name}.cfg"), haproxy.binaries()[0], stands, changed, count=150)
    assert compared.differences()
