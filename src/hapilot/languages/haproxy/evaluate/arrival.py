"""A connection arrives at a socket: rules on the bare connection, the PROXY header, TLS, and rules on the session.

Comes in: an :class:`Arrival` (from the evaluator, or from a server line that leads to a local socket). Goes out: a :class:`State` with
the facts of the layer, or how it ended already. Called by ``evaluator``. The order is HAProxy's: ``tcp-request connection``, PROXY
header, TLS, ``tcp-request session``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from hapilot.languages.haproxy import tree
from hapilot.languages.haproxy.evaluate import actions, rules, trace
from hapilot.languages.haproxy.evaluate.binds import Bind
from hapilot.languages.haproxy.evaluate.connection import Endpoint, Http, ProxyHeader, Raw, Request, Silent, Tls
from hapilot.languages.haproxy.evaluate.sections import Proxy
from hapilot.languages.haproxy.evaluate.state import Shared, State, TlsFacts
from hapilot.languages.haproxy.evaluate.values import Unknown, Value
from hapilot.languages.haproxy.evaluate.wire import Wire

Certificates = Callable[[tree.Line, "str | None"], "str | None"]
"""From a ``bind`` line and a server name to the label of the certificate that would be shown; None where none fits the name."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A connection at a socket of ``proxy``. ``source`` and ``destination`` are those of the socket, before any PROXY header."""

    proxy: Proxy
    bind: Bind
    wire: Wire
    source: Endpoint | None
    destination: Endpoint | None


def receive(arrival: Arrival, shared: Shared, certificates: Certificates, process: dict[str, Value | Unknown]) -> State | trace.Outcome:
    """Takes the connection in. ``process`` are the variables of the whole process (``proc.*``)."""
    state = _start(arrival, shared, process)
    ending = _ends(rules.run(arrival.proxy.connection, state))
    if ending is not None:
        return ending
    wire = arrival.wire
    if arrival.bind.has("accept-proxy") or state.expects_proxy:
        if not wire.headers:
            return trace.Reject("a PROXY header is required, and there is none", arrival.bind.line)
        _believe(state, wire.headers[0])
        wire = wire.without_header()
    refused = _handshake(arrival, state, wire, certificates) if arrival.bind.has("ssl") else _in_clear(state, wire)
    _remember(arrival, state)
    return refused or _ends(rules.run(arrival.proxy.session, state)) or state


def _ends(ending: actions.Ending | rules.Waiting | None) -> trace.Outcome | None:
    """An outcome, if that is what ended the rules."""
    return None if isinstance(ending, actions.Stop | actions.SwitchMode | rules.Waiting) else ending


def _start(arrival: Arrival, shared: Shared, process: dict[str, Value | Unknown]) -> State:
    return State(
        shared=shared,
        section=arrival.proxy.title,
        source=arrival.source,
        destination=arrival.destination,
        frontend=(arrival.proxy.name, arrival.proxy.number),
        socket=(arrival.bind.options.get("name", ""), arrival.bind.number),
        final=True,
        variables=dict(process),
    )


def _believe(state: State, header: ProxyHeader) -> None:
    """Takes over what a PROXY header says; one without addresses leaves them as they are."""
    state.proxy = header
    if header.kind == "proxy" and header.source is not None and header.destination is not None:
        state.source, state.destination = header.source, header.destination


def _in_clear(state: State, wire: Wire) -> None:
    state.arriving = wire.first
    state.unread = wire.headers
    state.payload = wire.payload


def _handshake(arrival: Arrival, state: State, wire: Wire, certificates: Certificates) -> trace.Reject | None:
    """Ends TLS here, or says why that fails."""
    bind, hello = arrival.bind, wire.first
    if not isinstance(hello, Tls) or wire.headers:
        return trace.Reject("the client does not start TLS", bind.line)
    certificate = certificates(bind.line, hello.sni)
    if certificate is None and bind.has("strict-sni"):
        return trace.Reject("no certificate for the name, and strict-sni", bind.line)
    if bind.options.get("verify") == "required" and not hello.client_certificate:
        return trace.Reject("a client certificate is required, and there is none", bind.line)
    alpn = next((name for name in bind.alpn if name in hello.alpn), None)
    state.tls = TlsFacts(hello.sni, alpn, certificate, hello.client_certificate)
    inside = hello.inside
    state.arriving = _spoken(inside, alpn) if isinstance(inside, Request) else _as_first(inside)
    state.payload = Wire((), state.arriving).payload
    return None


def _spoken(request: Request, alpn: str | None) -> Http:
    """The request in the HTTP version that was agreed on."""
    if alpn == "h2":
        return Http(replace(request, version="2"))
    return Http(replace(request, version="1.1") if request.version == "2" else request)


def _as_first(inside: bytes | None) -> Raw | Silent:
    return Silent() if inside is None else Raw(inside)


def _remember(arrival: Arrival, state: State) -> None:
    """Notes the layer in the trace."""
    tls = state.tls
    state.shared.layers.append(
        trace.Layer(
            section=arrival.proxy.title,
            bind=arrival.bind.line,
            mode=arrival.proxy.mode,
            tls=tls is not None,
            certificate=tls.certificate if tls else None,
            sni=tls.sni if tls else None,
            alpn=tls.alpn if tls else None,
            proxied=state.proxy is not None,
        )
    )
