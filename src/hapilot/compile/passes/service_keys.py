"""Pass: keys of one service that contradict each other, or say what can never happen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from hapilot.base import diagnostics
from hapilot.base.diagnostics import Diagnostic
from hapilot.compile.draft import Draft
from hapilot.compile.rules import answers, changes, servers
from hapilot.model import service
from hapilot.model.site import Path

Finding = tuple[str, Path, str]
"""Message, path of the key inside the service, and hint."""

MOST_ADDED = 8192
"""Bytes of headers that a service may add to a message: with more, servers and clients would refuse it."""


def check_service_keys(draft: Draft) -> Draft:
    """Report services whose keys contradict each other.

    >>> [path for _, path, _ in contradictions(service.Service(path=["/a"], rewrite=service.Rewrite(strip_prefix="/b")))]
    [('rewrite', 'strip_prefix')]
    """
    found = [
        diagnostics.error("conflict", f"service {name}: {message}", draft.site.origins.key("services", name, *path), hint)
        for name, one in draft.those("service keys", lambda _, one: any(True for _ in contradictions(one)))
        for message, path, hint in contradictions(one)
    ]
    return draft.noting((*found, *_same_cookies(draft)))


def contradictions(one: service.Service) -> Iterator[Finding]:
    """What contradicts itself in one service."""
    if one.headers is not None:
        for side in ("request", "response"):
            yield from _headers(side, getattr(one.headers, side))
        yield from _needed(one, one.headers)
        if changes.room(one) > MOST_ADDED:
            yield f"its headers take more than {MOST_ADDED} bytes together", ("headers",), "send less"
    yield from _methods(one)
    if one.rewrite is not None:
        yield from _rewriting(one, one.rewrite)
    if one.redirect is not None:
        yield from _redirecting(one)
    yield from _errors(one)


def _methods(one: service.Service) -> Iterator[Finding]:
    """Conditions on the method that can't hold at once; a request has one."""
    left: set[str] | None = None
    for index, condition in enumerate(one.match):
        if not condition.method:
            continue
        before, left = left, {*condition.method} if left is None else left.intersection(condition.method)
        if before and not left:
            message = f"no request has one of these methods and one of {', '.join(sorted(before))}, so the service is never reached"
            yield message, ("match", index, "method"), "all entries of match must hold; methods in one list are alternatives"


def _headers(side: str, said: service.HeaderChanges) -> Iterator[Finding]:
    """A header that is changed in two ways at once. Names are the same in any case."""
    for way in ("set", "add"):
        seen: dict[str, str] = {}
        for name in getattr(said, way):
            first = seen.setdefault(name.lower(), name)
            if first != name:
                yield f"{first} and {name} are the same header", ("headers", side, way, name), "write it once"
    removed = {name.lower() for name in said.remove}
    for name in said.set:
        if name.lower() in removed:
            yield f"the header {name} is set and removed", ("headers", side, "set", name), "to set is to replace; leave out remove"


def _needed(one: service.Service, said: service.Headers) -> Iterator[Finding]:
    """A header that another key of the service needs, taken away."""
    balance = one.balance.hash if isinstance(one.balance, service.Hash) else None
    if one.sticky is not None:
        yield from _gone(("request", said.request), "Cookie", "sticky")
        yield from _gone(("response", said.response), "Set-Cookie", "sticky")
    if one.basic_auth is not None:
        yield from _gone(("response", said.response), "WWW-Authenticate", "basic_auth")
    if balance is not None and balance.cookie is not None:
        yield from _gone(("request", said.request), "Cookie", "balance")
    if balance is not None and balance.header is not None:
        yield from _gone(("request", said.request), balance.header, "balance")


def _gone(where: tuple[str, service.HeaderChanges], header: str, key: str) -> Iterator[Finding]:
    side, said = where
    ways: Mapping[str, Iterable[str]] = {"remove": said.remove, "set": said.set}
    for way, names in ways.items():
        if any(name.lower() == header.lower() for name in names):
            done = "takes it away" if way == "remove" else "replaces it"
            yield f"{key} needs the header {header}, and headers.{side}.{way} {done}", ("headers", side, way), "leave out one of the two"


def _rewriting(one: service.Service, said: service.Rewrite) -> Iterator[Finding]:
    prefix = said.strip_prefix
    if prefix is None:
        return
    hint = "it is compared with the requested path, on segment borders"
    if prefix == "/":
        yield "strip_prefix: / takes nothing from a path", ("rewrite", "strip_prefix"), "leave it out"
    elif one.path and not any(_covers(prefix, path) or _covers(path, prefix) for path in one.path):
        yield f"no path of the service starts with {prefix}, so strip_prefix never does anything", ("rewrite", "strip_prefix"), hint


def _covers(shorter: str, longer: str) -> bool:
    return f"{longer}/".startswith("/" if shorter == "/" else f"{shorter}/")


def _redirecting(one: service.Service) -> Iterator[Finding]:
    """What would be done to requests on their way to servers, where none is on the way."""
    said = {"rewrite": one.rewrite, "sticky": one.sticky, "http2": one.http2}
    for key, value in said.items():
        if value is not None:
            yield f"redirect answers every request, so {key} has no effect", (key,), f"leave out {key} or redirect"
    if one.headers is not None and one.headers.request != service.HeaderChanges():
        message = "redirect answers every request, so headers.request has no effect"
        yield message, ("headers", "request"), "leave it out, or use headers.response"


def _errors(one: service.Service) -> Iterator[Finding]:
    own = {one.maintenance.status} if one.maintenance is not None else set[int]()
    for status in one.errors:
        if status not in {*answers.MADE_BY_HAPROXY, *own}:
            known = ", ".join(str(made) for made in answers.MADE_BY_HAPROXY)
            message = f"hapilot answers no request to a service with {status} itself, and what servers answer is never replaced"
            yield message, ("errors", status), f"pages can be given for {known} and the status of maintenance"


def _same_cookies(draft: Draft) -> Iterator[Diagnostic]:
    """Two services of one host with the same cookie for different servers: each would forget what the other wrote."""
    first: dict[tuple[str, str], str] = {}
    for name, one in draft.services.items():
        if one.sticky is None:
            continue
        for host in [str(host) for host in one.host] or ["*"]:
            other = first.setdefault((host, one.sticky.cookie), name)
            if other != name and _labels(draft.services[other]) != _labels(one):
                cookie = f"the cookie {one.sticky.cookie} is that of service {other} too"
                message = f"service {name}: {cookie}, which has the same host and other servers"
                origin, both = draft.site.origins.at("services", name, "sticky", "cookie"), (f"service {other}", f"service {name}")
                yield diagnostics.error("conflict", message, origin, "use another name", both)
                break


def _labels(one: service.Service) -> set[str]:
    return {servers.label(server) for server in one.servers}
