"""The HTTP layer: from a request's host and path to the backend, with the answers for those that lead nowhere.

``txn.host`` is the requested host as routes have it (lower case, no port, no final dot), ``txn.to`` what the table says.
"""

from __future__ import annotations

from collections.abc import Sequence

from hapilot.compile import build
from hapilot.compile.passes import tables
from hapilot.compile.rules import forwarded
from hapilot.languages.haproxy import quoting, tree

request = forwarded.request

_ODD = ("{", "var(txn.odd)", "-m", "bool", "}")
_NOT_FOUND = ("!{", "var(txn.to)", "-m", "found", "}")

DOT_SEGMENT = r"(^|[/\\])\.\.?([/\\;]|$)"
"""``.`` or ``..`` as a whole segment (RFC 3986, section 5.2.4), also with the backslashes and ``;`` parameters that some
servers take for the end of a segment."""


ODD_IN_HOSTS = (",", "#", "/", "?", "@", "\\")
"""What ends a host, or begins another, for some readers (RFC 3986, section 3.2)."""

SLASHES = r"[/\\]+"
"""Runs of slashes and backslashes, which servers read as one slash."""


def answer(status: int, text: str, *condition: str) -> tree.Line:
    """A plain answer from HAProxy itself."""
    return request("return", "status", str(status), "content-type", "text/plain", "string", f"{status} {text}\n".strip(), *condition)


def normal_host() -> list[tree.Line]:
    """``txn.host`` from the Host header or :authority; 400 for a Host that a server may read as another one.

    ``fhdr`` takes the whole header, where ``hdr`` would take what stands behind a comma. HAProxy itself refuses these characters
    only in releases of 2026 ("h1/h2/h3: reject forbidden chars in the Host header field").
    """
    odd = ("{", "req.fhdr(host)", "-m", "sub", *ODD_IN_HOSTS, "}")
    return [
        answer(400, "Bad Request: the Host header can be read in two ways", "if", *odd),
        request("set-var(txn.host)", "req.fhdr(host),host_only,lower,rtrim(.)"),
    ]


def route(targets: Sequence[tables.Target], table: str, *, over_tls: bool) -> list[tree.Line]:
    """The rules from ``txn.host`` to an answer or ``txn.to``."""
    lines = _odd_paths()
    if _always_the_same(targets):
        return lines
    with_paths = tables.has_paths(targets)
    lines += _look_up(targets, table, "to", "path" if with_paths else "")
    if with_paths:
        lines += _ambiguous(targets, table)
    return lines + _dead_ends(targets, over_tls=over_tls)


def send(targets: Sequence[tables.Target]) -> tree.Line:
    """The last line: to the backend that was found."""
    if _always_the_same(targets):
        return tree.line("default_backend", targets[0][2])
    return tree.line("use_backend", "%[var(txn.to)]")


def _always_the_same(targets: Sequence[tables.Target]) -> bool:
    """Whether there is one backend for everything, so that nothing has to be looked up."""
    first = targets[0]
    return len(targets) == 1 and first[0] == build.ANY_HOST and first[1] == "/" and not first[2].startswith(".")


def _odd_paths() -> list[tree.Line]:
    """400 for paths that a server may read as another path, can't be decoded, or hold a NUL; browsers send none of them.

    ``txn.odd`` marks the few paths that deserve a closer look, so that all others cost one test.
    """
    broken = "Bad Request: the path has a broken %-encoding"
    dots = "Bad Request: the path has dot segments"
    return [
        request("set-var(txn.odd)", "bool(true)", "if", "{", "path", "-m", "sub", "%", "/.", "//", "\\", "}"),
        answer(400, broken, "if", *_ODD, "{", "path", "-m", "sub", "%00", "}"),
        answer(400, broken, "if", *_ODD, "!{", "path,url_dec", "-m", "found", "}"),
        answer(400, dots, "if", *_ODD, "{", "path,url_dec", "-m", "reg", DOT_SEGMENT, "}"),
    ]


def _look_up(targets: Sequence[tables.Target], table: str, to: str, path: str) -> list[tree.Line]:
    """Set ``txn.TO``: the exact host, then its wildcard, then routes without a host; the longest path in each.

    ``path`` names the variable with the path, or is empty where paths do not matter.
    """
    tail = f",concat(,txn.{path},/),map_beg({table})" if path else f",map_str({table})"
    keys: list[str] = []
    hosts = {host for host, _, _, _ in targets}
    if any(not host.startswith("*") for host in hosts):
        keys.append("var(txn.host)")
    if any(host.startswith("*.") for host in hosts):
        keys.append("var(txn.host),regsub(^[^.]+,*)")
    if build.ANY_HOST in hosts:
        keys.append(f"str({build.ANY_HOST})")
    lines: list[tree.Line] = [request(f"set-var(txn.{path})", "path")] if path == "path" else []
    for number, key in enumerate(keys):
        condition = ("if", "!{", f"var(txn.{to})", "-m", "found", "}") if number else ()
        lines.append(request(f"set-var(txn.{to})", f"{key}{tail}", *condition))
    return lines


def _ambiguous(targets: Sequence[tables.Target], table: str) -> list[tree.Line]:
    """400 where the decoded path with single slashes would take another route than the path as sent."""
    plain = f"path,url_dec,regsub({quoting.argument(SLASHES)},/,g)"
    known = ("{", "var(txn.plain)", "-m", "found", "}")
    lines = [request("set-var(txn.plain)", plain, "if", *_ODD)]
    for line in _look_up(targets, table, "other", "plain"):
        has_condition = "if" in line.words
        lines.append(tree.Line((*line.words, *known) if has_condition else (*line.words, "if", *known)))
    same = ("{", "var(txn.other),strcmp(txn.to)", "eq", "0", "}")
    neither = ("!{", "var(txn.other)", "-m", "found", "}", *_NOT_FOUND)
    lines.append(request("set-var(txn.same)", "bool(true)", "if", *same))
    lines.append(request("set-var(txn.same)", "bool(true)", "if", *neither))
    different = ("!{", "var(txn.same)", "-m", "bool", "}")
    return [*lines, answer(400, "Bad Request: the path can be read in two ways", "if", *known, *different)]


def _dead_ends(targets: Sequence[tables.Target], *, over_tls: bool) -> list[tree.Line]:
    """Redirects, hosts that are passed through, and unknown hosts."""
    lines: list[tree.Line] = []
    for value in sorted({value for _, _, value, _ in targets if value.startswith(build.TO_HTTPS)}):
        lines.append(_to_https(value))
    if any(value == build.MISDIRECTED for _, _, value, _ in targets):
        text = "Misdirected Request: open a new connection for this host"
        lines.append(answer(421, text, "if", "{", "var(txn.to)", "-m", "str", build.MISDIRECTED, "}"))
    if over_tls:
        other_name = ("{", "ssl_fc_has_sni", "}", "!{", "ssl_fc_sni,lower,rtrim(.),strcmp(txn.host)", "eq", "0", "}")
        text = "Misdirected Request: this connection was opened for another host"
        lines.append(answer(421, text, "if", *_NOT_FOUND, *other_name))
    lines.append(answer(404, "Not Found: no service has this host and path", "if", *_NOT_FOUND))
    return lines


def _to_https(value: str) -> tree.Line:
    port = value.rpartition(":")[2]
    shown = "" if port == "443" else f":{port}"
    location = f"https://%[var(txn.host)]{shown}%[pathq]"
    return request("redirect", "location", location, "code", "308", "if", "{", "var(txn.to)", "-m", "str", value, "}")
