"""Servers that are frontends of the same HAProxy and tell all they see; and what a client gets, beside what is foretold."""

from __future__ import annotations

from hapilot.languages.haproxy.evaluate import connection, trace
from hapilot.languages.haproxy.evaluate.connection import Http
from hapilot.languages.haproxy.tree import Line, Section, line, opaque
from support import client
from support.outcome import Outcome
from unit.languages.haproxy.evaluate import lab

SEEN = "%[method] %[url] names=%[req.hdr_names] host=%[req.fhdr(host)] cookie=%[req.fhdr(cookie)] x=%[req.fhdr(x-a)] y=%[req.fhdr(x-y)]"
LIMITS = "mode http\ntimeout http-request 400ms\ntimeout client 3s\ntimeout server 3s\ntimeout connect 3s"
HOP = {":status", "connection", "keep-alive", "transfer-encoding"}


def raw(kind: str, name: str, text: str, *more: Line, inherits: str = "") -> Section:
    """A section from its lines as text."""
    return Section(kind, name, (*(opaque(each.strip()) for each in text.strip().splitlines()), *more), inherits=inherits)


def server(name: str, address: str, *headers: str) -> Section:
    """A frontend that plays a server: it names itself, and answers with ``headers`` (each ``NAME VALUE``) by the path."""
    reply = ("http-request", "return", "status", "200", "content-type", "text/plain", "lf-string", SEEN)
    reply += tuple(told(f"X-Server {name}", *headers))
    return Section("frontend", f"is-{name}", (opaque(f"bind {address}:OTHER"), line(*reply)))


def told(*headers: str) -> list[str]:
    return [word for header in headers for word in ("hdr", *header.split(" ", 1))]


def from_server(running: lab.Lab, found: trace.Trace, name: str) -> trace.Answer:
    """The answer of a server to just the request that the evaluator foretells."""
    assert found.request is not None
    host = {"s1": "127.0.0.1", "s2": "127.0.0.2", "s3": "127.0.0.3"}[name]
    lines = [f"{found.request.method} {found.request.path} HTTP/1.1", *(f"{key}: {value}" for key, value in found.request.headers)]
    with client.connect((host, running.other)) as wire:
        wire.send(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))
        outcome = wire.read_response(has_body=found.request.method != "HEAD")
    assert outcome.kind == "response", outcome
    return trace.Answer(outcome.status, outcome.headers, outcome.body, name)


def plain(status: int, headers: tuple[tuple[str, str], ...], body: bytes | None) -> list[str]:
    """An answer as lines that are easy to compare; headers in their order."""
    kept = [f"{name.lower()}: {value.strip()}" for name, value in headers if name.lower() not in HOP]
    return [str(status), *kept, (body or b"").decode("utf-8", "replace")]


def compare(running: lab.Lab, first: connection.First) -> tuple[list[str], list[str], trace.Trace]:
    """What the client gets, and what the evaluator foretells."""
    seen = lab.ask(running, first)
    found = running.expect(first)
    if isinstance(found.outcome, trace.Forward):
        name = seen.header("x-server")
        assert name is not None, seen
        assert name in [str(one.words[0]).split()[1] for one in found.outcome.servers]
        found = running.expect(first, served=from_server(running, found, name))
    if found.answer is None:
        return _gone(seen), [str(found.outcome)], found
    head = isinstance(first, Http) and first.request.method == "HEAD"
    return (
        plain(seen.status, seen.headers, seen.body),
        plain(found.answer.status, found.answer.headers, b"" if head else found.answer.body),
        found,
    )


def _gone(seen: Outcome) -> list[str]:
    return [seen.kind if seen.kind != "response" else f"{seen.status}"]
