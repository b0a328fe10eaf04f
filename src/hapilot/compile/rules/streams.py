"""The layer that ends TLS of what is no HTTP: by the name in the ClientHello to the backend."""

from __future__ import annotations

from hapilot.compile import build, draft
from hapilot.compile.passes import tables
from hapilot.compile.rules import sniffing
from hapilot.languages.haproxy import tree
from hapilot.model import service

WHY = "terminates TLS and passes what is inside on"

_NAME = "ssl_fc_sni,lower"
"""As HAProxy looks it up in its list of certificates, where no final dot is taken off."""


def named(one: service.Service) -> list[tree.Line]:
    """For the backend: without a name in the ClientHello there is none to check the server's certificate against, where it is the
    client's that counts; HAProxy would then check the CA alone (manual, section 5.2, "verify")."""
    if one.tls_mode != "reencrypt" or (one.verify is not None and one.verify.name != "host"):
        return []
    return [sniffing.refuse("the client names no host, so the server's can't be checked", "unless", "{", "ssl_fc_has_sni", "}")]


def route(entrance: draft.Entrance) -> list[tree.Line]:
    """The rules. The handshake is over when they run, so nothing has to be waited for."""
    first = entrance.streams[0]
    if len(entrance.streams) == 1 and first.host is None:
        return [tree.line("default_backend", first.backend)]
    table = tables.stream_table(entrance)
    lines = [sniffing.content("set-var(txn.to)", f"{_NAME},map_str({table})")]
    # The same for any set of names, so that services come and go in the table alone.
    for less_exact in (f"{_NAME},regsub(^[^.]+,*)", f"str({build.ANY_HOST})"):
        lines.append(sniffing.content("set-var(txn.to)", f"{less_exact},map_str({table})", "if", *sniffing.NOT_FOUND))
    lines.append(sniffing.refuse("no service here has the name in the ClientHello", "if", *sniffing.NOT_FOUND))
    return [*lines, tree.line("use_backend", "%[var(txn.to)]")]
