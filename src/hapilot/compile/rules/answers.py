"""The answers of a service that are HAProxy's own: refusals, maintenance, redirects, and the pages in place of its errors.

A page is a file of the bundle. Where a service brings one for a status, it stands in for the plain text of that status too.
Called by ``passes.backends``.
"""

from __future__ import annotations

from collections.abc import Iterator

from hapilot.compile import build, draft
from hapilot.compile.rules import http_rules
from hapilot.languages.haproxy import quoting, tree
from hapilot.model import messages, service

MAINTENANCE = "maintenance"
"""Which of a service's pages the one for maintenance is."""

RETRY_AFTER = 300
"""Seconds after which to ask again during maintenance."""

MADE_BY_HAPROXY = (400, 401, 403, 429, 500, 502, 503, 504)
"""What HAProxy answers itself for a request that has a service: by a rule of ours, or where something fails (http_ana.c, http_act.c and
stream.c of 2.6 and 2.8). The other statuses that "http-error" takes (manual) come before the service is known, or never."""

DOWN = "down for maintenance"

TEXTS = {
    400: "Bad Request: a Host header is needed",
    403: "Forbidden: this address may not use the service",
    429: "Too Many Requests: ask again later",
    503: f"Service Unavailable: {DOWN}",
}
"""Plain texts, where a service has no page of its own."""

_HOST = "%[var(txn.host)]"
_PATH = "%[pathq]"
_NO_PATH = ("unless", "{", "pathq", "-m", "beg", "/", "}")
"""``OPTIONS *``, and where HAProxy is 2.6 also ``GET http://HOST``."""


request = http_rules.request


def refuse(made: draft.Draft, name: str, status: int, *condition: str, why: str, retry_after: int = 0) -> tree.Line:
    """Our answer with ``status`` for the service ``name``; ``why`` is for people who read the configuration or ask explain,
    ``retry_after`` in seconds, 0 for none."""
    hint = ("hdr", "Retry-After", str(retry_after)) if retry_after else ()
    payload = _payload(made.pages.get((name, str(status))), f"{status} {TEXTS[status]}")
    return request("return", "status", str(status), *payload, *hint, *condition, comment=why)


def _payload(page: build.Page | None, text: str) -> tuple[str, ...]:
    if page is None:
        return ("content-type", "text/plain", "string", text)
    return ("content-type", page.content_type, "file", page.path)


def maintenance(made: draft.Draft, name: str, said: service.Maintenance) -> tree.Line:
    """The answer to everything while the service is down on purpose."""
    page = made.pages.get((name, MAINTENANCE)) or made.pages.get((name, str(said.status)))
    has_body = said.status not in service.WITHOUT_BODY
    payload = _payload(page, f"{said.status} {TEXTS.get(said.status, DOWN)}") if has_body else ()
    return request("return", "status", str(said.status), *payload, "hdr", "Retry-After", str(RETRY_AFTER), comment=DOWN)


def redirect(said: service.Redirect) -> Iterator[tree.Line]:
    """The redirect to everything. What the site file says is literal but for its placeholders. A request without a path asks for the
    whole of the host, and is sent to its start."""
    if "{path}" in said.to:
        yield _redirect(said, "/", *_NO_PATH)
    yield _redirect(said, _PATH)


def _redirect(said: service.Redirect, path: str, *condition: str) -> tree.Line:
    # With one group in the pattern, every other piece is what the group matched.
    pieces = enumerate(messages.PLACEHOLDER.split(said.to))
    parts = {"host": _HOST, "path": path}
    location = "".join(parts[piece] if number % 2 else quoting.log_format(piece) for number, piece in pieces)
    return request("redirect", "location", location, "code", str(said.code), *condition, comment="the service redirects")


def errors(made: draft.Draft, name: str, one: service.Service) -> Iterator[tree.Line]:
    """The service's pages in place of HAProxy's own errors."""
    for status in one.errors:
        page = made.pages.get((name, str(status)))
        if page is not None and status in MADE_BY_HAPROXY:
            yield tree.line("http-error", "status", str(status), "content-type", page.content_type, "file", page.path)
