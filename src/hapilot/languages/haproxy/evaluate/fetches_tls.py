"""Sample fetches of TLS that ended at this frontend, and of the client's certificate.

Comes in: a state and the arguments. Goes out: :class:`Fetched`. Used by ``fetches``. Configuration manual, section 7.3.4.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from hapilot.languages.haproxy.evaluate.fetched import NO, NOTHING, Fetched, one
from hapilot.languages.haproxy.evaluate.identity import Identity, Name
from hapilot.languages.haproxy.evaluate.state import State, TlsFacts
from hapilot.languages.haproxy.evaluate.values import Unknown, Value

Fetch = Callable[[State, tuple[str, ...]], Fetched]


def _ended(read: Callable[[TlsFacts], Value | None]) -> Fetch:
    """A fetch that has no value without TLS."""
    return lambda state, _arguments: NOTHING if state.tls is None else one(read(state.tls))


def _shown(read: Callable[[Identity], Value | None]) -> Fetch:
    """A fetch from the client's certificate; no value where there is none."""

    def fetch(state: State, arguments: tuple[str, ...]) -> Fetched:
        client = state.tls.client if state.tls is not None else None
        return NOTHING if client is None else one(read(client))

    return fetch


def _named(read: Callable[[Identity], Name]) -> Fetch:
    """A distinguished name: whole (also as ``rfc2253``, the third argument), or one attribute with its place among those of its type."""

    def fetch(state: State, arguments: tuple[str, ...]) -> Fetched:
        client = state.tls.client if state.tls is not None else None
        if client is None:
            return NOTHING
        kind, position, form = [*arguments, "", "", ""][:3]
        if kind:
            return one(read(client).entry(kind, int(position or 1)))
        if not form:
            return one(read(client).oneline)
        return one(read(client).rfc2253) if form == "rfc2253" else NOTHING

    return fetch


def _verdict(tls: TlsFacts) -> int:
    """Zero, "no error": a certificate that fails its check is refused in the handshake, where nobody said to ignore that."""
    if not tls.verified:
        raise Unknown("what is wrong with the client's certificate")
    return 0


FETCHES: Mapping[str, Fetch] = {
    "ssl_fc": lambda state, _: one(state.tls is not None),
    "ssl_fc_sni": _ended(lambda tls: tls.sni),
    "ssl_fc_has_sni": lambda state, _: one(state.tls is not None and state.tls.sni is not None),
    "ssl_fc_alpn": _ended(lambda tls: tls.alpn),
    "ssl_fc_has_crt": _ended(lambda tls: tls.client is not None),
    "ssl_fc_has_early": lambda _state, _arguments: NO,
    "ssl_fc_is_resumed": _ended(lambda _: False),
    "ssl_c_used": _ended(lambda tls: tls.client is not None),
    "ssl_c_verify": _ended(_verdict),
    "ssl_c_err": _ended(_verdict),
    "ssl_c_ca_err": _ended(_verdict),
    "ssl_c_ca_err_depth": _ended(_verdict),
    "ssl_c_s_dn": _named(lambda client: client.subject),
    "ssl_c_i_dn": _named(lambda client: client.issuer),
    "ssl_c_serial": _shown(lambda client: client.serial),
    "ssl_c_der": _shown(lambda client: client.der),
    "ssl_c_sha1": _shown(lambda client: client.sha1),
    "ssl_c_notbefore": _shown(lambda client: client.not_before),
    "ssl_c_notafter": _shown(lambda client: client.not_after),
    "ssl_c_version": _shown(lambda client: client.version),
}
"""Name to fetch."""
