"""Pass: what the guards of services refer to: lists of networks, and lists of users with hashed passwords."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from hapilot.compile import build, networks
from hapilot.compile.draft import Draft
from hapilot.compile.rules import access, passwords
from hapilot.languages.haproxy import tree
from hapilot.model import values


def make_guards(draft: Draft) -> Draft:
    """Add a list for ``allow`` and ``deny`` and a user list for ``basic_auth``, where services have them.

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
    return replace(draft, tables=(*draft.tables, *lists)).adding(*users)


def _list(draft: Draft, name: str, key: Literal["allow", "deny"]) -> build.Table:
    path = access.allow_list(name) if key == "allow" else access.deny_list(name)
    said_networks: list[values.IPNetwork] = getattr(draft.services[name], key)
    said = ((network, draft.site.origins.at("services", name, key, index)) for index, network in enumerate(said_networks))
    return build.Table(path, networks.entries(said), f"who may {'not ' if key == 'deny' else ''}use service {name}")


def _users(draft: Draft, name: str) -> tree.Section:
    """HAProxy knows the list by the service's name. Administrative lists have a dot in theirs, which services can't have."""
    one = draft.services[name].basic_auth
    origin = draft.site.origins.key("services", name, "basic_auth")
    lines: list[tree.Line] = []
    for user in one.users if one is not None else ():
        password = draft.site.materials.passwords.get(("services", name, "basic_auth", "users", user))
        if password is not None:
            scope = f"{draft.site.name}\0{name}"
            lines.append(tree.line("user", user, "password", passwords.hashed(scope, user, password, passwords.SERVICE_ROUNDS)))
    return tree.Section("userlist", name, tuple(lines), comment=f"users of service {name} ({origin.short})", origin=origin)
