"""Client certificates in requests: one policy for each connection, and what servers are told of the certificate.

HTTP/2 lets a browser send requests for several hosts over one connection. What was asked in the handshake counts for the host that was
named there; a request for a host that asks for something else gets 421, so that the client opens another connection (RFC 9110, section
15.5.20).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from hapilot.compile import draft
from hapilot.compile.passes import policies
from hapilot.compile.rules import forwarded, http_rules
from hapilot.languages.haproxy import tree
from hapilot.model import service

request = http_rules.request

ALIKE = "^(x[-_]ssl[-_]client|client[-_]cert)"
"""The names of the headers below, as servers that fold ``_`` and ``-`` read them; HAProxy compares names in lower case."""

USED = ("{", "ssl_c_used", "}")

FACTS = (
    ("Client-Cert", ":%[ssl_c_der,base64]:"),
    ("X-SSL-Client-DN", "%[ssl_c_s_dn(,0,rfc2253)]"),
    ("X-SSL-Client-CN", "%[ssl_c_s_dn(CN),regsub('[^ -~]',?,g)]"),
    ("X-SSL-Client-Issuer", "%[ssl_c_i_dn(,0,rfc2253)]"),
    ("X-SSL-Client-Serial", "%[ssl_c_serial,hex]"),
    ("X-SSL-Client-Fingerprint", "%[ssl_c_der,sha2(256),hex,lower]"),
)
"""What a server is told: the whole certificate (RFC 9440, section 2.2), and its parts for those that do not parse it: distinguished
names after RFC 4514, the serial number and the SHA-256 of the DER form in hex. A common name may hold any character, so all but
printable ASCII is replaced: a line end would begin another header."""

_ELSEWHERE = ("{", "var(txn.elsewhere)", "-m", "bool", "}")
_SNI = "ssl_fc_sni,lower"
"""As HAProxy looks it up in its list of certificates: no final dot is taken off."""


def remembered(entrance: draft.Entrance) -> Iterator[tree.Line]:
    """``sess.asked``: what was asked in the handshake, once for each connection."""
    if entrance.policies:
        yield from (
            tree.line("tcp-request", "session", *words) for words in _look_up(entrance, "sess.asked", _SNI, _without_name(entrance))
        )


def one_policy(entrance: draft.Entrance) -> Iterator[tree.Line]:
    """421 for a request whose host asks for other certificates than were asked for in the handshake."""
    if not entrance.policies:
        return
    yield request("set-var(txn.elsewhere)", "bool(true)", "unless", "{", f"{_SNI},strcmp(txn.host)", "eq", "0", "}")
    every = entrance.policies.get("*")
    otherwise = every.name if every else policies.NONE
    yield from (request(*words) for words in _look_up(entrance, "txn.policy", "var(txn.host)", otherwise, _ELSEWHERE))
    yield _misdirected("if", *_ELSEWHERE, "!{", "var(txn.policy),strcmp(sess.asked)", "eq", "0", "}")


def required(policy: draft.Policy | None) -> Iterator[tree.Line]:
    """For the service's backend: whichever way a request came, its connection was asked for what this service asks for."""
    if policy is not None:
        yield _misdirected("unless", *_let_in(policy))


def required_of_streams(policy: draft.Policy | None) -> Iterator[tree.Line]:
    """The same for a service without requests."""
    if policy is not None:
        why = "the client was not asked for the certificate that the service asks for"
        yield tree.line("tcp-request", "content", "reject", "unless", *_let_in(policy), comment=why)


def _let_in(policy: draft.Policy) -> tuple[str, ...]:
    """``sess.asked`` is what the table says, and while tables and lists change it may not be what the handshake asked. Where a certificate
    is required there must be one; ``ssl_c_used`` also knows that of a resumed session (configuration manual, section 7.3.4)."""
    asked = ("{", "var(sess.asked)", "-m", "str", policy.name, "}")
    return (*asked, *USED) if policy.require else asked


def _misdirected(*condition: str) -> tree.Line:
    text = "Misdirected Request: open a new connection for this host, which asks for other client certificates"
    return http_rules.answer(421, text, *condition)


def _look_up(entrance: draft.Entrance, to: str, host: str, otherwise: str, condition: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The words that set a variable to what is asked for a host: its own, or that of the wildcard, or ``otherwise``."""
    table = policies.table_path(entrance)
    missing = ("if", *condition, "!{", f"var({to})", "-m", "found", "}")
    yield f"set-var({to})", f"{host},map_str({table})", *(("if", *condition) if condition else ())
    if any(key.startswith("*.") for key in entrance.policies):
        yield f"set-var({to})", f"{host},regsub(^[^.]+,*),map_str({table})", *missing
    yield f"set-var({to})", f"str({otherwise})", *missing


def _without_name(entrance: draft.Entrance) -> str:
    """What was asked of a client that named no host, or none that is known: what is asked for the default's."""
    found = next((entrance.policies.get(host) for host in entrance.default_hosts), None)
    return found.name if found else policies.NONE


def removed(services: Mapping[str, service.Service]) -> Iterator[tree.Line]:
    """A client's own copies of these headers never pass, wherever in the site a server may believe them."""
    if any(one.client_certificates for one in services.values()):
        # A proxy behind us would take out what Connection names (RFC 9110, section 7.6.1).
        named = ("{", "req.hdr(connection)", "-m", "sub", "-i", "x-ssl-client", "client-cert", "}")
        yield http_rules.answer(400, forwarded.NAMED_BY_CONNECTION, "if", *named)
        yield request("del-header", "x-ssl-client", "-m", "beg")
        yield request("del-header", "client-cert", "-m", "beg")
        yield request("del-header", ALIKE, "-m", "reg", "if", "{", "req.hdr_names", "-m", "sub", "_", "}")


def told(one: service.Service) -> Iterator[tree.Line]:
    """What the service's servers are told of the certificate, if there was one."""
    if one.client_certificates is not None:
        yield from (request("set-header", name, value, "if", *USED) for name, value in FACTS)
