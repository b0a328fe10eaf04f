"""TLS to servers: whether anybody looks whose certificate it is, and whether the server learns which site is meant."""

from __future__ import annotations

from collections.abc import Iterator

from hapilot.base.diagnostics import Severity
from hapilot.languages.haproxy.keywords.table import Version
from hapilot.lint import addresses, edits, options
from hapilot.lint.context import Context
from hapilot.lint.finding import Edit, Hit
from hapilot.lint.options import Server
from hapilot.lint.rule import MANUAL, TIMEOUTS, Rule

_SNI_AUTO: Version = (3, 3)
"""From this version on HAProxy sends the Host header as SNI by itself, where ``no-sni-auto`` does not forbid it."""
_ONLY_WITH_TLS = frozenset(
    {"alpn", "ca-file", "ciphers", "ciphersuites", "crl-file", "crt", "sni", "ssl-max-ver", "ssl-min-ver", "verify", "verifyhost"}
)


def _tls_servers(context: Context) -> Iterator[Server]:
    """Servers that are spoken to over TLS; of those that have it from ``default-server``, the first of each section.

    Those on this machine are left out: nobody gets between.
    """
    for servers in context.once(options.servers_by_section).values():
        has_inherited = False
        for server in servers:
            if not server.is_tls or addresses.parse(server.address).is_local:
                continue
            if "ssl" in server.places or not has_inherited:
                yield server
            has_inherited = has_inherited or "ssl" not in server.places


def _verify(server: Server) -> str:
    """``none``, ``required``, or nothing where it is not said."""
    return (server.options.get("verify") or ("",))[0]


def _is_never_verified(context: Context) -> bool:
    return any(each.words[1:2] == ("none",) for section in context.of_kind("global") for each in section.lines("ssl-server-verify"))


def _none(context: Context) -> Iterator[Hit]:
    for section in context.of_kind("global"):
        for directive in section.lines("ssl-server-verify"):
            if directive.words[1:2] == ("none",):
                yield Hit(directive.line, "no server's certificate is checked unless its line says `verify required`", 1)
    for server in _tls_servers(context):
        if _verify(server) == "none":
            yield Hit(server.directive.line, f"the certificate of server {server.name!r} is not checked", server.place("verify"))


def _no_ca(context: Context) -> Iterator[Hit]:
    if _is_never_verified(context):
        return
    for server in _tls_servers(context):
        if _verify(server) != "none" and "ca-file" not in server.options:
            yield Hit(
                server.directive.line,
                f"server {server.name!r} has `ssl` without a `ca-file` to check its certificate against",
                server.place("ssl"),
            )


def _is_checked(context: Context, server: Server) -> bool:
    return "ca-file" in server.options and (_verify(server) == "required" or (not _verify(server) and not _is_never_verified(context)))


def _sends_name(context: Context, server: Server) -> bool:
    is_auto = context.target >= _SNI_AUTO and "no-sni-auto" not in server.options and server.section.mode == "http"
    return "sni" in server.options or is_auto


def _no_name(context: Context) -> Iterator[Hit]:
    for server in _tls_servers(context):
        if _is_checked(context, server) and "verifyhost" not in server.options and not _sends_name(context, server):
            message = f"any certificate of the CA will do for server {server.name!r}: no name is compared with it"
            yield Hit(server.directive.line, message, server.place("ssl"))


def _no_sni(context: Context) -> Iterator[Hit]:
    for server in _tls_servers(context):
        if not _sends_name(context, server) and "verifyhost" not in server.options:
            yield Hit(server.directive.line, f"server {server.name!r} is not told which site is meant: no SNI is sent", server.place("ssl"))


def _without_tls(context: Context) -> Iterator[Hit]:
    for server in context.once(options.servers):
        if server.is_tls or _is_checked_over_tls(server):
            continue
        for option, at in server.places.items():
            if option in _ONLY_WITH_TLS:
                values = server.options[option]
                fix = edits.span(server.directive.line, at, at + 1 + len(values), "") if option == "sni" else ()
                yield Hit(
                    server.directive.line,
                    f"`{option}` does nothing here: server {server.name!r} has no `ssl`",
                    at,
                    edits=_trimmed(fix, server),
                )


def _is_checked_over_tls(server: Server) -> bool:
    """Whether health checks use TLS, with the same options."""
    checks = (*server.section.all_lines("tcp-check", "connect"), *server.section.all_lines("http-check", "connect"))
    return bool(server.options.keys() & {"check-ssl", "healthcheck"}) or any("ssl" in each.words for each in checks)


def _trimmed(fix: tuple[Edit, ...], server: Server) -> tuple[Edit, ...]:
    """With the blanks in front of what goes."""
    text = server.directive.line.text
    return tuple(Edit(each.file, each.number, len(text[: each.start].rstrip()), each.end, each.text) for each in fix)


_SITE = """\
frontend web
    bind :8080
    default_backend app

backend app
    server app1 10.0.0.20:8443 {}
"""
_VERIFIED = "ssl verify required ca-file ca.pem sni str(app.example.test)"

RULES = (
    Rule(
        code="server-verify-none",
        title="A server's certificate is not checked",
        severity=Severity.WARNING,
        reason="Whoever gets between HAProxy and the server can answer in its place and read everything; the encryption then protects "
        "nothing.",
        hint="use `verify required` with `ca-file`, and `sni` or `verifyhost` for the name",
        source=f"{MANUAL}#5.2-verify",
        failing=TIMEOUTS + _SITE.format("ssl verify none sni str(app.example.test)"),
        passing=TIMEOUTS + _SITE.format(_VERIFIED),
        check=_none,
    ),
    Rule(
        code="server-verify-without-ca",
        title="TLS to a server without `verify` and CA",
        severity=Severity.ERROR,
        reason="Without `verify`, HAProxy means `verify required`, and refuses the configuration where no `ca-file` says whom to believe.",
        hint="add `verify required ca-file …`; `@system-ca` stands for the CAs of the system",
        source=f"{MANUAL}#5.2-verify",
        failing=TIMEOUTS + _SITE.format("ssl sni str(app.example.test)"),
        passing=TIMEOUTS + _SITE.format("ssl verify required ca-file ca.pem sni str(app.example.test)"),
        check=_no_ca,
    ),
    Rule(
        code="server-name-unchecked",
        title="A server's certificate is checked, its name is not",
        severity=Severity.WARNING,
        reason="The CA has signed certificates for others too. Without `sni` or `verifyhost`, HAProxy takes any of them for the server's.",
        hint="add `sni str(NAME)` (or an expression such as `req.hdr(host),host_only`), or `verifyhost NAME`",
        source=f"{MANUAL}#5.2-verifyhost",
        failing=TIMEOUTS + _SITE.format("ssl verify required ca-file ca.pem"),
        passing=TIMEOUTS + _SITE.format("ssl verify required ca-file ca.pem verifyhost app.example.test"),
        check=_no_name,
    ),
    Rule(
        code="server-without-sni",
        title="A server is not told which site is meant",
        severity=Severity.WARNING,
        reason="Servers with several sites, OpenShift's and Kubernetes' routers among them, choose certificate and site by the SNI. "
        "Without it they answer with a default, or close the connection.",
        hint="add `sni str(NAME)`, or `sni req.hdr(host),host_only` to pass on what the client asked for",
        source=f"{MANUAL}#5.2-sni",
        failing=TIMEOUTS + _SITE.format("ssl verify none"),
        passing=TIMEOUTS + _SITE.format(_VERIFIED),
        check=_no_sni,
    ),
    Rule(
        code="server-option-without-ssl",
        title="An option of TLS on a server without `ssl`",
        severity=Severity.WARNING,
        reason="Without `ssl`, HAProxy speaks to the server in clear text and ignores what is said about certificates and names.",
        hint="add `ssl`, or take the option out: TLS that is passed on already carries the client's SNI",
        source=f"{MANUAL}#5.2-ssl",
        failing=TIMEOUTS + _SITE.format("verify required"),
        passing=TIMEOUTS + _SITE.format(_VERIFIED),
        check=_without_tls,
    ),
)
