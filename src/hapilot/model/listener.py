"""Listeners: the addresses and ports where clients connect."""

from __future__ import annotations

from typing import Annotated, Literal

import pydantic

from hapilot.model import section, values


class Listener(section.Section):
    """One place to connect to. Its protocols follow from the services bound to it."""

    bind: Annotated[list[values.Bind], values.Many, pydantic.Field(min_length=1)]
    """Where to accept: ":443" (every address), "0.0.0.0:443", "[::]:443", unix:/path or fd:3; one or a list."""
    redirect: Literal["https"] | None = None
    """Answer plain HTTP with 308 to https for every host that has an https route, and 404 otherwise."""
    accept_proxy: Literal["never", "optional", "required"] = "never"
    """Whether clients send a PROXY protocol header: never, required, or told apart by the first bytes."""
    trusted: Annotated[list[values.Network], values.Many] = []
    """Networks that may send a PROXY header, and whose X-Forwarded-* headers are believed."""
    default: values.Name | None = None
    """The service for what nothing else matches; without it such connections are refused."""
    sniff_timeout: values.Duration = 3000
    """How long to wait for a client's first bytes where several protocols share the port."""
    plain_http: Literal["refuse", "redirect"] | None = None
    """What plain HTTP gets on a port for TLS. Unset: a redirect where the port is looked into anyway, otherwise refusal."""
