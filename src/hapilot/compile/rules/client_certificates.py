"""Client certificates in requests: one policy for each connection, and what servers are told of the certificate.

HTTP/2 lets a browser send requests for several hosts over one connection. What was asked in the handshake counts for the host that was
named there; a request for a host that asks for something else gets 421, so that the client opens another connection (RFC 9110, section
15.5.20).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from hapilot.compile import draft
from hapilot.compile.passes import policies
from hapilot.compile.rules import forwarded
from hapilot.languages.haproxy import tree
from hapilot.model import service

request = forwarded.request

OURS = "^(x[-_]ssl[-_]client|client[-_]cert)"
"""The names of the headers below, also as servers that fold ``_`` and ``-`` read them; HAProxy compares names in lower case."""

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


def one_policy(entrance: draft.Entrance) -> Iterator[tree.Line]:
    """421 for a request whose host asks for other certificates than the name in the ClientHello did."""
    if not entrance.policies:
        return
    same_name = ("{", "ssl_fc_sni,lower,rtrim(.),strcmp(txn.host)", "eq", "0", "}")
    yield request("set-var(txn.elsewhere)", "bool(true)", "unless", *same_name)
    yield from _look_up(entrance, "policy", "var(txn.host)", policies.NONE)
    yield from _look_up(entrance, "asked", "ssl_fc_sni,lower,rtrim(.)", _without_name(entrance))
    same = ("!{", "var(txn.policy),strcmp(txn.asked)", "eq", "0", "}")
    text = "421 Misdirected Request: open a new connection for this host, which asks for other client certificates"
    yield request("return", "status", "421", "content-type", "text/plain", "string", text, "if", *_ELSEWHERE, *same)


def _look_up(entrance: draft.Entrance, to: str, host: str, otherwise: str) -> Iterator[tree.Line]:
    table = policies.table_path(entrance)
    missing = (*_ELSEWHERE, "!{", f"var(txn.{to})", "-m", "found", "}")
    yield request(f"set-var(txn.{to})", f"{host},map_str({table})", "if", *_ELSEWHERE)
    if any(key.startswith("*.") for key in entrance.policies):
        yield request(f"set-var(txn.{to})", f"{host},regsub(^[^.]+,*),map_str({table})", "if", *missing)
    every = entrance.policies.get("*")
    yield request(f"set-var(txn.{to})", f"str({every.name if every else otherwise})", "if", *missing)


def _without_name(entrance: draft.Entrance) -> str:
    """What was asked of a client that named no host, or none that is known: what is asked for the default's."""
    found = next((entrance.policies.get(host) for host in entrance.default_hosts), None)
    return found.name if found else policies.NONE


def removed(services: Mapping[str, service.Service]) -> Iterator[tree.Line]:
    """A client's own copies of these headers never pass, wherever in the site a server may believe them."""
    if any(one.client_certificates for one in services.values()):
        yield request("del-header", OURS, "-m", "reg")


def told(one: service.Service) -> Iterator[tree.Line]:
    """What the service's servers are told of the certificate, if there was one."""
    if one.client_certificates is not None:
        yield from (request("set-header", name, value, "if", *USED) for name, value in FACTS)
