"""Headers that options add for the server: ``option forwardfor`` and ``option originalto``.

Comes in: the words of such a line, of a frontend and of a backend. Goes out: the header in the request. Read by ``sections``, done by
``streams`` after all rules. Configuration manual, section 4.2; ``http_handle_xff_header`` is its code.
"""

from __future__ import annotations

import ipaddress
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hapilot.languages.haproxy import tree
from hapilot.languages.haproxy.evaluate.connection import Address
from hapilot.languages.haproxy.evaluate.message import Message
from hapilot.languages.haproxy.evaluate.state import State

_HEADERS = {"forwardfor": "X-Forwarded-For", "originalto": "X-Original-To"}


@dataclass(frozen=True, slots=True)
class Told:
    """One line. ``spared`` are the addresses that are not told, "" for none; ``if_none``: only where the header is not there yet."""

    line: tree.Line
    header: str
    spared: str = ""
    if_none: bool = False


def parse(line: tree.Line, words: Sequence[str]) -> Told:
    """A line from its words behind ``option``."""
    arguments = dict(itertools.pairwise(words))
    return Told(line, arguments.get("header", _HEADERS[words[0]]), arguments.get("except", ""), "if-none" in words)


def tell(frontend: Mapping[str, Told], backend: Mapping[str, Told], state: State, message: Message) -> None:
    """Adds the headers. The backend's name of the header counts, the exceptions of both."""
    ends = {"forwardfor": state.source, "originalto": state.destination}
    for option, end in ends.items():
        told = [one for one in (backend.get(option), frontend.get(option)) if one is not None]
        if told and end is not None:
            _tell(told, end.ip, state, message)


def _tell(told: Sequence[Told], address: Address, state: State, message: Message) -> None:
    first = told[0]
    name = first.header
    if any(one.if_none for one in told) and message.lines(name):
        if not all(one.if_none for one in told):
            message.uncertain.add(name.lower())  # releases differ in whether one side alone can ask for it
        return
    if any(one.spared and _covers(one.spared, address) for one in told):
        return
    message.headers.append((name, str(address)))
    state.note(first.line, "add-header", f"{name}: {address}")


def _covers(network: str, address: Address) -> bool:
    try:
        return address in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False
