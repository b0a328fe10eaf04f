"""Follow a connection through a Build and say where it went, in our words.

:class:`Explainer` is made once for a Build and asked many times: by ``explain``, by ``check`` for expectations, and by the
test that compares it with a real HAProxy.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cached_property
from typing import Literal

from hapilot.compile import build
from hapilot.explain import arrivals, considered, explanation, own_binds, probe
from hapilot.languages.haproxy import tree
from hapilot.languages.haproxy.evaluate import connection, crtlists, evaluator, trace

_ALPN_SINCE = (2, 8)
"""From this version on, a frontend that ends TLS agrees on HTTP/2 without being told."""
_BETTER = ("forward", "redirect", "respond", "reject")


class Explainer:
    """Answers questions about one Build."""

    def __init__(self, made: build.Build, files: Mapping[str, bytes] | None = None) -> None:
        """``files`` are the pages that lines of a user's own name, by the path that stands there (see ``own_pages``)."""
        self._build = made
        self._files = files or {}
        self._own = _own_proxies(made)
        self._entries = {table.path: {entry.key: entry for entry in table.entries} for table in made.tables}
        self._layers = {layer.frontend: layer for layer in made.layers}
        self._uses = {use.backend: use for use in made.backends}
        self._routes = _by_listener(made.routes)
        self._leading = _by_backend(made.routes)
        self._arrivals = arrivals.Arrivals(made)

    @cached_property
    def _evaluator(self) -> evaluator.Evaluator:
        """Made for the first question: most sites are checked without any."""
        site = self._build.site
        return evaluator.Evaluator(
            self._build.config,
            evaluator.Around(
                {table.path: tuple((entry.key, entry.value) for entry in table.entries) for table in self._build.tables},
                {"HAPILOT_RUN": self._build.target.run_dir},
                {
                    f"certs/{one.name}.pem": crtlists.Certificate(one.shown, tuple(map(str, one.hosts)), one.key_kind)
                    for one in site.materials.certificates
                },
                {**self._files, **{page.path: page.content for page in self._build.pages}},
                self.is_own,
                has_alpn=self._build.target.version >= _ALPN_SINCE,
            ),
        )

    def is_own(self, section: str, line: tree.Line) -> bool:
        """Whether hapilot made a line, and not the user."""
        return section in self._own and not line.opaque

    @property
    def listeners(self) -> tuple[str, ...]:
        """Where connections arrive, by name: listeners, and frontends of a user's own."""
        return self._arrivals.names

    def explain(self, asked: probe.Probe, shown: str = "") -> explanation.Explanation:
        """Where ``asked`` goes. ``shown`` is the target as the user wrote it.

        A host name does not say at which address it arrives; where several listeners have the port, the one on which the
        connection gets furthest, by the most exact host, is taken.
        """
        told, answer = self._told(asked, shown)
        return told if answer is None else replace(told, considered=answer.considered())

    def decide(self, asked: probe.Probe, shown: str = "") -> explanation.Explanation:
        """The same without the routes that did not win: it costs no more where there are more routes."""
        return self._told(asked, shown)[0]

    def follow(self, asked: probe.Probe, served: trace.Answer | None = None) -> trace.Trace | None:
        """The trace behind the answer, in HAProxy's words; with ``served``, the answer of the server, also of the way back to the client.
        None where no listener has the connection."""
        answer = self._told(asked, "", served)[1]
        return None if answer is None else answer.found

    def _told(self, asked: probe.Probe, shown: str, served: trace.Answer | None = None) -> tuple[explanation.Explanation, _Answer | None]:
        shown = shown or f"{asked.kind}://{asked.host}:{asked.port}{asked.path if asked.kind.startswith('http') else ''}"
        answers = [(one, _Answer(self, asked, self._evaluator.run(one, served), shown)) for one in self._arrivals.of(asked)]
        if not answers:
            where = f"{asked.host}:{asked.port}" if asked.address else f"port {asked.port}"
            where = f"listener {asked.listener}" if asked.listener else where
            return explanation.Explanation(shown, "reject", f"no listener accepts connections at {where}"), None
        told = [(replace(answer.explanation(), proxy=_proxy(arriving)), answer) for arriving, answer in answers]
        return min(told, key=lambda pair: (_BETTER.index(pair[0].outcome), _vagueness(pair[0])))

    def entry(self, lookup: trace.Lookup) -> build.Entry | None:
        """The table entry that a lookup hit."""
        return self._entries.get(lookup.path, {}).get(lookup.key) if lookup.key is not None else None

    def layer(self, frontend: str) -> build.Layer | None:
        """What a frontend is there for; the trace calls it ``frontend NAME``."""
        return self._layers.get(frontend.partition(" ")[2])

    def use(self, backend: str) -> build.BackendUse | None:
        """Which service a backend serves."""
        return self._uses.get(backend)

    def routes(self, listener: str | None) -> tuple[build.Route, ...]:
        """The routes of a listener."""
        return self._routes.get(listener, ())

    def leading(self, listener: str | None, backend: str) -> tuple[build.Route, ...]:
        """The routes of a listener to a backend or its canary, the most exact first."""
        return self._leading.get((listener, backend), ())


class _Answer:
    """Turns one trace into an Explanation."""

    def __init__(self, explainer: Explainer, asked: probe.Probe, found: trace.Trace, shown: str) -> None:
        self._explainer = explainer
        self._asked = asked
        self.found = found
        self._shown = shown
        self._layers = [layer for section in found.layers if (layer := explainer.layer(section.section))]

    def explanation(self) -> explanation.Explanation:
        """The whole answer."""
        outcome = self.found.outcome
        route = self._route()
        backend = self._backend()
        use = self._explainer.use(backend) if backend is not None else None
        forwarded = outcome if isinstance(outcome, trace.Forward) else None
        request = self.found.request
        sees_request = request is not None and (forwarded is None or forwarded.mode == "http")
        return explanation.Explanation(
            target=self._shown,
            outcome=_outcome(outcome),
            reason=self._reason(outcome, route, use),
            listener=self._listener(),
            protocol=self._protocol(),
            tls=self._tls(use),
            hops=self._hops(),
            route=None if route is None else explanation.RouteFacts(route.shown, route.origin),
            service=use.service if use else None,
            backend=forwarded.backend if forwarded else None,
            servers=_servers(use, forwarded) if forwarded else (),
            client_ip=str(self.found.client.ip) if self.found.client else None,
            send_proxy=forwarded.send_proxy if forwarded else None,
            server_tls=forwarded.sni if forwarded and forwarded.tls else None,
            request_headers=request.headers if forwarded and sees_request and request else (),
            request_path=request.path if forwarded and sees_request and request else None,
            status=outcome.status if isinstance(outcome, trace.Respond | trace.Redirect) else None,
            location=self._location(outcome),
            raw_line=_text(outcome.line) if isinstance(outcome, trace.Opaque) else None,
        )

    def considered(self) -> tuple[explanation.Considered, ...]:
        """The routes of the listener that did not win."""
        return considered.others(self._asked, self._explainer.routes(self._listener()), self._route())

    def _location(self, outcome: trace.Outcome) -> str | None:
        if isinstance(outcome, trace.Redirect):
            return outcome.location
        # A page for an error may send the client elsewhere (errorloc).
        return self.found.answer.header("location") if isinstance(outcome, trace.Respond) and self.found.answer is not None else None

    def _listener(self) -> str | None:
        if self._layers:
            return self._layers[0].listener
        return next((layer.section.partition(" ")[2] for layer in self.found.layers), None)

    def _entries(self) -> list[build.Entry]:
        return [entry for lookup in self.found.lookups if (entry := self._explainer.entry(lookup)) and entry.route]

    def _backend(self) -> str | None:
        """Where the connection went, also if the service there answered or refused by itself."""
        if isinstance(self.found.outcome, trace.Forward):
            return self.found.outcome.backend
        return next((step.detail for step in reversed(self.found.steps) if step.verb in ("use_backend", "default_backend")), None)

    def _route(self) -> build.Route | None:
        """The route behind the entry that decided, or the only one that leads to the backend."""
        outcome = self.found.outcome
        backend = self._backend()
        if backend is not None and self._explainer.use(backend) is not None:
            for entry in reversed(self._entries()):
                if entry.route and backend in (entry.value, entry.route.canary):
                    return entry.route
            fitting = (one for one in self._explainer.leading(self._listener(), backend) if considered.fits(self._asked, one))
            return next(fitting, None)
        if isinstance(outcome, trace.Redirect):
            behind = next((entry.route for entry in reversed(self._entries()) if entry.value.startswith(build.TO_HTTPS)), None)
            # A host is redirected as a whole, whatever paths its https routes have.
            return None if behind is None else replace(behind, path="/")
        if isinstance(outcome, trace.Respond) and outcome.status == 421:
            return next((entry.route for entry in reversed(self._entries()) if entry.value == build.MISDIRECTED), None)
        return None

    def _protocol(self) -> str:
        kind = self._asked.kind
        if kind in ("ssh", "tcp"):
            return kind
        ended = any(layer.tls for layer in self.found.layers)
        if kind == "tls" or (kind == "https" and not ended):
            return "tls"
        return "h2" if self._asked.version == "2" else "http/1.1"

    def _tls(self, use: build.BackendUse | None) -> explanation.TlsFacts | None:
        ended = next((layer for layer in self.found.layers if layer.tls), None)
        first = self._asked.first()
        if use is None and ended is None:
            return None
        sni = first.sni if isinstance(first, connection.Tls) else None
        return explanation.TlsFacts(use.tls if use else None, ended.certificate if ended else None, sni)

    def _hops(self) -> tuple[explanation.Hop, ...]:
        return tuple(explanation.Hop(layer.frontend, layer.kind, layer.why) for layer in self._layers)

    def _reason(self, outcome: trace.Outcome, route: build.Route | None, use: build.BackendUse | None) -> str:
        match outcome:
            case trace.Forward():
                if route is not None and use is not None and route.canary == use.backend:
                    return f"{route.shown} leads to service {route.service}, and this request to its canary {use.service}"
                return self._why_forwarded(outcome, route, use)
            case trace.Redirect() if outcome.line.comment:
                return outcome.line.comment
            case trace.Redirect() if self._where(outcome.line):
                return f"a redirect{self._where(outcome.line)}"
            case trace.Redirect():
                return f"plain HTTP for {route.shown if route else 'this host'} is redirected to https"
            case trace.Respond():
                return _why_answered(outcome, route, use) + self._where(outcome.line)
            case trace.Reject():
                return ((outcome.line.comment if outcome.line else "") or outcome.reason) + self._where(outcome.line)
            case trace.Opaque():
                where = f" at {outcome.line.origin.short}" if outcome.line.origin else ""
                return f"decided by a raw rule{where}: {outcome.reason}"

    def _why_forwarded(self, outcome: trace.Forward, route: build.Route | None, use: build.BackendUse | None) -> str:
        to = f"service {use.service}" if use else f"backend {outcome.backend}"
        if route is not None:
            return f"{route.shown} leads to {to}"
        chosen = next((step for step in reversed(self.found.steps) if step.verb in ("use_backend", "default_backend")), None)
        where = self._where(chosen.line if chosen is not None and chosen.detail == outcome.backend else None)
        return f"{chosen.verb}{where} leads to {to}" if chosen is not None and where else f"everything here goes to {to}"

    def _where(self, line: tree.Line | None) -> str:
        """Where a line stands that the user wrote; "" for one of hapilot's."""
        if line is None or line.origin is None:
            return ""
        section = next((step.section for step in reversed(self.found.steps) if step.line is line), "")
        own = self._explainer.is_own(section.partition(" ")[2], line)
        return "" if own else f" at {line.origin.short}"


def _own_proxies(made: build.Build) -> frozenset[str]:
    """The proxies that hapilot made: all but those that stand in raw sections or are kept as written."""
    written = (section for section in made.config.sections if section.head or own_binds.is_written(made, section.name))
    return frozenset(section.name for section in made.config.sections) - {section.name for section in written}


def _text(line: tree.Line) -> str:
    return " ".join(word if isinstance(word, str) else f"{word.before}${{{word.name}}}{word.after}" for word in line.words)


def _proxy(arriving: connection.Connection) -> explanation.ProxyFacts | None:
    """What the PROXY header in front of a connection says."""
    header = arriving.proxy
    if header is None or header.source is None or header.destination is None:
        return None
    return explanation.ProxyFacts(str(arriving.source.ip) if arriving.source else None, str(header.source.ip), str(header.destination))


def _why_answered(outcome: trace.Respond, route: build.Route | None, use: build.BackendUse | None) -> str:
    if outcome.status == 421 and route is not None and use is None:
        if route.side != "sni":
            return f"{route.shown} speaks another protocol for service {route.service}, and this connection speaks HTTP"
        where = f"{route.shown} is passed through for service {route.service}"
        return f"{where}; this connection ended here, so the client must open a new one"
    said = outcome.line.comment if outcome.line else ""
    return said or outcome.reason or outcome.body.strip() or f"HAProxy answers {outcome.status}"


def _servers(use: build.BackendUse | None, outcome: trace.Forward) -> tuple[explanation.ServerFacts, ...]:
    """Those that may be chosen: as the site calls them, and those that stand in lines of a user's own."""
    known = {server.name: server.address for server in use.servers} if use is not None else {}
    return tuple(explanation.ServerFacts(name, known.get(name, at)) for name, at in zip(outcome.names, outcome.addresses, strict=True))


def _vagueness(answer: explanation.Explanation) -> int:
    """0 for a route to one host, 1 for a wildcard, 2 for every host."""
    if answer.route is None or answer.route.match.startswith("("):
        return 2
    return int(answer.route.match.startswith("*."))


def _by_listener(routes: Iterable[build.Route]) -> dict[str | None, tuple[build.Route, ...]]:
    grouped: dict[str | None, list[build.Route]] = {}
    for route in routes:
        grouped.setdefault(route.listener, []).append(route)
    return {name: tuple(group) for name, group in grouped.items()}


def _by_backend(routes: Iterable[build.Route]) -> dict[tuple[str | None, str], tuple[build.Route, ...]]:
    grouped: dict[tuple[str | None, str], list[build.Route]] = {}
    for route in routes:
        for backend in {route.backend, route.canary} - {""}:
            grouped.setdefault((route.listener, backend), []).append(route)
    return {key: tuple(group) for key, group in grouped.items()}


def _outcome(outcome: trace.Outcome) -> Literal["forward", "redirect", "respond", "reject"]:
    match outcome:
        case trace.Forward():
            return "forward"
        case trace.Redirect():
            return "redirect"
        case trace.Reject():
            return "reject"
        case trace.Respond() | trace.Opaque():
            return "respond"
