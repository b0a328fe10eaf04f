"""Expectations: what must hold of a site."""

from __future__ import annotations

from typing import Annotated, Literal

import pydantic

from hapilot.model import section, values

Outcome = Literal["forward", "redirect", "respond", "reject"]


class Expectation(section.Section):
    """One statement about where a connection goes; ``url`` or ``connect`` says which connection."""

    url: values.Text | None = None
    """A request: https://… or http://…"""
    connect: values.Text | None = None
    """A connection: ssh://host:port, tls://host:port or tcp://host:port"""
    from_: Annotated[str | None, pydantic.Field(alias="from")] = None
    """The client's IP address."""
    headers: dict[values.Token, values.Text] = {}
    """Headers that the client sends."""
    service: values.Name | None = None
    """The service that it reaches."""
    tls: Literal["edge", "passthrough", "reencrypt", "none"] | None = None
    """The TLS mode of that service."""
    outcome: Outcome | None = None
    """forward, redirect, respond (an answer of HAProxy's own) or reject (closed without one)."""
    redirect: values.Text | None = None
    """Where the client is sent."""
    status: Annotated[int, pydantic.Field(ge=100, le=599)] | None = None
    """The status of HAProxy's own answer."""

    @pydantic.model_validator(mode="after")
    def _one_target(self) -> Expectation:
        if (self.url is None) == (self.connect is None):
            raise values.refuse("conflict", "an expectation has exactly one of url and connect")
        if not (self.service or self.tls or self.outcome or self.redirect or self.status):
            raise values.refuse("missing-key", "the expectation states nothing", "add service, tls, outcome, redirect or status")
        return self

    @property
    def target(self) -> str:
        """The connection in question, as ``explain`` takes it."""
        return self.url or self.connect or ""
