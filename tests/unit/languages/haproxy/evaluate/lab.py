"""A configuration that is served by a real HAProxy and evaluated at the same time."""

from __future__ import annotations

import dataclasses
import fnmatch
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

from hapilot.languages.haproxy import tree
from hapilot.languages.haproxy.evaluate import connection, trace
from hapilot.languages.haproxy.evaluate.connection import Connection, Endpoint, ProxyHeader, endpoint
from hapilot.languages.haproxy.evaluate.evaluator import Evaluator
from hapilot.languages.haproxy.evaluate.wire import first_bytes
from hapilot.languages.haproxy.printer import print_config
from hapilot.languages.haproxy.tree import Section, opaque
from support import certificates, client, client_http2, haproxy
from support.outcome import Outcome

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


CERTIFICATES = {"front": ("shop.test", "*.apps.test"), "server": ("inside.test",)}
"""File to the names it is for."""


def certificate(bind: tree.Line, name: str | None) -> str | None:
    """Which of CERTIFICATES a ``bind`` line shows; all of them name only one file."""
    stem = next(stem for stem in CERTIFICATES if any(f"{stem}.pem" in str(word) for word in bind.words))
    return stem if any(name is not None and fnmatch.fnmatch(name, pattern) for pattern in CERTIFICATES[stem]) else None


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
def serve(binary: haproxy.Binary, folder: Path, sections: Sequence[Section]) -> Generator[Lab]:
    """Serves ``sections`` on a port of its own: the word PORT in them becomes the address, FOLDER the test's folder."""
    address = ("127.0.0.1", haproxy.free_port())
    for name, entries in TABLES.items():
        (folder / name).write_text("".join(f"{key} {value}\n" for key, value in entries), encoding="utf-8")
        (folder / f"keys-{name}").write_text("".join(f"{key}\n" for key, _ in entries), encoding="utf-8")
    limits = tuple(opaque(f"timeout {kind} 3s") for kind in ("client", "server", "connect"))
    replaced = [_replaced(section, {"PORT": f"{address[0]}:{address[1]}", "FOLDER": str(folder)}) for section in sections]
    for stem, names in CERTIFICATES.items():
        certificates.authority().issue(*names).write(folder, stem)
    place = Section("global", "", (tree.line("setenv", "PLACE", str(folder)),))
    config = tree.Config((place, Section("defaults", "", (opaque("mode http"), *limits)), *replaced))
    entries = {str(folder / f"{kind}{name}"): table for name, table in TABLES.items() for kind in ("", "keys-")}
    evaluator = Evaluator(config, entries, {"PLACE": str(folder)}, certificate)
    with haproxy.running(binary.path, print_config(config), folder, ports=[address]):
        yield Lab(address, evaluator, config)


def _replaced(section: Section, names: dict[str, str]) -> Section:
    def fill(word: tree.Word) -> tree.Word:
        for name, value in names.items():
            word = word.replace(name, value) if isinstance(word, str) else word
        return word

    lines = tuple(dataclasses.replace(each, words=tuple(fill(word) for word in each.words)) for each in section.lines)
    return dataclasses.replace(section, lines=lines)


def answer(running: Lab, first: connection.First, proxy: bytes | None = None) -> str:
    """What the real HAProxy does with a connection, in the words of :func:`said`."""
    with client.connect(running.address, proxy=proxy, source=SOURCE) as wire:
        if isinstance(first, connection.Tls):
            how = client.Tls(certificates.trusting_nobody(first.alpn), first.sni)
            shaken = wire.start_tls(how)
            if not shaken.ok:
                return "closed"
            assert isinstance(first.inside, connection.Request)
            return _told(_ask(wire, first.inside))
        payload = first_bytes(first)
        if payload:
            wire.send(payload)
        return _told(wire.read_response(timeout=4))


def _ask(wire: client.Connection, request: connection.Request) -> Outcome:
    if wire.alpn == "h2":
        return client_http2.Http2(wire).request(client.Request(request.method, request.path, request.host, request.headers))
    return wire.request(client.Request(request.method, request.path, request.host, request.headers))


def _told(outcome: Outcome) -> str:
    if outcome.kind != "response":
        assert outcome.kind in ("closed", "reset", "tls-alert"), outcome
        return "closed"
    if outcome.header("location") is not None:
        return f"{outcome.status} to {outcome.header('location')}"
    is_ours = outcome.header("content-type") == "text/plain"
    return f"{outcome.status} {outcome.body.decode()}" if is_ours else str(outcome.status)


def said(told: trace.Trace) -> str:
    """What the evaluator foretells, in the same words."""
    outcome = told.outcome
    if isinstance(outcome, trace.Redirect):
        return f"{outcome.status} to {outcome.location}"
    if isinstance(outcome, trace.Respond):
        return f"{outcome.status} {outcome.body}" if outcome.content_type == "text/plain" else str(outcome.status)
    return "closed" if isinstance(outcome, trace.Reject) else str(outcome)
