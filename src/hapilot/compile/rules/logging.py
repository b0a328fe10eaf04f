"""The access log. Without a ``log`` section frontends log nothing; changes of servers and errors still are.

A line calls things as the site file does: the listener, the route (its host pattern and path) and the service, whatever HAProxy's
frontends and backends are called. ``termination`` is HAProxy's two letters (configuration manual, section 8.5), ``reason`` says in words
why HAProxy answered itself or refused a connection.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from hapilot.compile.passes import access_log
from hapilot.languages.haproxy import quoting, tree
from hapilot.model.settings import Log

_SERVICE = f"%[be_name,map_str({access_log.SERVICES},-)]"
_TIME = "%[date,utime(%Y-%m-%dT%H:%M:%SZ)]"


def http(log: Log | None, listener: str) -> Iterator[tree.Line]:
    """Lines for a frontend that speaks HTTP."""
    if log is None:
        yield NOT_AT_ALL
        return
    yield tree.line("log-format", _json(listener, _HTTP) if log.format == "json" else _text(listener, _HTTP))
    no_server = ("!{", "srv_id", "-m", "found", "}", "!{", "var(txn.reason)", "-m", "found", "}")
    yield tree.line("http-after-response", "set-var(txn.reason)", f"status,map_str({access_log.REASONS})", "if", *no_server)


def because(log: Log | None, reason: str) -> Iterator[tree.Line]:
    """Lines for a backend that answers by itself, before it does: why, where the status would not tell."""
    if log is not None:
        yield tree.line("http-request", "set-var(txn.reason)", f"str({reason})")


def tcp(log: Log | None, listener: str) -> Iterator[tree.Line]:
    """Lines for a frontend that passes connections on."""
    if log is None:
        yield NOT_AT_ALL
    else:
        yield tree.line("log-format", _json(listener, _TCP) if log.format == "json" else _text(listener, _TCP))


def with_reasons(lines: Iterable[tree.Line], log: Log | None) -> Iterator[tree.Line]:
    """The rules of a TCP layer; with a log, each that refuses a connection says why first."""
    for line in lines:
        if log is not None and line.words[:3] == ("tcp-request", "content", "reject") and line.comment:
            said = f"str({quoting.argument(line.comment)})"
            yield tree.line("tcp-request", "content", "set-var(txn.reason)", said, *line.words[3:])
        yield line


NOT_AT_ALL = tree.line("no", "log")
"""Measured: 9 % of the instructions of a small request. HAProxy would write a line for each and then drop it, because it is below the
level that is logged."""

_Fields = tuple[tuple[str, str], ...]
_HTTP: _Fields = (
    ("route", "%[var(txn.route),json(utf8s)]"),
    ("method", "%[capture.req.method,json(utf8s)]"),
    ("host", "%[var(txn.host),json(utf8s)]"),
    ("uri", "%[capture.req.uri,json(utf8s)]"),
    ("version", "%HV"),
    ("status", "%ST"),
    ("bytes", "%B"),
    ("ms", "%Ta"),
    ("reason", "%[var(txn.reason)]"),
)
_TCP: _Fields = (("sni", "%[var(txn.sni),json(utf8s)]"), ("bytes", "%B"), ("ms", "%Tt"), ("reason", "%[var(txn.reason),json(utf8s)]"))
_NUMBERS = ("status", "bytes", "ms", "port")


def _fields(listener: str, own: _Fields) -> _Fields:
    return (
        ("time", _TIME),
        ("client", "%[src]"),
        ("port", "%cp"),
        ("listener", listener),
        ("service", _SERVICE),
        ("server", "%s"),
        ("termination", "%ts"),
        *own,
    )


def _json(listener: str, own: _Fields) -> str:
    said = (f'"{name}":{value}' if name in _NUMBERS else f'"{name}":"{value}"' for name, value in _fields(listener, own))
    return f"{{{','.join(said)}}}"


def _text(listener: str, own: _Fields) -> str:
    """``TIME CLIENT:PORT LISTENER SERVICE/SERVER TERMINATION key=value…``; what a client says is in quotes."""
    rest = (f"{name}={value.replace('%[', '%{+Q,+E}[').replace(',json(utf8s)', '')}" for name, value in own)
    return f"{_TIME} %[src]:%cp {listener} {_SERVICE}/%s %ts {' '.join(rest)}"


def destination(log: Log | None) -> tree.Line:
    """The ``log`` line of the global section: where logs go, and from which level."""
    if log is None:
        return tree.line("log", "stderr", "format", "raw", "local0", "notice")
    if log.to == "stdout":
        return tree.line("log", "stdout", "format", "raw", "local0")
    return tree.line("log", log.to.removeprefix("syslog:"), "local0")
