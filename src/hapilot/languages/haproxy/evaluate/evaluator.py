"""The evaluator itself: one configuration, prepared once, and any number of connections through it.

Comes in: a tree and what is around it: tables, environment, certificates, pages. Goes out: a ``trace.Trace`` for each connection. Called by
``explain`` and by the checks of ``expect``. The whole way is on this one screen; its steps are in other modules.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from hapilot.languages.haproxy import tree
from hapilot.languages.haproxy.evaluate import arrival, crtlists, responses, sections, servers, streams, trace, values, written
from hapilot.languages.haproxy.evaluate.binds import Bind
from hapilot.languages.haproxy.evaluate.connection import Connection, Endpoint
from hapilot.languages.haproxy.evaluate.counters import Counters
from hapilot.languages.haproxy.evaluate.proxies import Proxy
from hapilot.languages.haproxy.evaluate.state import Shared, State
from hapilot.languages.haproxy.evaluate.tables import Entry, Table
from hapilot.languages.haproxy.evaluate.values import Unknown
from hapilot.languages.haproxy.evaluate.wire import Wire

_MOST_LAYERS = 16
"""A configuration that hands a connection round more often than this leads it in a circle."""


@dataclass(frozen=True, slots=True)
class Around:
    """What HAProxy finds beside its configuration. ``tables`` are the entries of maps, ACL files and crt-lists by path, in file order (of
    a crt-list each line is a key); ``certificates`` are the names in certificate files by path, and without them every name has one;
    ``files`` are the contents of the pages that the configuration names. ``is_own`` tells the lines that hapilot made, for which a
    connection is the first of its client (``State.strict``). ``has_alpn``: HTTP/2 is agreed on where a ``bind`` line says nothing of
    ALPN (HAProxy 2.8 and later)."""

    tables: Mapping[str, Sequence[Entry]] = field(default_factory=dict[str, Sequence[Entry]])
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    certificates: Mapping[str, crtlists.Certificate] | None = None
    files: Mapping[str, bytes] = field(default_factory=dict[str, bytes])
    is_own: sections.IsOwn = lambda name, line: True
    has_alpn: bool = False


class Evaluator:
    """A configuration, ready to be asked. Cheap to ask, so build it once."""

    def __init__(self, config: tree.Config, around: Around | None = None) -> None:
        self._around = around or Around()
        environment = self._around.environment
        self._tables = {path: Table(entries) for path, entries in self._around.tables.items()}
        self._certificates = crtlists.CertificateStore(self._around.tables, self._around.certificates)
        self._sections = sections.prepare(config, environment, self._around.is_own)
        if self._around.has_alpn:
            for bind in (bind for proxy in self._sections.proxies if proxy.mode == "http" for bind in proxy.binds):
                bind.agree_on_http2()
        self._process = _process_variables(config, environment)
        self._sockets = {
            bind.address: (proxy, bind)
            for proxy in self._sections.proxies
            for bind in proxy.binds
            if proxy.disabled_by is None and bind.address.startswith(("unix@", "abns@", "abnsz@", "/"))
        }
        self._sockets |= _inside(_chroot(config, environment), self._sockets)
        self._binds = [(proxy, bind) for proxy in self._sections.proxies for bind in proxy.binds if proxy.disabled_by is None]
        self._places = _places_by_port(bind for _, bind in self._binds)
        self._servers = {proxy.name: servers.health(proxy) for proxy in self._sections.proxies if proxy.kind != "frontend"}

    def run(self, connection: Connection, served: trace.Answer | None = None) -> trace.Trace:
        """Follows one connection to its end; with ``served``, the answer of the server, also back to the client."""
        shared = self._shared()
        found = self._socket(connection.at)
        doubtful = self._doubtful(connection.at, found)
        if found is None or doubtful is not None:
            nobody = trace.Reject(f"nothing listens on {connection.at}")
            return _finish(nobody if doubtful is None else trace.Opaque(doubtful, "where it listens"), None, shared)
        headers = (connection.proxy,) if connection.proxy is not None else ()
        here = arrival.Arrival(*found, Wire(headers, connection.first), connection.source, connection.target)
        passages: list[responses.Passage] = []
        for _ in range(_MOST_LAYERS):
            received = self._receive(here, shared)
            if not isinstance(received, State):
                return _finish(received, passages[-1].state if passages else None, shared)
            received.servers = self._servers
            passage, end = self._known_layer(here, received)
            passages.append(passage)
            if not isinstance(end, arrival.Arrival):
                answered = isinstance(end, trace.Respond | trace.Redirect | trace.Forward)
                answer = responses.back(passages, served) if answered else None
                return _finish(_as_answered(end, answer), received, shared, answer)
            here = end
        return _finish(trace.Reject("the configuration leads the connection in a circle"), passages[-1].state, shared)

    def _shared(self) -> Shared:
        found = self._sections
        return Shared(
            self._tables, self._around.environment, found.users, self._around.files, Counters(found.tables), has_agents=found.has_agents
        )

    def _receive(self, here: arrival.Arrival, shared: Shared) -> State | trace.Outcome:
        try:
            return arrival.receive(here, shared, self._certificates, dict(self._process))
        except Unknown as reason:
            return trace.Opaque(here.bind.line, str(reason))

    def _known_layer(self, here: arrival.Arrival, state: State) -> tuple[responses.Passage, arrival.Arrival | trace.Outcome]:
        """A layer; where a step that belongs to no rule needs what is not known, it ends there."""
        try:
            return self._layer(here.proxy, state)
        except Unknown as reason:
            line = _last_line(state, here.bind.line)
            return responses.Passage((here.proxy,), state, forwarded=False), trace.Opaque(line, str(reason))

    def _layer(self, frontend: Proxy, state: State) -> tuple[responses.Passage, arrival.Arrival | trace.Outcome]:
        """One frontend, and the backend it chooses."""
        outcome = streams.pass_frontend(frontend, state)
        if outcome is not None:
            return responses.Passage((frontend,), state, forwarded=False), outcome
        backend = streams.choose_backend(frontend, state, self._sections)
        if not isinstance(backend, Proxy):
            return responses.Passage((frontend,), state, forwarded=False), backend
        both = (frontend,) if backend is frontend else (backend, frontend)
        outcome = None if backend is frontend else streams.pass_backend(backend, state)
        if outcome is not None:
            return responses.Passage(both, state, forwarded=False), outcome
        streams.add_headers(frontend, backend, state)
        left = servers.leave(backend, state, self._sockets, self._socket)
        return responses.Passage(both, state, forwarded=not isinstance(left, trace.Respond | trace.Redirect)), left

    def _doubtful(self, at: Endpoint | str, found: tuple[Proxy, Bind] | None) -> tree.Line | None:
        """A ``bind`` line of which the address is not known, and that may be the one that takes a connection."""
        if isinstance(at, str) or (found is not None and found[1].specificity(at) == 2):
            return None
        return next((bind.line for _, bind in self._binds if bind.may_cover(at)), None)

    def _socket(self, at: Endpoint | str) -> tuple[Proxy, Bind] | None:
        """The socket that takes a connection; the most exact address wins, as in the kernel."""
        if isinstance(at, str):
            return next(((proxy, bind) for proxy, bind in self._binds if at in (bind.address, bind.options.get("name"))), None)
        near = (self._binds[place] for place in sorted((*self._places.get(at.port, ()), *self._places.get(None, ()))))
        ranked = [(rank, proxy, bind) for proxy, bind in near if (rank := bind.specificity(at)) is not None]
        return max(ranked, key=lambda item: item[0])[1:] if ranked else None


def _as_answered(outcome: trace.Outcome, answer: trace.Answer | None) -> trace.Outcome:
    """With the status that rules on answers have left (``http-after-response set-status``)."""
    if answer is None or not isinstance(outcome, trace.Respond | trace.Redirect):
        return outcome
    return replace(outcome, status=answer.status)


def _last_line(state: State, otherwise: tree.Line) -> tree.Line:
    """The last line that took effect."""
    return state.shared.steps[-1].line if state.shared.steps else otherwise


def _places_by_port(binds: Iterable[Bind]) -> dict[int | None, list[int]]:
    """The places of binds in their order: by port, and those with several ports under None."""
    found: dict[int | None, list[int]] = {}
    for place, bind in enumerate(binds):
        ports = bind.ports
        if ports:
            found.setdefault(ports[0] if len(ports) == 1 else None, []).append(place)
    return found


def _chroot(config: tree.Config, environment: Mapping[str, str]) -> str:
    """The folder that the worker sees as the root once it runs, without a final slash."""
    found = ""
    settings = tree.Config(tuple(section for section in config.sections if section.kind == "global"))
    for _, lines in written.sections(settings, environment):
        for each in lines:
            words = each.words
            if len(words) > 1 and words[0] == "chroot":
                found = words[1].rstrip("/")
    return found


def _inside(chroot: str, sockets: servers.Sockets) -> dict[str, tuple[Proxy, Bind]]:
    """The sockets below ``chroot`` as server lines name them: binds are opened before the change of root, connections made after."""
    if not chroot:
        return {}
    below = f"unix@{chroot}/"
    return {f"unix@/{address.removeprefix(below)}": found for address, found in sockets.items() if address.startswith(below)}


def _process_variables(config: tree.Config, environment: Mapping[str, str]) -> dict[str, values.Value | Unknown]:
    """``set-var`` and ``set-var-fmt`` lines of the global section; those that are more than a text are not known."""
    found: dict[str, values.Value | Unknown] = {}
    settings = tree.Config(tuple(section for section in config.sections if section.kind == "global"))
    for _, lines in written.sections(settings, environment):
        for each in lines:
            words = each.words
            if len(words) > 2 and words[0] in ("set-var", "set-var-fmt"):
                found[words[1]] = _constant(words)
    return found


def _constant(words: Sequence[str]) -> values.Value | Unknown:
    text = words[2]
    if words[0] == "set-var-fmt":
        return text if "%" not in text else Unknown(f"the variable {words[1]}")
    kind, _, argument = text.removesuffix(")").partition("(")
    if kind == "str":
        return argument.strip("'\"")
    return int(argument) if kind == "int" and argument.isdigit() else Unknown(f"the variable {words[1]}")


def _finish(outcome: trace.Outcome, state: State | None, shared: Shared, answer: trace.Answer | None = None) -> trace.Trace:
    shown = {} if state is None else {name: _shown(value) for name, value in state.variables.items()}
    return trace.Trace(
        outcome=outcome,
        steps=tuple(shared.steps),
        layers=tuple(shared.layers),
        lookups=tuple(shared.lookups),
        variables=shown,
        client=state.source if state is not None else None,
        destination=state.destination if state is not None else None,
        request=state.message.seen() if state is not None and state.message is not None else None,
        response=tuple(shared.response),
        answer=answer,
    )


def _shown(value: values.Value | Unknown) -> str:
    return "?" if isinstance(value, Unknown) else values.as_text(value)
