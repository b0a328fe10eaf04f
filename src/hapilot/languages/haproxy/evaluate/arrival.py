"""A connection arrives at a socket: rules on the bare connection, the PROXY header, TLS, and rules on the session.

Comes in: an :class:`Arrival` (from the evaluator, or from a server line that leads to a local socket). Goes out: a :class:`State` with
the facts of the layer, or how it ended already. Called by ``evaluator``. The order is HAProxy's: ``tcp-request connection``, PROXY
header, TLS, ``tcp-request session``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from hapilot.languages.haproxy.evaluate import actions, counters, identity, rules, trace
from hapilot.languages.haproxy.evaluate.binds import Bind
from hapilot.languages.haproxy.evaluate.connection import ClientCertificate, Endpoint, Http, ProxyHeader, Raw, Request, Silent, Tls
from hapilot.languages.haproxy.evaluate.crtlists import CertificateStore
from hapilot.languages.haproxy.evaluate.proxies import Proxy
from hapilot.languages.haproxy.evaluate.state import Shared, State, TlsFacts
from hapilot.languages.haproxy.evaluate.values import Unknown, Value
from hapilot.languages.haproxy.evaluate.wire import Wire


@dataclass(frozen=True, slots=True)
class Arrival:
    """A connection at a socket of ``proxy``. ``source`` and ``destination`` are those of the socket, before any PROXY header."""

    proxy: Proxy
    bind: Bind
    wire: Wire
    source: Endpoint | None
    destination: Endpoint | None


def receive(arrival: Arrival, shared: Shared, certificates: CertificateStore, process: dict[str, Value | Unknown]) -> State | trace.Outcome:
    """Takes the connection in. ``process`` are the variables of the whole process (``proc.*``). Raises Unknown."""
    unread = next((option for option in _NOT_FOLLOWED if arrival.bind.has(option)), None)
    if unread is not None:
        raise Unknown(f"{unread} of the bind line")
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
    failed = _handshake(arrival, state, wire, certificates) if arrival.bind.has("ssl") else _in_clear(state, wire)
    _remember(arrival, state)
    refused = failed or _ends(rules.run(arrival.proxy.session, state))
    for entry in state.session_tracked.values():
        entry.add(*counters.SESSION)
    state.in_stream = True
    return refused or state


_NOT_FOLLOWED = ("accept-netscaler-cip", "proto", "namespace")


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
        pages=(arrival.proxy.errors,),
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


def _handshake(arrival: Arrival, state: State, wire: Wire, certificates: CertificateStore) -> trace.Reject | None:
    """Ends TLS here, or says why that fails."""
    bind, hello = arrival.bind, wire.first
    if not isinstance(hello, Tls) or wire.headers:
        return trace.Reject("the client does not start TLS", bind.line)
    chosen = certificates.choose(bind, hello.sni)
    if chosen is None:
        return trace.Reject("no certificate for the name, and strict-sni", bind.line)
    # What a line of a crt-list says goes before the bind line (ssl_sock_prepare_ctx).
    options = {**bind.options, **chosen.options}
    refused = _refused(options, hello.client_certificate)
    if refused is not None:
        return trace.Reject(refused, bind.line)
    alpn = next((name for name in options.get("alpn", "").split(",") if name and name in hello.alpn), None)
    asked = hello.client_certificate if options.get("verify", "none") != "none" else None
    client = None if asked is None else identity.identity(asked.der)
    state.tls = TlsFacts(hello.sni, alpn, chosen.label, client, asked is None or _trusted(options, asked))
    inside = hello.inside
    state.arriving = _spoken(inside, alpn) if isinstance(inside, Request) else _as_first(inside)
    state.payload = Wire((), state.arriving).payload
    return None


def _refused(options: Mapping[str, str], shown: ClientCertificate | None) -> str | None:
    """Why the handshake fails for the certificate that the client shows, or does not show."""
    verify = options.get("verify", "none")
    if verify == "required" and shown is None:
        return "a client certificate is required, and there is none"
    forgiven = all(options.get(option) == "all" for option in ("ca-ignore-err", "crt-ignore-err"))
    if verify == "none" or shown is None or forgiven or _trusted(options, shown):
        return None
    return "the client certificate is not trusted"


def _trusted(options: Mapping[str, str], shown: ClientCertificate) -> bool:
    return not shown.trusted_by.isdisjoint(options[key] for key in ("ca-file", "ca-verify-file") if key in options)


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
