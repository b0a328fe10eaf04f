"""Lines of a proxy that the evaluator does not follow: those that change nothing about where a connection goes, and those that may.

Comes in: the words of a line that ``sections`` has no reader for. Goes out: why nobody knows where a connection goes that reaches the
proxy, or None. What is listed here changes nothing that the evaluator tells; all else, also a word that no HAProxy knows, may. Called by
``sections``. Configuration manual, section 4.2.
"""

from __future__ import annotations

from collections.abc import Sequence


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_HARMLESS = _names("""
    acl backlog balance bind-process capture clitcpka-cnt clitcpka-idle clitcpka-intvl crt declare default-server description
    dynamic-cookie-key email-alert enabled error-log-format external-check fullconn guid hash-balance-factor hash-preserve-affinity
    hash-type http-check http-reuse id log log-format log-format-sd log-steps log-tag max-keep-alive-queue
    max-session-srv-conns maxconn quic-initial rate-limit retries retry-on server server-state-file-name source srvtcpka-cnt
    srvtcpka-idle srvtcpka-intvl ssl-f-use tcp-check tcp-response timeout unique-id-format force-be-switch force-persist grace
""")
"""First words."""

_HARMLESS_OPTIONS = _names("""
    abortonclose accept-invalid-http-request accept-invalid-http-response accept-unsafe-violations-in-http-request
    accept-unsafe-violations-in-http-response checkcache clitcpka contstats disable-h2-upgrade dontlog-normal dontlognull
    external-check h1-case-adjust-bogus-client h1-case-adjust-bogus-server http-buffer-request http-drop-request-trailers
    http-drop-response-trailers http-keep-alive http-no-delay http-pretend-keepalive http-server-close http-use-proxy-header httpchk
    httpclose httplog httpslog idle-close-on-response independent-streams ldap-check log-health-checks log-separate-errors logasap
    mysql-check nolinger persist pgsql-check prefer-last-server redis-check redispatch smtpchk socket-stats splice-auto
    splice-request splice-response spop-check srvtcpka ssl-hello-chk tcp-check tcp-smart-accept tcp-smart-connect tcpka tcplog
    use-small-buffers
""")
_HARMLESS_NEGATED = frozenset({"option", "log", "http-send-name-header"})

_HARMLESS_FILTERS = frozenset({"trace", "compression", "cache", "bwlim-in", "bwlim-out"})


def reason(words: Sequence[str]) -> str | None:
    """Why the way is not known behind a line; None where it changes nothing.

    >>> reason(["maxconn", "10"]), reason(["no", "option", "http_proxy"]), reason(["reqideny", "^x"])
    (None, None, 'reqideny')
    """
    if not words or words[0] in _HARMLESS:
        return None
    if words[0] in ("no", "default"):
        # What is taken back is as if it had not been said, but for what has a reader of its own.
        return None if _second(words) in _HARMLESS_NEGATED else " ".join(words[:2])
    if words[0] == "option":
        return None if _second(words) in _HARMLESS_OPTIONS else " ".join(words[:2])
    if words[0] == "filter":
        return None if _second(words) in _HARMLESS_FILTERS else " ".join(words[:2])
    return words[0]


def _second(words: Sequence[str]) -> str:
    return words[1] if len(words) > 1 else ""
