"""Pass: keys that change nothing where they stand. The site works without them, but not as whoever wrote them may think."""

from __future__ import annotations

from collections.abc import Iterator

from hapilot.base import diagnostics
from hapilot.base.diagnostics import Diagnostic
from hapilot.compile.draft import Draft, Entrance
from hapilot.model import service
from hapilot.model.site import Path

Finding = tuple[str, Path, str]
"""Message, path of the key inside the service or listener, and hint."""

FOR_SERVERS = ("servers", "verify", "send_proxy", "balance", "health", "retries", "max_connections")
"""What is about servers only, besides what ``service_keys`` refuses."""

OF_SERVERS = (502, 503, 504)
"""Errors that there are only where a server is asked."""


def check_effects(draft: Draft) -> Draft:
    """Warn of keys of services and listeners that do nothing.

    >>> [path for _, path, _ in _canary(service.Service(canary=service.Canary(service="b", percent=0)))]
    [('canary', 'percent')]
    """
    found: list[Diagnostic] = []
    for name, one in draft.services.items():
        # The file's own words count here, and only these keys can be without effect.
        if one.redirect is not None or one.errors or one.canary is not None:
            said = (*_redirect(draft, name, one), *_pages(draft, name, one), *_canary(one))
            found += _warnings(draft, ("services", name), f"service {name}", said)
    for entrance in draft.entrances:
        found += _warnings(draft, ("listeners", entrance.name), f"listener {entrance.name}", _listener(draft, entrance))
    return draft.noting(found)


def _warnings(draft: Draft, where: Path, subject: str, said: Iterator[Finding] | tuple[Finding, ...]) -> Iterator[Diagnostic]:
    for message, path, hint in said:
        yield diagnostics.warning("no-effect", f"{subject}: {message}", draft.site.origins.key(*where, *path), hint)


def _redirects_always(one: service.Service) -> bool:
    return one.redirect is not None and one.maintenance is None


def _redirect(draft: Draft, name: str, one: service.Service) -> Iterator[Finding]:
    """What the file says about servers that nobody asks. Common settings may be there for other services."""
    for key in FOR_SERVERS if _redirects_always(one) else ():
        if draft.site.origins.has("services", name, key) and getattr(one, key):
            yield f"redirect answers every request, so {key} has no effect", (key,), f"leave out {key} or redirect"


def _pages(draft: Draft, name: str, one: service.Service) -> Iterator[Finding]:
    """Pages for errors that never are. The user's own lines for HAProxy may make any."""
    if name in draft.site.spec.raw.service:
        return
    own = one.maintenance.status if one.maintenance is not None else None
    needs = {401: ("basic_auth", one.basic_auth), 403: ("allow or deny", one.allow or one.deny), 429: ("rate_limit", one.rate_limit)}
    for status in one.errors:
        key, needed = needs.get(status, ("", True))
        if status != own and not needed:
            yield f"it has no {key}, so nobody is answered with {status}", ("errors", status), f"add {key}, or leave out the page"
        elif status in OF_SERVERS and _redirects_always(one):
            message = f"redirect answers every request, so nobody is answered with {status}"
            yield message, ("errors", status), "leave out the page"


def _canary(one: service.Service) -> Iterator[Finding]:
    if one.canary is not None and one.canary.percent == 0 and one.canary.header is None:
        yield f"no client goes to the canary {one.canary.service}", ("canary", "percent"), "raise percent, or leave out canary"


def _listener(draft: Draft, entrance: Entrance) -> Iterator[Finding]:
    """What a listener is told and has no use for."""
    listener, passed = entrance.listener, entrance.passed
    has_requests = bool(entrance.terminated or entrance.plain)
    https = entrance.terminated or any(draft.services[route.service].protocol == "http" for route in passed)
    if listener.plain_http is not None and not https:
        yield "plain_http is for a port with https, and no service here has that", ("plain_http",), "leave it out"
    if draft.site.origins.has("listeners", entrance.name, "sniff_timeout") and not (entrance.sniffs or entrance.looks_at_sni):
        yield "sniff_timeout has no effect, because no first bytes have to be looked at here", ("sniff_timeout",), "leave it out"
    if not listener.trusted or listener.accept_proxy != "never":
        return
    if not has_requests:
        message = "trusted is about PROXY headers and X-Forwarded headers, and neither is read here"
        yield message, ("trusted",), "leave it out, or say accept_proxy"
    elif all(bind.kind == "unix" for bind in listener.bind):
        message = "clients of unix sockets have no address, so none is trusted"
        yield message, ("trusted",), "leave it out, or say accept_proxy: required"
