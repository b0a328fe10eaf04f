"""Who may use a service, and how much: networks, request rates, passwords.

In front of everything else that a backend does, the cheapest first: who is refused by address costs no password. Called by
``passes.backends``; the lists and user lists that the rules name are made by ``passes.guards``.
"""

from __future__ import annotations

from collections.abc import Iterator

from hapilot.compile import draft
from hapilot.compile.rules import answers, http_rules, onward, sniffing
from hapilot.languages.haproxy import tree
from hapilot.model import service, values

CLIENTS = "100k"
"""How many clients a rate limit remembers; of more, those that were silent for longest are forgotten. An entry has about 100 bytes and
is made at the client's first request."""

NOBODY = "ipv6(::)"
"""As what all clients without an address are counted."""

DENIED = "the client's address is denied"
NOT_ALLOWED = "the client's address is not among the allowed ones"
UNKNOWN = "the client's address is not known, so it could be a denied one"

_UNADDRESSED = ("unless", "{", "src", "-m", "found", "}")


def allow_list(name: str) -> str:
    """Path of the list of networks that may use the service ``name``."""
    return f"lists/{name}.allow.list"


def deny_list(name: str) -> str:
    """Path of the list of networks that may not."""
    return f"lists/{name}.deny.list"


def stream_rules(made: draft.Draft, name: str) -> Iterator[tree.Line]:
    """The rules for connections that are passed on."""
    one = made.services[name]
    if one.deny:
        yield sniffing.refuse(DENIED, "if", "{", "src", "-f", deny_list(name), "}")
    if _denies_unknown(made, name):
        yield sniffing.refuse(UNKNOWN, *_UNADDRESSED)
    if one.allow:
        yield sniffing.refuse(NOT_ALLOWED, "unless", "{", "src", "-f", allow_list(name), "}")
    if one.maintenance is not None:
        yield sniffing.refuse(answers.DOWN)


def request_rules(made: draft.Draft, name: str, counts_in: str) -> Iterator[tree.Line]:
    """The rules for requests. ``counts_in``: the backend with the service's counters, "" for the one that the rules stand in."""
    one = made.services[name]
    if one.deny:
        yield answers.refuse(made, name, 403, "if", "{", "src", "-f", deny_list(name), "}", why=DENIED)
    if _denies_unknown(made, name):
        yield answers.refuse(made, name, 403, *_UNADDRESSED, why=UNKNOWN)
    if one.allow:
        yield answers.refuse(made, name, 403, "unless", "{", "src", "-f", allow_list(name), "}", why=NOT_ALLOWED)
    if one.rate_limit is not None:
        yield from _rate(made, name, one.rate_limit, counts_in)
    if one.basic_auth is not None:
        known = ("unless", "{", f"http_auth({name})", "}")
        yield http_rules.request("auth", "realm", name, *known, comment="the client is none of the users")


def _denies_unknown(made: draft.Draft, name: str) -> bool:
    """Whether a rule has to keep out clients without an address; the one for ``allow`` does anyway."""
    one = made.services[name]
    return bool(one.deny) and not one.allow and name in made.unaddressed


def counters(said: service.RateLimit) -> tree.Line:
    """The table of a rate limit. IPv4 addresses are in it as mapped IPv6 ones."""
    span = values.print_duration(said.per)
    return tree.line("stick-table", "type", "ipv6", "size", CLIENTS, "expire", span, "store", f"gpc0,gpc0_rate({span})")


def _rate(made: draft.Draft, name: str, said: service.RateLimit, counts_in: str) -> Iterator[tree.Line]:
    """Refused requests are not counted: a client that goes on asking gets in again as soon as its share allows."""
    table = ("table", counts_in) if counts_in else ()
    yield http_rules.request("track-sc0", onward.CLIENT, *table)
    if name in made.unaddressed:
        yield http_rules.request("track-sc0", NOBODY, *table, *_UNADDRESSED, comment="clients without an address count as one")
    over = ("if", "{", "sc0_gpc0_rate", "ge", str(said.requests), "}")
    why = f"the client has asked {said.requests} times in {values.print_duration(said.per)}"
    yield answers.refuse(made, name, 429, *over, why=why, retry_after=-(-said.per // 1000))
    yield http_rules.request("sc-inc-gpc0(0)")
