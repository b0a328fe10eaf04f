"""The HTTP layer: from a request's host and path to the backend, with the answers for those that lead nowhere.

``txn.host`` is the requested host as routes have it (lower case, no port, no final dot), ``txn.to`` what the table says.

Rules stand in the order of :func:`find`, whatever else requests need on their way to servers, :func:`let_through`, :func:`closer_look`.
A rule that does not apply costs half a per cent of a small request (measured: 330 of 61,000 instructions), so nearly all requests are
let through before the rules for odd ones and for those without a service. They are the same for any set of hosts and paths, so that
services come and go in the tables alone; only a single service for everything needs no table.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from hapilot.compile import build, targets
from hapilot.compile.passes import tables
from hapilot.compile.rules import conditions, http_rules
from hapilot.languages.haproxy import quoting, tree

request = http_rules.request
answer = http_rules.answer

ODD = ("{", "var(txn.odd)", "-m", "bool", "}")
"""A target that ``wellformed`` marked for a closer look."""
NOT_FOUND = "Not Found: no service has this host and path"
NO_ANSWER = "^[^.]"
"""Tables name backends beside answers that begin with a dot. So do the names of spare backends, whose requests just take the longer way."""
_NOT_FOUND = ("!{", "var(txn.to)", "-m", "found", "}")
_OTHER_NAME = ("!{", "ssl_fc_sni,lower,rtrim(.),strcmp(txn.host)", "eq", "0", "}")

DOT_SEGMENT = r"(^|[/\\])\.\.?([/\\;]|$)"
"""``.`` or ``..`` as a whole segment (RFC 3986, section 5.2.4), also with the backslashes and ``;`` parameters that some
servers take for the end of a segment."""


PARAMETERS = ";[^/]*"
"""What some servers take off a segment before they look at it (RFC 3986, section 3.3)."""

SLASHES = r"[/\\]+"
"""Runs of slashes and backslashes, which servers read as one slash."""


def normal_host() -> tree.Line:
    """``txn.host`` from the Host header or :authority, of which ``wellformed`` knows that it can be read in one way only."""
    return request("set-var(txn.host)", "req.fhdr(host),host_only,lower,rtrim(.)")


def find(plan: targets.Plan, table: str, *, logs: bool) -> Iterator[tree.Line]:
    """From ``txn.host`` to ``txn.to`` for hosts that a route names; with ``logs`` also ``txn.route``, the name of the route."""
    if plan.only is not None:
        if logs:
            yield request("set-var(txn.route)", f"str({build.ANY_HOST})")
        return
    if plan.with_paths:
        yield request("set-var(txn.path)", "path")
    for query in _queries(table, logs=logs):
        yield from _look_up(plan, query, NAMED)


def let_through(plan: targets.Plan) -> tree.Line:
    """Ends the rules for requests that have a backend and nothing odd."""
    if plan.only is not None:
        return request("allow", "unless", *ODD)
    backend = ("{", "var(txn.to)", "-m", *(("reg", NO_ANSWER) if plan.answers else ("found",)), "}")
    return request("allow", "if", *backend, "!{", *ODD[1:])


def closer_look(plan: targets.Plan, table: str, *, over_tls: bool, logs: bool) -> list[tree.Line]:
    """The rules for all others: 400 for odd paths, routes of every host, and the answers for what leads to no backend."""
    lines = _odd_paths()
    if plan.only is not None:
        return lines
    for query in _queries(table, logs=logs):
        lines += _look_up(plan, query, EVERY)
    if plan.with_paths:
        lines += _ambiguous(plan, table)
    return lines + _dead_ends(plan, over_tls=over_tls)


def _queries(table: str, *, logs: bool) -> Iterator[_Query]:
    """What is asked of the tables for each request."""
    if logs:
        yield _Query(tables.names_table(table), "route", "path")
    yield _Query(table, "to", "path", chooses=True, names=logs)


def _odd_paths() -> list[tree.Line]:
    """400 for paths that a server may read as another path, can't be decoded, or hold a NUL; browsers send none of them.

    Only the few targets that ``txn.odd`` marks are looked at.
    """
    broken = "Bad Request: the path has a broken %-encoding"
    dots = "Bad Request: the path has dot segments"
    return [
        answer(400, broken, "if", *ODD, "{", "path", "-m", "sub", "%00", "}"),
        answer(400, broken, "if", *ODD, "!{", "path,url_dec", "-m", "found", "}", "{", "path", "-m", "found", "}"),
        answer(400, dots, "if", *ODD, "{", "path,url_dec", "-m", "reg", DOT_SEGMENT, "}"),
    ]


@dataclass(frozen=True, slots=True)
class _Query:
    """One way to ask a table: into which variable, by the path in which variable, and on which condition. ``chooses``: go on to the
    alternatives where the value names a choice; ``names``: and keep the name of the route."""

    table: str
    to: str
    path: str
    condition: tuple[str, ...] = ()
    chooses: bool = False
    names: bool = False


Exactness = Literal["exact", "wildcard", "any"]
"""How exactly a host is meant."""

_KEYS: dict[Exactness, str] = {"exact": "var(txn.host)", "wildcard": "var(txn.host),regsub(^[^.]+,*)", "any": f"str({build.ANY_HOST})"}
"""What a table is asked for."""

NAMED: tuple[Exactness, ...] = ("exact", "wildcard")
EVERY: tuple[Exactness, ...] = ("any",)


def _look_up(plan: targets.Plan, query: _Query, levels: tuple[Exactness, ...]) -> Iterator[tree.Line]:
    """Set ``txn.TO``: the exact host, then its wildcard, then routes without a host; the longest path in each."""
    tail = f",concat(,txn.{query.path},/),map_beg({query.table})" if plan.with_paths else f",map_str({query.table})"
    missing = ("!{", f"var(txn.{query.to})", "-m", "found", "}")
    for level in levels:
        condition = (*query.condition, *(() if level == "exact" else missing))
        yield request(f"set-var(txn.{query.to})", f"{_KEYS[level]}{tail}", *(("if", *condition) if condition else ()))
        if query.chooses:
            for choice in plan.choices:
                if _exactness(choice.host) == level:
                    yield from _choose(choice, query)


def _exactness(host: str) -> Exactness:
    return "any" if host == build.ANY_HOST else "wildcard" if host.startswith("*.") else "exact"


def _choose(choice: targets.Choice, query: _Query) -> Iterator[tree.Line]:
    """The alternatives of a choice, one after the other; each is tried as long as none has replaced the value."""
    asked = ("if", "{", f"var(txn.{query.to})", "-m", "str", choice.value, "}", *query.condition)
    for one in choice.alternatives:
        words = conditions.words(one.route)
        if query.names:
            yield request("set-var(txn.route)", f"str({quoting.argument(one.route.shown)})", *asked, *words)
        yield request(f"set-var(txn.{query.to})", f"str({one.value})", *asked, *words)
    if choice.otherwise:
        if query.names and choice.otherwise_name:
            yield request("set-var(txn.route)", f"str({quoting.argument(choice.otherwise_name)})", *asked)
        yield request(f"set-var(txn.{query.to})", f"str({choice.otherwise})", *asked)
    else:
        yield request(f"unset-var(txn.{query.to})", *asked)


def _ambiguous(plan: targets.Plan, table: str) -> list[tree.Line]:
    """400 where the decoded path with single slashes and no parameters would take another route than the path as sent."""
    plain = f"path,url_dec,regsub({quoting.argument(PARAMETERS)},,g),regsub({quoting.argument(SLASHES)},/,g)"
    known = ("{", "var(txn.plain)", "-m", "found", "}")
    lines = [request("set-var(txn.plain)", plain, "if", *ODD)]
    lines += _look_up(plan, _Query(table, "other", "plain", known, chooses=True), (*NAMED, *EVERY))
    same = ("{", "var(txn.other),strcmp(txn.to)", "eq", "0", "}")
    neither = ("!{", "var(txn.other)", "-m", "found", "}", *_NOT_FOUND)
    lines.append(request("set-var(txn.same)", "bool(true)", "if", *same))
    lines.append(request("set-var(txn.same)", "bool(true)", "if", *neither))
    different = ("!{", "var(txn.same)", "-m", "bool", "}")
    return [*lines, answer(400, "Bad Request: the path can be read in two ways", "if", *known, *different)]


def _dead_ends(plan: targets.Plan, *, over_tls: bool) -> list[tree.Line]:
    """Redirects, hosts that end elsewhere, and unknown hosts."""
    lines = [_to_https(value) for value in sorted(plan.answers) if value.startswith(build.TO_HTTPS)]
    if build.MISDIRECTED in plan.answers:
        misdirected = ("{", "var(txn.to)", "-m", "str", build.MISDIRECTED, "}")
        text = "Misdirected Request: open a new connection for this host"
        # With the same name in the ClientHello a new connection would end here again.
        lines.append(answer(421, text, "if", *misdirected, *_OTHER_NAME))
        lines.append(answer(404, NOT_FOUND, "if", *misdirected))
    if over_tls:
        text = "Misdirected Request: this connection was opened for another host"
        lines.append(answer(421, text, "if", *_NOT_FOUND, "{", "ssl_fc_has_sni", "}", *_OTHER_NAME))
    lines.append(answer(404, NOT_FOUND, "if", *_NOT_FOUND))
    return lines


def _to_https(value: str) -> tree.Line:
    port = value.rpartition(":")[2]
    shown = "" if port == "443" else f":{port}"
    location = f"https://%[var(txn.host)]{shown}%[pathq]"
    return request("redirect", "location", location, "code", "308", "if", "{", "var(txn.to)", "-m", "str", value, "}")
