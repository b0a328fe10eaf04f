"""Words inside of directives that came to HAProxy one by one: filters, what ``compression`` takes, ``log … profile``, options of health
checks, of ``retry-on`` and of the defaults for TLS.

Comes in: a directive. Goes out: the index of a word, and the first version that has it (None for one that no version knows). Called by
``words_known``. From the tables of filters and the parsers in HAProxy's source (flt_*.c, log.c, proxy.c, tcpcheck.c, cfgparse-ssl.c).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from hapilot.languages.haproxy.keywords.table import OLDEST, Version
from hapilot.lint.context import Directive


class Inside(NamedTuple):
    """A word that matters: its index, what it is, and since when HAProxy has it."""

    word: int
    kind: str
    since: Version | None


_FILTERS: Mapping[str, Version] = {
    "trace": OLDEST,
    "compression": OLDEST,
    "cache": OLDEST,
    "spoe": OLDEST,
    "fcgi-app": OLDEST,
    "opentracing": OLDEST,
    "bwlim-in": (2, 7),
    "bwlim-out": (2, 7),
    "comp-req": (3, 4),
    "comp-res": (3, 4),
    "opentelemetry": (3, 4),
}
_COMPRESSION: Mapping[str, Version] = {
    "algo": OLDEST,
    "type": OLDEST,
    "offload": OLDEST,
    "direction": (2, 8),
    "algo-req": (2, 8),
    "algo-res": (2, 8),
    "type-req": (2, 8),
    "type-res": (2, 8),
    "minsize-req": (3, 2),
    "minsize-res": (3, 2),
}


class Option(NamedTuple):
    """An option: how many words it takes, and since when HAProxy has it."""

    values: int = 0
    since: Version = OLDEST


def _options(flags: str, with_value: str = "", **since: Version) -> Mapping[str, Option]:
    """Options by name; ``since`` is of those that came later, with ``_`` for ``-``."""
    later = {name.replace("_", "-").lstrip("-"): version for name, version in since.items()}
    each = [*((name, 0) for name in flags.split()), *((name, 1) for name in with_value.split())]
    return {name: Option(values, later.get(name, OLDEST)) for name, values in each}


_TLS_METHODS = " ".join(f"{sign}-{method}" for sign in ("no", "force") for method in ("sslv3", "tlsv10", "tlsv11", "tlsv12", "tlsv13"))
_CONNECT = _options("default send-proxy via-socks4 linger ssl", "addr port proto comment sni alpn")
_SWITCHES = ("httpclient.resolvers.disabled", "tune.idle-pool.shared", "tune.sched.low-latency", "tune.ssl.keylog")
_SEQUENCES: Mapping[tuple[str, ...], Mapping[str, Option]] = {
    ("http-check", "connect"): _CONNECT,
    ("tcp-check", "connect"): _CONNECT,
    ("http-check", "send"): {**_options("", "meth uri uri-lf ver body body-lf comment"), "hdr": Option(2)},
    ("retry-on",): _options(
        "none all-retryable-errors conn-failure empty-response response-timeout junk-response 0rtt-rejected"
        " 401 403 404 408 421 425 429 500 501 502 503 504",
        _421=(3, 2),
        _429=(3, 1),
    ),
    ("ssl-default-bind-options",): _options(
        f"no-tls-tickets prefer-client-ciphers tls-tickets strict-sni no-strict-sni {_TLS_METHODS}",
        "ssl-min-ver ssl-max-ver",
        tls_tickets=(3, 2),
        strict_sni=(3, 2),
        no_strict_sni=(3, 2),
    ),
    ("ssl-default-server-options",): _options(
        f"no-tls-tickets renegotiate no-renegotiate {_TLS_METHODS}", "ssl-min-ver ssl-max-ver", renegotiate=(3, 3), no_renegotiate=(3, 3)
    ),
    **{(name,): _options("on off") for name in _SWITCHES},
    ("profiling.tasks",): _options("auto on off"),
    ("tune.listener.multi-queue",): _options("on fair off", fair=(2, 8)),
    ("tune.listener.default-shards",): _options("by-process by-group by-thread"),
}
"""The first words of a directive to the options behind them, of which there is nothing else."""
_STATS_RULES = frozenset({"allow", "auth", "deny"})


_KEYWORDS = frozenset({"filter", "compression", "log", "stats", *(words[0] for words in _SEQUENCES)})


def look(directive: Directive) -> Inside | None:
    """The word of a directive whose version is of its own."""
    if directive.keyword not in _KEYWORDS or not directive.is_known(1):
        return None
    word = directive.words[1]
    if directive.keyword == "filter" and not word.startswith("lua."):
        return Inside(1, "filter", _FILTERS.get(word))
    if directive.keyword == "compression":
        return Inside(1, "word of compression", _COMPRESSION.get(word))
    if directive.keyword == "log" and "profile" in directive.words[2:-1]:
        return Inside(directive.words.index("profile", 2), "word of log", (3, 1))
    if directive.starts("stats", "http-request") and directive.is_known(2) and directive.words[2] not in _STATS_RULES:
        return Inside(2, "action of stats http-request", None)
    return _of_sequence(directive)


def _of_sequence(directive: Directive) -> Inside | None:
    """The first option that HAProxy does not know, else the one that came last."""
    start = next((size for size in (1, 2) if directive.words[:size] in _SEQUENCES), 0)
    if not start:
        return None
    known = _SEQUENCES[directive.words[:start]]
    kind, latest, at = f"option of {' '.join(directive.words[:start])}", None, start
    while at < len(directive.words) and directive.is_known(at):
        option = known.get(directive.words[at])
        if option is None:
            return Inside(at, kind, None)
        if latest is None or option.since > (latest.since or OLDEST):
            latest = Inside(at, kind, option.since)
        at += 1 + option.values
    return latest
