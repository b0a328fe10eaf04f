"""Administration: HAProxy's statistics page and its Prometheus exporter."""

from __future__ import annotations

from typing import Annotated

import pydantic

from hapilot.model import section, service, values


class Stats(section.Section):
    """HAProxy's own statistics page."""

    bind: Annotated[list[values.Bind], values.Many, pydantic.Field(min_length=1)]
    path: values.Path = "/stats"
    users: dict[values.User, service.Password] = {}
    """Who may see it; required unless only this machine can connect."""


class Metrics(section.Section):
    """HAProxy's Prometheus exporter at /metrics, and hapilot's own metrics at /metrics/hapilot."""

    bind: Annotated[list[values.Bind], values.Many, pydantic.Field(min_length=1)]
    users: dict[values.User, service.Password] = {}
    """Who may see it; required unless only this machine can connect."""


class Admin(section.Section):
    """Administrative pages; nothing is open unless it is named here."""

    stats: Stats | None = None
    metrics: Metrics | None = None
