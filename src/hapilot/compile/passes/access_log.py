"""Pass: the tables that the access log reads: services by their own names, and why HAProxy answered itself."""

from __future__ import annotations

from dataclasses import replace

from hapilot.base.origin import BUILT_IN
from hapilot.compile import build
from hapilot.compile.draft import Draft

SERVICES = "maps/services.map"
"""From backends to the services that they serve."""
REASONS = "maps/reasons.map"
"""From statuses to reasons."""

BY_STATUS = {
    301: "redirect",
    302: "redirect",
    303: "redirect",
    307: "redirect",
    308: "redirect",
    400: "bad-request",
    401: "authentication",
    403: "not-allowed",
    404: "no-route",
    408: "request-timeout",
    413: "too-large",
    421: "misdirected",
    429: "rate-limited",
    431: "too-large",
    500: "internal",
    501: "not-implemented",
    502: "bad-answer",
    503: "unavailable",
    504: "server-timeout",
}
"""What a status means where HAProxy answers and no server was asked."""


def make_log_tables(draft: Draft) -> Draft:
    """Add the tables, if anything is logged.

    >>> BY_STATUS[421]
    'misdirected'
    """
    if draft.site.spec.log is None:
        return draft
    return replace(draft, tables=(*draft.tables, _services(draft), _reasons()))


def _services(draft: Draft) -> build.Table:
    entries = tuple(
        build.Entry(plan.name, plan.service, draft.site.origins.key("services", plan.service))
        for plan in sorted(draft.plans, key=lambda plan: plan.name)
    )
    return build.Table(SERVICES, entries, "backends and the services that they serve")


def _reasons() -> build.Table:
    entries = tuple(build.Entry(str(status), reason, BUILT_IN) for status, reason in sorted(BY_STATUS.items()))
    return build.Table(REASONS, entries, "why HAProxy answers without asking a server")
