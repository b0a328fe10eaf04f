"""Listeners: the addresses and ports where clients connect."""

from __future__ import annotations

from typing import Annotated, Literal

import pydantic

from hapilot.model import section, values, written


class WrittenRoute(section.Section):
    """One way out of a listener that is kept as written: the first that fits is taken."""

    service: written.SectionName
    """The service, or a backend among ``raw.sections``."""
    host: Annotated[list[values.Text], values.Many] = []
    """The Host header is one of these, in any case, and with a port only where one is said: just as HAProxy compares texts."""
    path: Annotated[list[values.Text], values.Many] = []
    """The path starts with one of these texts."""
    if_: values.Text | None = pydantic.Field(default=None, alias="if")
    """A condition as HAProxy has them, in place of ``host`` and ``path``."""

    @pydantic.model_validator(mode="after")
    def _some_condition(self) -> WrittenRoute:
        if (self.if_ is None) != bool(self.host or self.path):
            hint = "what every other request gets is the default of the listener"
            raise values.refuse("bad-value", "a route has either if, or host and path, of which one may be left out", hint)
        return self


class Listener(section.Section):
    """One place to connect to. Its protocols follow from the services bound to it."""

    bind: Annotated[list[values.Bind], values.Many] = []
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
    from_: written.SectionName | None = pydantic.Field(default=None, alias="from")
    """Keep the listener as written in a haproxy.cfg: this names the ``defaults`` section in ``raw.sections`` whose settings count, and
    hapilot adds nothing of its own. What else there is stands in ``raw.listener``."""
    routes: list[WrittenRoute] = []
    """With ``from``: where requests go, in this order."""

    @pydantic.model_validator(mode="after")
    def _some_address(self) -> Listener:
        if not self.bind and self.from_ is None:
            raise values.refuse("missing-key", "a listener needs an address to listen on", 'add bind, such as bind: ":443"')
        return self
