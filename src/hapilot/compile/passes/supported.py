"""Pass: keys of the contract that this version does not compile yet are errors, never ignored."""

from __future__ import annotations

from collections.abc import Iterator

from hapilot.base import diagnostics
from hapilot.compile.draft import Draft
from hapilot.model import service
from hapilot.model.site import Path

SERVICE_KEYS = (
    "match",
    "sticky",
    "headers",
    "rewrite",
    "redirect",
    "allow",
    "deny",
    "basic_auth",
    "client_certificates",
    "rate_limit",
    "canary",
    "maintenance",
    "errors",
    "http2",
)
"""Keys of a service that wait for their pass."""
SERVER_KEYS = ("maintenance",)


def refuse_unsupported(draft: Draft) -> Draft:
    """Report each key that is used and has no pass.

    >>> SERVICE_KEYS[0]
    'match'
    """
    found = [
        diagnostics.error(
            "not-yet", f"{'.'.join(map(str, path))}: this key is not compiled yet", draft.site.origins.key(*path), "leave it out for now"
        )
        for path in _waiting(draft)
    ]
    return draft.noting(found)


def _waiting(draft: Draft) -> Iterator[Path]:
    for name, one in draft.services.items():
        yield from (("services", name, key) for key in SERVICE_KEYS if key in one.model_fields_set and getattr(one, key) is not None)
        for index, server in enumerate(one.servers):
            yield from (("services", name, "servers", index, key) for key in SERVER_KEYS if getattr(server, key))
        if isinstance(one.balance, service.Hash):
            yield ("services", name, "balance")
        if one.protocol == "tcp" and one.tls_mode in ("edge", "reencrypt"):
            yield ("services", name, "tls")
    for name, listener in draft.listeners.items():
        if listener.default is not None:
            yield ("listeners", name, "default")
        yield from (("listeners", name, "bind", i) for i, bind in enumerate(listener.bind) if bind.kind != "tcp")
    for index, certificate in enumerate(draft.site.spec.certificates):
        if certificate.acme is not None:
            yield ("certificates", index, "acme")
