"""The whole site file as one model: what users may write, and the JSON Schema that editors use."""

from __future__ import annotations

from typing import Annotated, Any

from hapilot.model import admin as admins
from hapilot.model import certificate, descriptions, listener, section, service, settings, values
from hapilot.model import expect as expects


class SiteSpec(section.Section):
    """Everything one hapilot runs."""

    listeners: dict[values.Name, listener.Listener] | None = None
    """Where clients connect. Default: http on :80, which redirects, and https on :443."""
    services: dict[values.Name, service.Service] = {}
    """What clients reach."""
    certificates: list[certificate.Certificate] = []
    """Certificates for the hosts that are terminated here."""
    tls: certificate.Tls = certificate.Tls()
    admin: admins.Admin = admins.Admin()
    defaults: service.Defaults = service.Defaults()
    log: settings.Log | None = None
    resolvers: settings.Resolvers = settings.Resolvers()
    raw: settings.Raw = settings.Raw()
    include: Annotated[list[values.Text], values.Many] = []
    """Further files, by glob patterns relative to this file."""
    expect: list[expects.Expectation] = []
    """What must hold; ``hapilot check`` verifies it."""


def json_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a site file."""
    schema = descriptions.describe(SiteSpec.model_json_schema(by_alias=True), SiteSpec)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "hapilot site file",
        "type": "object",
    } | {key: value for key, value in schema.items() if key != "title"}
