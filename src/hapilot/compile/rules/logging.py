"""The access log. Without a ``log`` section frontends log nothing; changes of servers and errors still are."""

from __future__ import annotations

from hapilot.languages.haproxy import tree
from hapilot.model.settings import Log

_COMMON = (
    '"time":"%[date,utime(%Y-%m-%dT%H:%M:%SZ)]"',
    '"client":"%[src]"',
    '"port":%[src_port]',
    '"listener":"%f"',
    '"service":"%b"',
    '"server":"%s"',
    '"termination":"%ts"',
)
JSON_HTTP = (
    "{"
    + ",".join(
        (
            *_COMMON,
            '"method":"%[capture.req.method,json(utf8s)]"',
            '"host":"%[var(txn.host),json(utf8s)]"',
            '"uri":"%[capture.req.uri,json(utf8s)]"',
            '"status":%ST',
            '"bytes":%B',
            '"ms":%Ta',
        )
    )
    + "}"
)
JSON_TCP = "{" + ",".join((*_COMMON, '"sni":"%[var(txn.sni),json(utf8s)]"', '"bytes":%B', '"ms":%Tt')) + "}"


def http(log: Log | None) -> list[tree.Line]:
    """Lines for a frontend that speaks HTTP."""
    if log is None:
        return []
    return [tree.line("log-format", JSON_HTTP) if log.format == "json" else tree.line("option", "httplog")]


def tcp(log: Log | None) -> list[tree.Line]:
    """Lines for a frontend that passes connections on."""
    if log is None:
        return []
    return [tree.line("log-format", JSON_TCP) if log.format == "json" else tree.line("option", "tcplog")]


def destination(log: Log | None) -> tree.Line:
    """The ``log`` line of the global section: where logs go, and from which level."""
    if log is None:
        return tree.line("log", "stderr", "format", "raw", "local0", "notice")
    if log.to == "stdout":
        return tree.line("log", "stdout", "format", "raw", "local0")
    return tree.line("log", log.to.removeprefix("syslog:"), "local0")
