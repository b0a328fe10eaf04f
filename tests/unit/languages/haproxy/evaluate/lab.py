"""A configuration that is served by a real HAProxy and evaluated at the same time."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from hapilot.languages.haproxy import tree
from hapilot.languages.haproxy.evaluate import connection, trace
from hapilot.languages.haproxy.evaluate.connection import Connection, Endpoint, ProxyHeader, endpoint
from hapilot.languages.haproxy.evaluate.evaluator import Evaluator
from hapilot.languages.haproxy.printer import print_config
from hapilot.languages.haproxy.tree import Section, opaque
from support import haproxy

SOURCE = "127.0.0.9"
TABLES = {
    "hosts": (("shop.test", "shop"), ("shop.test", "second"), ("SHOP.test", "upper"), ("a", "one"), ("é", "accent")),
    "prefixes": (("/", "root"), ("/a", "a"), ("/a/b/", "a-b"), ("/a/b/c", "a-b-c"), ("shop.test/", "shop")),
    "suffixes": ((".test", "any"), ("shop.test", "shop"), (".shop.test", "below")),
    # a file of its own: HAProxy's cache mixes up the answers of map_end and map_sub on one file
    "parts": ((".test", "any"), ("op", "op")),
    "domains": (("op.test", "partial"), ("shop", "shop"), ("test", "test"), (".b.c.", "b-c")),
    "regexes": (("^/a(/|$)", "a-segment"), (r"^/[0-9]+$", "number"), (".", "anything")),
    "rewrites": ((r"^/old/(.*)$", r"/new/\1"), (r"^/(x)(y)?", r"\2-\1")),
    "networks": (
        ("127.0.0.0/8", "loop"),
        ("127.0.0.9", "nine"),
        ("10.0.0.0/8", "ten"),
        ("2001:db8::/32", "doc"),
        ("::ffff:192.0.2.0/120", "v4"),
    ),
    "numbers": (("1:10", "few"), ("443", "https"), ("11:", "many")),
}


@dataclasses.dataclass(frozen=True)
class Lab:
    """A configuration that runs, and its evaluator."""

    address: tuple[str, int]
    evaluator: Evaluator
    config: tree.Config

    def expect(self, first: connection.First, proxy: ProxyHeader | None = None) -> trace.Trace:
        at = Endpoint(endpoint(f"{self.address[0]}:1").ip, self.address[1])
        return self.evaluator.run(Connection(at, first, Endpoint(endpoint(f"{SOURCE}:1").ip, 1), proxy=proxy))


@contextmanager
def serve(binary: haproxy.Binary, folder: Path, sections: Sequence[Section]) -> Iterator[Lab]:
    """Serves ``sections`` on a port of its own: the word PORT in them becomes the address, FOLDER the test's folder."""
    address = ("127.0.0.1", haproxy.free_port())
    for name, entries in TABLES.items():
        (folder / name).write_text("".join(f"{key} {value}\n" for key, value in entries), encoding="utf-8")
        (folder / f"keys-{name}").write_text("".join(f"{key}\n" for key, _ in entries), encoding="utf-8")
    limits = tuple(opaque(f"timeout {kind} 3s") for kind in ("client", "server", "connect"))
    replaced = [_replaced(section, {"PORT": f"{address[0]}:{address[1]}", "FOLDER": str(folder)}) for section in sections]
    config = tree.Config((Section("defaults", "", (opaque("mode http"), *limits)), *replaced))
    entries = {str(folder / f"{kind}{name}"): table for name, table in TABLES.items() for kind in ("", "keys-")}
    evaluator = Evaluator(config, entries)
    with haproxy.running(binary.path, print_config(config), folder, ports=[address]):
        yield Lab(address, evaluator, config)


def _replaced(section: Section, names: dict[str, str]) -> Section:
    def fill(word: tree.Word) -> tree.Word:
        for name, value in names.items():
            word = word.replace(name, value) if isinstance(word, str) else word
        return word

    lines = tuple(dataclasses.replace(each, words=tuple(fill(word) for word in each.words)) for each in section.lines)
    return dataclasses.replace(section, lines=lines)
