"""Pass: what the guards of services refer to: lists of networks, lists of users with hashed passwords, and whose clients are counted
where; and guards that would do nothing, because clients have no address."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Literal

from hapilot.base import diagnostics
from hapilot.base.diagnostics import Diagnostic
from hapilot.compile import build, networks
from hapilot.compile.draft import Draft
from hapilot.compile.rules import access, passwords
from hapilot.languages.haproxy import tree
from hapilot.model import values
from hapilot.model.listener import Listener


def make_guards(draft: Draft) -> Draft:
    """Add a list for ``allow`` and ``deny`` and a user list for ``basic_auth``, where services have them. Fill in ``unaddressed`` and
    ``counted_in``.

    >>> access.allow_list("shop")
    'lists/shop.allow.list'
    """
    lists: list[build.Table] = []
    users: list[tree.Section] = []
    for name, one in draft.services.items():
        if one.allow:
            lists.append(_list(draft, name, "allow"))
        if one.deny:
            lists.append(_list(draft, name, "deny"))
        if one.basic_auth is not None:
            users.append(_users(draft, name))
    draft = replace(draft, tables=(*draft.tables, *lists), unaddressed=_unaddressed(draft), counted_in=_counted_in(draft))
    return draft.noting(_by_no_address(draft)).adding(*users)


def _unaddressed(draft: Draft) -> frozenset[str]:
    """Clients of unix sockets have no address, and what an inherited socket is nobody knows before; where HAProxy has no Lua, nor have
    those of load balancers that say none in a PROXY header (``rules.unaddressed``)."""
    loses = "LUA" not in draft.target.features
    open_to = [
        name
        for name, listener in draft.listeners.items()
        if (loses and listener.accept_proxy == "optional") or any(bind.kind != "tcp" for bind in listener.bind)
    ]
    if not open_to:
        return frozenset()
    behind = {plan.name: plan.service for plan in draft.plans}
    routes = [route for name in open_to for route in draft.routes_on(name)]
    return frozenset({route.service for route in routes} | {behind[route.canary] for route in routes if route.canary})


def _counted_in(draft: Draft) -> Mapping[str, str]:
    """A service's clients are counted in its first backend. Those of its canary count there too, so that nobody gets the limit twice;
    ``combinations`` has seen to it that a canary with a limit is that of one service and has the same limit."""
    firsts = draft.memory.once("first backends", (draft.plans,), lambda: {plan.service: plan.name for plan in reversed(draft.plans)})
    mains = {one.canary.service: name for name, one in draft.services.items() if one.canary is not None and one.rate_limit is not None}
    return {name: firsts.get(mains.get(name, name), first) for name, first in firsts.items()} if mains else firsts


def _by_no_address(draft: Draft) -> Iterator[Diagnostic]:
    """What tells clients apart by their address, where none of them has one."""
    for listener in (name for name, one in draft.listeners.items() if _has_no_addresses(one)):
        for name in dict.fromkeys(route.service for route in draft.routes_on(listener)):
            one = draft.services[name]
            said = {("rate_limit",): one.rate_limit, ("canary", "percent"): one.canary and one.canary.percent}
            for path in (path for path, value in said.items() if value):
                message = f"service {name}: {'.'.join(path)} is by the client's address, and on listener {listener} clients have none"
                hint = "use a listener with an address and port, or accept_proxy: required behind a proxy that says the client's address"
                yield diagnostics.error("conflict", message, draft.site.origins.key("services", name, *path), hint)


def _has_no_addresses(listener: Listener) -> bool:
    return listener.accept_proxy == "never" and all(bind.kind == "unix" for bind in listener.bind)


def _list(draft: Draft, name: str, key: Literal["allow", "deny"]) -> build.Table:
    path = access.allow_list(name) if key == "allow" else access.deny_list(name)
    said_networks: list[values.IPNetwork] = getattr(draft.services[name], key)
    said = ((network, draft.site.origins.at("services", name, key, index)) for index, network in enumerate(said_networks))
    return build.Table(path, networks.entries(said), f"who may {'not ' if key == 'deny' else ''}use service {name}; {networks.COMMENT}")


def _users(draft: Draft, name: str) -> tree.Section:
    """HAProxy knows the list by the service's name. Administrative lists have a dot in theirs, which services can't have."""
    one = draft.services[name].basic_auth
    origin = draft.site.origins.key("services", name, "basic_auth")
    lines: list[tree.Line] = []
    for user in one.users if one is not None else ():
        password = draft.site.materials.passwords.get(("services", name, "basic_auth", "users", user))
        if password is not None:
            scope = f"{draft.site.name}\0{name}"
            hashed = passwords.kept(draft.memory, scope, user, password, passwords.SERVICE_ROUNDS)
            lines.append(tree.line("user", user, "password", hashed))
    return tree.Section("userlist", name, tuple(lines), comment=f"users of service {name} ({origin.short})", origin=origin)
