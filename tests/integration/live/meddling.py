"""What somebody does to a running HAProxy behind hapilot's back, through its own socket.

In: a `Lab` with a HAProxy, a kind, and a number that chooses whom it is about. Out: nothing; HAProxy may refuse it, as it does for anybody.
Called by the stateful test, which then has hapilot mend it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from hapilot.base import errors
from hapilot.plan import running as states
from hapilot.plan import tables
from hapilot.runtime import commands, reading

from . import operating

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Hand:
    """Somebody at the socket. ``found`` is what HAProxy has."""

    lab: operating.Lab
    found: states.Running
    number: int

    def pick(self, among: Iterable[T]) -> T | None:
        """One of them."""
        every = list(among)
        return every[self.number % len(every)] if every else None

    def say(self, *lines: str) -> None:
        """Commands."""
        for line in lines:
            with contextlib.suppress(errors.HaproxyFailed):
                self.lab.running.runtime.send(line)

    @property
    def server(self) -> str:
        """A server of a service; nothing where there is none."""
        key = self.pick(key for key in self.found.servers if "." not in key[0][1:])
        return "/".join(key) if key is not None else "nobody/nobody"

    @property
    def table(self) -> str:
        """A table that leads to services."""
        return self.pick(path for path, rows in self.found.tables.items() if rows and path != tables.NOTES) or "nothing"

    @property
    def key(self) -> str:
        """A row of that table."""
        return self.pick(self.found.tables.get(self.table, {})) or "nothing"

    @property
    def kind(self) -> str:
        """How HAProxy calls that table."""
        return "acl" if self.table.endswith(".list") else "map"


def meddle(lab: operating.Lab, kind: str, number: int) -> None:
    """Do it."""
    KINDS[kind](_Hand(lab, reading.read(lab.running), number))


def _move(hand: _Hand) -> None:
    """To where another one is: a check that fails would keep it out for longer than anybody wants to wait."""
    address = hand.pick(sorted({one.address for one in hand.found.servers.values() if one.address}, reverse=True))
    if address is not None:
        host, _, port = address.rpartition(":")
        hand.say(f"set server {hand.server} addr {host} port {port}")


def _add(hand: _Hand) -> None:
    backend = hand.server.partition("/")[0]
    hand.say(f"add server {backend}/guest 127.0.0.1:9", f"set server {backend}/guest state ready")


def _occupy(hand: _Hand) -> None:
    """A guest in a backend that waits for a service."""
    spare = f".spare-http-{1 + hand.number % 16}"
    hand.say(f"add server {spare}/guest 127.0.0.1:9", f"set server {spare}/guest state ready")


def _delete(hand: _Hand) -> None:
    hand.say(f"set server {hand.server} state maint", f"del server {hand.server}")


def _forget_note(hand: _Hand) -> None:
    note = hand.pick(hand.found.notes)
    if note is not None:
        hand.say(f"del map {tables.NOTES} {commands.argument(note)}")


def _mislead(hand: _Hand) -> None:
    other = hand.pick(sorted(set(hand.found.tables.get(hand.table, {}).values()), reverse=True))
    if other is not None and hand.kind == "map":
        hand.say(f"set map {hand.table} {hand.key} {other}")


def _unlist(hand: _Hand) -> None:
    found = hand.pick((path, line) for path, lines in hand.found.lists.items() for line in lines)
    if found is not None:
        hand.say(f"del ssl crt-list {found[0]} {found[1].certificate}:{found[1].number}")


def _unlist_and_forget(hand: _Hand) -> None:
    _unlist(hand)
    hand.say(*(f"del ssl cert {path}" for path in hand.found.fingerprints))


def _replace(hand: _Hand) -> None:
    path = hand.pick(hand.found.fingerprints)
    if path is not None:
        _load(hand, path)
        hand.say(f"commit ssl cert {path}")


def _begin(hand: _Hand) -> None:
    """A transaction that nobody ends."""
    path = hand.pick(hand.found.fingerprints)
    if path is not None:
        _load(hand, path)


def _load(hand: _Hand, path: str) -> None:
    leaf = operating.AUTHORITY.issue("stranger.test")
    hand.say(commands.with_payload(f"set ssl cert {path}", (leaf.pem + leaf.key_pem).decode()))


def _list(hand: _Hand) -> None:
    path = hand.pick(hand.found.lists)
    if path is not None:
        hand.say("new ssl cert certs/stranger.pem")
        _load(hand, "certs/stranger.pem")
        hand.say("commit ssl cert certs/stranger.pem", f"add ssl crt-list {path} certs/stranger.pem")


KINDS: Mapping[str, Callable[[_Hand], None]] = {
    "weight": lambda hand: hand.say(f"set server {hand.server} weight {hand.number % 256}"),
    "maintenance": lambda hand: hand.say(f"set server {hand.server} state maint"),
    "drain": lambda hand: hand.say(f"set server {hand.server} state drain"),
    "ready": lambda hand: hand.say(f"set server {hand.server} state ready"),
    "address": _move,
    "limit": lambda hand: hand.say(f"set maxconn server {hand.server} {1 + hand.number}"),
    "server added": _add,
    "spare occupied": _occupy,
    "server deleted": _delete,
    "row deleted": lambda hand: hand.say(f"del {hand.kind} {hand.table} {hand.key}"),
    "row added": lambda hand: hand.say(f"add map {hand.table} {hand.key}extra v0"),
    "row changed": _mislead,
    "table cleared": lambda hand: hand.say(f"clear {hand.kind} {hand.table}"),
    "note forgotten": _forget_note,
    "notes cleared": lambda hand: hand.say(f"clear map {tables.NOTES}"),
    "note added": lambda hand: hand.say(f"add map {tables.NOTES} .spare-http-{1 + hand.number % 16} v{hand.number % 9}"),
    "certificate unlisted": _unlist,
    "certificate forgotten": _unlist_and_forget,
    "certificate replaced": _replace,
    "certificate begun": _begin,
    "certificate listed": _list,
}
"""By what is changed."""
