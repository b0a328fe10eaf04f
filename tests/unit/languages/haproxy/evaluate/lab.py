"""A configuration that is served by a real HAProxy and evaluated at the same time."""

from __future__ import annotations

import dataclasses
import ssl
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from hapilot.languages.haproxy import tree
from hapilot.languages.haproxy.evaluate import connection, trace
from hapilot.languages.haproxy.evaluate.connection import Connection, Endpoint, ProxyHeader, endpoint
from hapilot.languages.haproxy.evaluate.crtlists import Certificate
from hapilot.languages.haproxy.evaluate.evaluator import Around, Evaluator
from hapilot.languages.haproxy.evaluate.wire import first_bytes
from hapilot.languages.haproxy.printer import print_config
from hapilot.languages.haproxy.tree import Section, opaque
from support import certificates, client, client_http2, haproxy
from support.outcome import Outcome

SOURCE = "127.0.0.9"
TABLES: Mapping[str, Sequence[tuple[str, str]]] = {
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


@dataclasses.dataclass(frozen=True)
class Beside:
    """What lies beside the configuration, in FOLDER: pages, crt-lists, and certificate files (names and kind of key)."""

    pages: Mapping[str, bytes] = dataclasses.field(default_factory=dict[str, bytes])
    lists: Mapping[str, Sequence[str]] = dataclasses.field(default_factory=dict[str, Sequence[str]])
    leaves: Mapping[str, tuple[Sequence[str], certificates.KeyKind]] = dataclasses.field(
        default_factory=dict[str, tuple[Sequence[str], certificates.KeyKind]]
    )


NOTHING = Beside()


@dataclasses.dataclass(frozen=True)
class Lab:
    """A configuration that runs, and its evaluator."""

    address: tuple[str, int]
    evaluator: Evaluator
    config: tree.Config
    folder: Path
    other: int

    def expect(self, first: connection.First, proxy: ProxyHeader | None = None, served: trace.Answer | None = None) -> trace.Trace:
        at = Endpoint(endpoint(f"{self.address[0]}:1").ip, self.address[1])
        return self.evaluator.run(Connection(at, first, Endpoint(endpoint(f"{SOURCE}:1").ip, 1), proxy=proxy), served)


@contextmanager
def serve(binary: haproxy.Binary, folder: Path, sections: Sequence[Section], beside: Beside = NOTHING) -> Generator[Lab]:
    """Serves ``sections`` on a port of its own: the word PORT in them becomes the address, OTHER the number of a second port for servers of
    the test's own, FOLDER the test's folder."""
    address, other = ("127.0.0.1", haproxy.free_port()), haproxy.free_port()
    names = {"PORT": f"{address[0]}:{address[1]}", "OTHER": str(other), "FOLDER": str(folder)}
    limits = tuple(opaque(f"timeout {kind} 3s") for kind in ("client", "server", "connect"))
    place = Section("global", "", (tree.line("setenv", "PLACE", str(folder)),))
    defaults = Section("defaults", "", (opaque("mode http"), *limits))
    config = tree.Config((place, defaults, *(_replaced(section, names) for section in sections)))
    known, pages = _certificates(folder, beside), {str(folder / name): content for name, content in beside.pages.items()}
    for path, content in pages.items():
        Path(path).write_bytes(content)
    evaluator = Evaluator(config, Around(_tables(folder, beside), {"PLACE": str(folder)}, known, pages))
    with haproxy.running(binary.path, print_config(config), folder, ports=[address]):
        yield Lab(address, evaluator, config, folder, other)


def _tables(folder: Path, beside: Beside) -> dict[str, Sequence[tuple[str, str]]]:
    """Writes the tables, each as a map and as a list of keys, and the crt-lists; gives their entries by path."""
    found: dict[str, Sequence[tuple[str, str]]] = {}
    for name, table in TABLES.items():
        (folder / name).write_text("".join(f"{key} {value}\n" for key, value in table), encoding="utf-8")
        (folder / f"keys-{name}").write_text("".join(f"{key}\n" for key, _ in table), encoding="utf-8")
        found[str(folder / name)] = found[str(folder / f"keys-{name}")] = table
    for name, lines in beside.lists.items():
        filled = [line.replace("FOLDER", str(folder)) for line in lines]
        (folder / name).write_text("".join(f"{line}\n" for line in filled))
        found[str(folder / name)] = tuple((line, "") for line in filled)
    return found


def _certificates(folder: Path, beside: Beside) -> dict[str, Certificate]:
    found: dict[str, Certificate] = {}
    plain: dict[str, tuple[Sequence[str], certificates.KeyKind]] = {stem: (names, "ecdsa") for stem, names in CERTIFICATES.items()}
    for stem, (names, key) in (plain | dict(beside.leaves)).items():
        certificates.authority().issue(*names, key=key).write(folder, stem)
        found[str(folder / f"{stem}.pem")] = Certificate(stem, tuple(names), key)
    return found


def _replaced(section: Section, names: dict[str, str]) -> Section:
    def fill(word: tree.Word) -> tree.Word:
        for name, value in names.items():
            word = word.replace(name, value) if isinstance(word, str) else word
        return word

    lines = tuple(dataclasses.replace(each, words=tuple(fill(word) for word in each.words)) for each in section.lines)
    return dataclasses.replace(section, lines=lines)


def answer(running: Lab, first: connection.First, proxy: bytes | None = None) -> str:
    """What the real HAProxy does with a connection, in the words of :func:`said`."""
    return told(ask(running, first, proxy))


def ask(running: Lab, first: connection.First, proxy: bytes | None = None, context: ssl.SSLContext | None = None) -> Outcome:
    """Makes a connection; ``context`` is that of a client with a certificate."""
    with client.connect(running.address, proxy=proxy, source=SOURCE) as wire:
        if isinstance(first, connection.Tls):
            shaken = wire.start_tls(client.Tls(context or certificates.trusting_nobody(first.alpn), first.sni))
            if not shaken.ok:
                return shaken
            assert isinstance(first.inside, connection.Request)
            return _ask(wire, first.inside)
        payload = first_bytes(first)
        if payload:
            wire.send(payload)
        return wire.read_response(timeout=4, has_body=not payload.startswith(b"HEAD"))


def _ask(wire: client.Connection, request: connection.Request) -> Outcome:
    if wire.alpn == "h2":
        return client_http2.Http2(wire).request(client.Request(request.method, request.path, request.host, request.headers))
    return wire.request(client.Request(request.method, request.path, request.host, request.headers))


def told(outcome: Outcome) -> str:
    """What came of a connection, in the words of :func:`said`."""
    if outcome.kind != "response":
        assert outcome.kind in ("closed", "reset", "tls-alert"), outcome
        return "closed"
    if outcome.header("location") is not None:
        return f"{outcome.status} to {outcome.header('location')}"
    is_ours = outcome.header("content-type") == "text/plain"
    return f"{outcome.status} {outcome.body.decode()}" if is_ours else str(outcome.status)


def said(found: trace.Trace) -> str:
    """What the evaluator foretells, in the same words."""
    outcome = found.outcome
    if isinstance(outcome, trace.Redirect):
        return f"{outcome.status} to {outcome.location}"
    if isinstance(outcome, trace.Respond):
        return f"{outcome.status} {outcome.body}" if outcome.content_type == "text/plain" else str(outcome.status)
    return "closed" if isinstance(outcome, trace.Reject) else str(outcome)
