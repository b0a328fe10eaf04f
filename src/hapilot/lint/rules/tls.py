"""TLS versions, ciphers and parameters below Mozilla's intermediate recommendation."""

from __future__ import annotations

import re
from collections.abc import Iterator

from hapilot.base.diagnostics import Severity
from hapilot.lint.context import Context, Directive
from hapilot.lint.finding import Hit
from hapilot.lint.rule import MANUAL, TIMEOUTS, Rule

MOZILLA = "https://wiki.mozilla.org/Security/Server_Side_TLS"
_OLD = frozenset({"SSLv3", "TLSv1.0", "TLSv1.1"})
_FORCED = frozenset({"force-sslv3", "force-tlsv10", "force-tlsv11"})
_LINES = ("bind", "server", "default-server", "server-template")
_GLOBAL = ("ssl-default-bind-options", "ssl-default-server-options")
_CIPHER_LINES = ("ssl-default-bind-ciphers", "ssl-default-server-ciphers")
_INTERMEDIATE = re.compile(r"(?:ECDHE-(?:ECDSA|RSA)|DHE-RSA)-(?:AES(?:128|256)-GCM-SHA(?:256|384)|CHACHA20-POLY1305(?:-SHA256)?)|TLS_\w+")
_MODERN_GROUP = re.compile(
    r"(?:EECDH|ECDHE|ECDH|kECDHE|kEECDH|DHE|EDH|DH)\+(?:[A-Za-z0-9]+\+)*(?:AESGCM|AES(?:128|256)?GCM|CHACHA20)(?:\+[A-Za-z0-9]+)*"
)
_NO_LEVEL = "@SECLEVEL=0"
"""Lets OpenSSL use keys and hashes of any weakness."""
_LEAST_DH = 2048


def _tls_lines(context: Context) -> Iterator[Directive]:
    for section in context.sections:
        for keyword in _GLOBAL if section.kind == "global" else _LINES:
            yield from section.lines(keyword)


def _versions(context: Context) -> Iterator[Hit]:
    for directive in _tls_lines(context):
        for at, word in enumerate(directive.words):
            if word in _FORCED:
                yield Hit(directive.line, f"`{word}` speaks only a version that has been broken", at)
            elif word == "no-tlsv13" and "no-tlsv12" in directive.words:
                yield Hit(directive.line, "without TLS 1.2 and TLS 1.3 only versions are left that have been broken", at)
            elif word in _OLD and directive.words[at - 1] in ("ssl-min-ver", "ssl-max-ver"):
                yield Hit(directive.line, f"{word} is allowed here", at)


def _ciphers(context: Context) -> Iterator[Hit]:
    for directive, at in _cipher_lists(context):
        weak = weak_ciphers(directive.words[at]) if directive.is_known(at) else ()
        if weak:
            shown = ", ".join(weak[:3]) + (f" and {len(weak) - 3} more" if len(weak) > 3 else "")
            yield Hit(directive.line, f"the list has ciphers that Mozilla's intermediate one has not: {shown}", at)


def _cipher_lists(context: Context) -> Iterator[tuple[Directive, int]]:
    for section in context.sections:
        if section.kind == "global":
            yield from ((directive, 1) for keyword in _CIPHER_LINES for directive in section.lines(keyword))
        for keyword in _LINES:
            for directive in section.lines(keyword):
                if "ciphers" in directive.words[:-1]:
                    yield directive, directive.words.index("ciphers") + 1


def weak_ciphers(text: str) -> tuple[str, ...]:
    """What a list of ciphers allows beyond the intermediate ones; what it takes away (``!RC4``) does not count.

    >>> weak_ciphers("ECDHE-RSA-AES128-GCM-SHA256:AES128-SHA:!aNULL"), weak_ciphers("EECDH+AESGCM:PROFILE=SYSTEM")
    (('AES128-SHA',), ())
    >>> weak_ciphers("ECDHE-RSA-AES128-GCM-SHA256@SECLEVEL=0")
    ('@SECLEVEL=0',)
    """
    given = re.split(r"[:, ]|(?=@)", text)
    parts = [part for part in given if part and part[0] not in "!-+@" and "=" not in part]
    weak = [part for part in parts if not _INTERMEDIATE.fullmatch(part) and not _MODERN_GROUP.fullmatch(part)]
    return (*(part for part in given if part == _NO_LEVEL), *weak)


def _dh(context: Context) -> Iterator[Hit]:
    for section in context.of_kind("global"):
        for directive in section.lines("tune.ssl.default-dh-param"):
            bits = directive.number(1)
            if bits is not None and bits < _LEAST_DH:
                yield Hit(directive.line, f"{bits} bits for Diffie-Hellman can be broken", 1)


_SITE = """\
frontend web
    bind :8443 ssl crt site.pem{}
    default_backend app

backend app
    server app1 10.0.0.20:8080
"""

RULES = (
    Rule(
        code="tls-version-old",
        title="A TLS version that has been broken",
        severity=Severity.WARNING,
        reason="SSLv3, TLS 1.0 and TLS 1.1 have known attacks and were withdrawn (RFC 7568, RFC 8996). HAProxy's own default is TLS 1.2.",
        hint="use `ssl-min-ver TLSv1.2`, which is the default",
        source=MOZILLA,
        failing=TIMEOUTS + _SITE.format(" ssl-min-ver TLSv1.0"),
        passing=TIMEOUTS + _SITE.format(" ssl-min-ver TLSv1.2"),
        check=_versions,
    ),
    Rule(
        code="tls-ciphers-weak",
        title="Ciphers below Mozilla's intermediate list",
        severity=Severity.WARNING,
        reason="They lack forward secrecy, or use CBC, RC4, 3DES or SHA-1: what was recorded can be read when a key leaks, or sooner.",
        hint="take the intermediate list of https://ssl-config.mozilla.org, or `PROFILE=SYSTEM` where the distribution has it",
        source=MOZILLA,
        failing=TIMEOUTS + _SITE.format(" ciphers ECDHE-RSA-AES128-GCM-SHA256:AES128-SHA"),
        passing=TIMEOUTS + _SITE.format(" ciphers ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-CHACHA20-POLY1305"),
        check=_ciphers,
    ),
    Rule(
        code="tls-dh-small",
        title="Diffie-Hellman with less than 2048 bits",
        severity=Severity.WARNING,
        reason="1024 bits are within reach of those who record traffic (Logjam, 2015).",
        hint="use 2048 or more, which is the default",
        source=f"{MANUAL}#3.2-tune.ssl.default-dh-param",
        failing="global\n    tune.ssl.default-dh-param 1024\n\n" + TIMEOUTS + _SITE.format(""),
        passing="global\n    tune.ssl.default-dh-param 2048\n\n" + TIMEOUTS + _SITE.format(""),
        check=_dh,
    ),
)
