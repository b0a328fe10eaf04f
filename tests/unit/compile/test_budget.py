"""The count of files and memory, on small trees; tests/integration/runtime/test_budget.py holds it against HAProxy's own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from hapilot.base.origin import Origin
from hapilot.compile import budget, build, target
from hapilot.languages.haproxy import tree
from hapilot.reconcile import pipeline

SITE = """
listeners: {web: {bind: ["127.0.0.1:80", "unix:/run/web.sock"]}}
services: {shop: {tls: none, listener: web, servers: ["10.0.0.1:80", "10.0.0.2:80"]}}
"""
SNIFFING = """
listeners: {all: {bind: ":443"}, web: {bind: ":444"}}
services:
  shop: {host: shop.test, listener: [all, web], servers: ["10.0.0.1:80"]}
  vault: {host: vault.test, listener: all, tls: passthrough, servers: ["10.0.0.2:443"]}
certificates: [{self_signed: [shop.test]}]
"""


def made(folder: Path, text: str, wanted: target.Target | None = None) -> build.Build:
    """A compiled site."""
    path = folder / "site.yaml"
    path.write_text(text)
    done = pipeline.prepare(path, wanted or target.Target(), None, {})
    assert done.build is not None
    assert done.ok, done.diagnostics
    return done.build


def with_lines(one: build.Build, kind: str, *lines: tree.Line) -> build.Build:
    """With further lines in each section of a kind."""
    sections = [replace(each, lines=(*each.lines, *lines)) if each.kind == kind else each for each in one.config.sections]
    return replace(one, config=replace(one.config, sections=tuple(sections)))


def test_a_small_site(tmp_path: Path) -> None:
    found = budget.budget(made(tmp_path, SITE), 4)
    assert (found.listeners, found.checks, found.threads, found.connections, found.layers) == (2, 2, 4, None, 1)
    # 10 of the process, 2 and 2, 1 + 10 of the runtime API, 1 + 11 of the master, 3 for each thread.
    assert found.reserved == 10 + 4 + 11 + 12 + 12
    assert found.least == found.reserved + 200
    assert (found.room(found.reserved + 2000), found.room(10)) == (1000, 100)


def test_from_2_7_on_the_master_has_a_second_listener(tmp_path: Path) -> None:
    old, new = (budget.budget(made(tmp_path, SITE, target.Target(version=version)), 1) for version in ((2, 6), (2, 8)))
    assert new.reserved - old.reserved == 11


def test_a_layer_costs_a_client_another_connection(tmp_path: Path) -> None:
    assert budget.budget(made(tmp_path, SNIFFING), 1).layers == 2
    proxied = SNIFFING.replace('":443"', '":443", accept_proxy: optional, trusted: 10.0.0.0/8')
    assert budget.budget(made(tmp_path, proxied), 1).layers == 3


@pytest.mark.parametrize(
    ("words", "more"),
    [
        ("server a 10.0.0.9:80", 0),
        ("server a 10.0.0.9:80 check", 1),
        ("server a 10.0.0.9:80 check agent-check agent-port 1", 2),
        ("server a 10.0.0.9:80 track b", 0),
        ("server a 10.0.0.9:80 check no-check", 0),
    ],
)
def test_checks_of_verbatim_lines_count(tmp_path: Path, words: str, more: int) -> None:
    one = made(tmp_path, SITE)
    assert budget.budget(with_lines(one, "backend", tree.opaque(words)), 1).checks == 2 + more


def test_what_the_global_section_says_counts(tmp_path: Path) -> None:
    one = made(tmp_path, SITE)
    lines = [tree.line("maxconn", "5000"), tree.opaque("nbthread 2"), tree.opaque("tune.bufsize 131072")]
    usual, found = budget.budget(one, 99), budget.budget(with_lines(one, "global", *lines), 99)
    assert (usual.threads, found.threads, found.connections) == (64, 2, 5000)
    assert found.least == found.reserved + 10_000
    assert found.room(100) == 5000
    assert found.connection_memory - usual.connection_memory == 2 * (131_072 - 65_536)


def test_splicing_takes_a_pipe_for_every_fourth_connection(tmp_path: Path) -> None:
    one = with_lines(made(tmp_path, SITE), "backend", tree.line("option", "splice-response"))
    found = budget.budget(one, 1)
    assert found.files(1000) == found.reserved + 2000 + 500
    assert found.room(found.reserved + 2500) == 1000


def test_memory_grows_with_what_is_there(tmp_path: Path) -> None:
    small, more = made(tmp_path, SITE), made(tmp_path, SNIFFING)
    assert budget.budget(more, 1).memory > budget.budget(small, 1).memory
    table = build.Table("maps/x.map", tuple(build.Entry(f"k{n}", "", Origin("site.yaml")) for n in range(1000)), "")
    grown = replace(small, tables=(*small.tables, table))
    assert budget.budget(grown, 1).memory - budget.budget(small, 1).memory == 360_000
