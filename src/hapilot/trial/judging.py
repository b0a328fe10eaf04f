"""What came of a connection, in the words of ``explain``, and whether that is what was expected and what was explained. Pure.

In: an expectation, its explanation, what the client saw and what the stand-in saw. Out: a :class:`Result`. ``run`` calls it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hapilot.base.origin import Origin
from hapilot.compile import build
from hapilot.explain import expectations, explanation
from hapilot.model import expect
from hapilot.trial import issuing

if TYPE_CHECKING:
    from hapilot.runtime import attempt
    from hapilot.trial import talking


@dataclass(frozen=True, slots=True)
class Reality:
    """What happened. ``seen`` is the client's side, ``visit`` the stand-in's, where one was reached."""

    outcome: expect.Outcome
    seen: attempt.Seen
    visit: talking.Visit | None = None
    tls: str | None = None
    """The TLS mode: where TLS really ended."""

    @property
    def service(self) -> str | None:
        """The service that answered."""
        return self.visit.server.service if self.visit else None

    @property
    def server(self) -> str | None:
        """Its server that answered."""
        return self.visit.server.name if self.visit else None

    @property
    def status(self) -> int | None:
        """Of HAProxy's own answer."""
        return None if self.visit else self.seen.status

    @property
    def location(self) -> str | None:
        """Where HAProxy sends the client."""
        return self.seen.header("location") if self.outcome == "redirect" else None

    @property
    def words(self) -> str:
        """In a line."""
        match self.outcome:
            case "forward":
                return f"-> {self.service} ({self.tls}), {self.server}"
            case "redirect":
                return f"{self.status} -> {self.location}"
            case "respond":
                return f"{self.status}" if self.status else f"said {self.seen.data[:60].decode('utf-8', 'replace').strip()!r}"
            case "reject":
                return f"refused ({self.seen.problem})" if self.seen.problem else "refused"

    def as_json(self) -> dict[str, Any]:
        """For ``--json``."""
        return {
            "outcome": self.outcome,
            "service": self.service,
            "server": self.server,
            "tls": self.tls,
            "status": self.status,
            "location": self.location,
            "client_ip": _client(self),
            "certificate": list(self.seen.certificate),
            "problem": self.seen.problem or None,
        }


@dataclass(frozen=True, slots=True)
class Result:
    """One expectation, explained and tried. ``said`` and ``real`` are None where it is no connection at all."""

    expected: expect.Expectation
    origin: Origin
    failures: tuple[str, ...]
    said: explanation.Explanation | None = None
    real: Reality | None = None
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        """Whether everything is as expected and as explained."""
        return not self.failures

    def as_json(self) -> dict[str, Any]:
        """For ``--json``."""
        said = self.said
        return {
            "target": self.expected.target,
            "ok": self.ok,
            "expected": self.expected.model_dump(by_alias=True, exclude_defaults=True, exclude={"url", "connect"}),
            "explained": {"outcome": said.outcome, "service": said.service, "reason": said.reason} if said else None,
            "seen": self.real.as_json() if self.real else None,
            "failures": list(self.failures),
            "origin": {"file": self.origin.file, "line": self.origin.line, "column": self.origin.column},
            "seconds": round(self.seconds, 3),
        }


def really(made: build.Build, seen: attempt.Seen, visit: talking.Visit | None) -> Reality:
    """What happened. ``visit`` is the one that the answer names."""
    if visit is not None:
        return Reality("forward", seen, visit, _mode(made, seen, visit))
    if seen.kind == "closed":
        return Reality("reject", seen)
    moved = seen.status is not None and 300 <= seen.status < 400 and seen.header("location") is not None
    return Reality("redirect" if moved else "respond", seen)


def _mode(made: build.Build, seen: attempt.Seen, visit: talking.Visit) -> str:
    """Where TLS ended: at HAProxy if the certificate is not the stand-in's."""
    if seen.certificate and issuing.shown_by(seen.certificate) is None:
        return "reencrypt" if visit.over_tls else "edge"
    # What is handed on untouched may be TLS without the service saying so.
    said = made.site.spec.services[visit.server.service].tls_mode
    return "passthrough" if visit.over_tls and said != "none" else "none"


def judge(made: build.Build, expected: expect.Expectation, said: explanation.Explanation, real: Reality) -> tuple[str, ...]:
    """Everything that is not as it should be, in words."""
    wrong = [f"{text} (explain: {said.reason})" for text in expectations.differences(expected, _in_words_of_explain(real, said))]
    return (*wrong, *(f"not as explained: {text}" for text in _unexplained(made, said, real)))


def _in_words_of_explain(real: Reality, said: explanation.Explanation) -> explanation.Explanation:
    """What was seen. An answer does not say which service gives it without asking a server; there ``explain`` is believed, if it is
    right about the rest."""
    tls = explanation.TlsFacts(real.tls, None, None) if real.tls else None
    by_itself = real.visit is None and (said.outcome, said.status) == (real.outcome, real.status)
    service = said.service if by_itself else real.service
    return explanation.Explanation("", real.outcome, "", service=service, tls=tls, status=real.status, location=real.location)


def _unexplained(made: build.Build, said: explanation.Explanation, real: Reality) -> Iterator[str]:
    """What ``explain`` says and is not so. It says nothing of a user's own rules that it does not know."""
    if said.raw_line is not None:
        return
    if said.outcome != real.outcome:
        yield f"it said {said.outcome}, seen: {real.words}"
        return
    stated: list[tuple[str, object, object]] = [
        ("service", said.service if said.outcome == "forward" else None, real.service),
        ("status", said.status, real.status),
        ("location", said.location, real.location),
    ]
    if real.visit is not None:
        stated += _about_server(said, real, real.visit)
    for name, told, seen in stated:
        if told != seen:
            yield f"it said {name} {told or 'none'}, seen: {seen or 'none'}"
    if real.visit is not None and real.server in _servers(made, said) - {server.name for server in said.servers}:
        yield f"it said one of {', '.join(server.name for server in said.servers)}, seen: {real.server}"
    if not _as_shown(made, said, real.seen.certificate):
        yield f"it said certificate {said.tls.certificate if said.tls else None}, seen: one for {', '.join(real.seen.certificate)}"


def _servers(made: build.Build, said: explanation.Explanation) -> set[str]:
    """The servers of the backend that ``explain`` knows: a user's own lines may add others."""
    return {server.name for use in made.backends if use.backend == said.backend for server in use.servers}


def _about_server(said: explanation.Explanation, real: Reality, visit: talking.Visit) -> Iterable[tuple[str, object, object]]:
    yield "tls", said.tls.mode if said.tls else real.tls, real.tls
    yield "PROXY", said.send_proxy, visit.told.version if visit.told else None
    if real.tls == "reencrypt":
        yield "the name", said.server_tls, visit.sni
    client = _client(real)
    if client is not None:
        yield "client", said.client_ip, client
    if visit.protocol == "http/1.1" and said.request_path is not None:
        yield "path", said.request_path, visit.path
        yield from _headers(said.request_headers, visit.headers)


def _headers(said: Iterable[tuple[str, str]], seen: Iterable[tuple[str, str]]) -> Iterator[tuple[str, object, object]]:
    """The headers that the server got, by name. How long a connection is kept is nobody's business but that of its two ends."""
    told, found = _by_name(said), _by_name(seen)
    for name in sorted((told.keys() | found.keys()) - {"connection", "keep-alive"}):
        yield f"header {name}", told.get(name), found.get(name)


def _by_name(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    grouped: dict[str, str] = {}
    for name, value in headers:
        name = name.lower()  # noqa: PLW2901 - names are compared without regard to case (RFC 9110, section 5.1)
        grouped[name] = f"{grouped[name]}, {value}" if name in grouped else value
    return grouped


def _client(real: Reality) -> str | None:
    """The client as the server knows it; None where nobody tells it."""
    if real.visit is None:
        return None
    if real.visit.told is not None:
        return real.visit.told.client
    told = real.visit.header("x-forwarded-for")
    return told.rpartition(",")[2].strip() if told and real.tls != "passthrough" else None


def _as_shown(made: build.Build, said: explanation.Explanation, names: tuple[str, ...]) -> bool:
    """Whether a certificate of that name has these names."""
    told = said.tls.certificate if said.tls else None
    if told is None or not names:
        return True
    known = [{str(host) for host in one.hosts} for one in made.site.materials.certificates if one.shown == told]
    return not known or {name.lower() for name in names} in known
