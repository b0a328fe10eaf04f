"""What a rule does once its condition holds: actions of TCP and of both kinds of rules.

Comes in: the words behind ``tcp-request content`` or ``http-request``. Goes out: an :class:`Action`, which changes the state
and may end something. ``actions_http`` has those of HTTP alone. Used by ``rules``.
Configuration manual, section 4.2, "tcp-request …" and "http-request".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hapilot.languages.haproxy import tree
from hapilot.languages.haproxy.evaluate import actions_counters, samples, trace, values, wire
from hapilot.languages.haproxy.evaluate.connection import Address, Endpoint
from hapilot.languages.haproxy.evaluate.formats import parse as parse_format
from hapilot.languages.haproxy.evaluate.state import State
from hapilot.languages.haproxy.evaluate.values import Unknown


@dataclass(frozen=True, slots=True)
class Stop:
    """The rules of this kind end here, and the connection goes on."""


@dataclass(frozen=True, slots=True)
class SwitchMode:
    """The rules end here, and HAProxy speaks HTTP from now on."""


Ending = trace.Outcome | Stop | SwitchMode
Action = Callable[[State, tree.Line], "Ending | None"]
"""Does its work on the state; gives back what it ends, or None where the next rule follows."""


@dataclass(frozen=True, slots=True)
class Kind:
    """How to read an action: ``arity`` words always belong to it; ``decides`` says that a wrong guess would lead elsewhere."""

    build: Callable[[str, Sequence[str]], Action]
    arity: int = 0
    decides: bool = True
    is_value_optional: bool = False
    """Whether something can be made of it where only the first argument is known."""


def find(word: str, kinds: dict[str, Kind]) -> tuple[Kind | None, str]:
    """The kind of an action from its first word, and what that word has in parentheses: ``set-var(txn.host)``."""
    name, _, inside = word.partition("(")
    return kinds.get(name), inside.removesuffix(")")


def split_condition(words: Sequence[str], arity: int) -> tuple[Sequence[str], Sequence[str]]:
    """The words of an action without its first, and those of its condition from ``if`` or ``unless`` on."""
    for at in range(1 + arity, len(words)):
        if words[at] in ("if", "unless"):
            return words[1:at], words[at:]
    return words[1:], ()


def _accept(inside: str, words: Sequence[str]) -> Action:
    def act(state: State, line: tree.Line) -> Ending | None:
        state.note(line, "accept")
        return Stop()

    return act


def _reject(inside: str, words: Sequence[str]) -> Action:
    def act(state: State, line: tree.Line) -> Ending | None:
        state.note(line, "reject")
        return trace.Reject("a rule closes the connection", line)

    return act


def _expect_proxy(inside: str, words: Sequence[str]) -> Action:
    def act(state: State, line: tree.Line) -> Ending | None:
        state.expects_proxy = True
        state.note(line, "expect-proxy")
        return None

    return act


def _drop_unaddressed(inside: str, words: Sequence[str]) -> Action:
    """``compile.rules.unaddressed``: a PROXY header without addresses is taken off the payload."""

    def act(state: State, line: tree.Line) -> Ending | None:
        if state.unread:
            state.payload = state.payload.removeprefix(wire.header_bytes(state.unread[0]))
            state.unread = state.unread[1:]
            state.variables["txn.dropped"] = True
            state.note(line, "drop", "the PROXY header")
        return None

    return act


def _switch_mode(inside: str, words: Sequence[str]) -> Action:
    def act(state: State, line: tree.Line) -> Ending | None:
        state.note(line, "switch-mode", "http")
        return SwitchMode()

    return act


def _set_var(inside: str, words: Sequence[str]) -> Action:
    name, *conditions = inside.split(",")
    text = words[0] if words else ""

    def act(state: State, line: tree.Line) -> Ending | None:
        if not _wanted(state, name, conditions):
            return None
        try:
            value = samples.parse(text).value(state)
        except Unknown as reason:
            state.variables[name] = reason
            state.note(line, "set-var", f"{name} = ?")
            return None
        if value is not None:  # without a value the variable stays as it was (action_store)
            state.variables[name] = value
            state.note(line, "set-var", f"{name} = {values.as_text(value)}")
        return None

    return act


def _set_var_format(inside: str, words: Sequence[str]) -> Action:
    name, *conditions = inside.split(",")
    form = parse_format(words[0] if words else "")

    def act(state: State, line: tree.Line) -> Ending | None:
        if not _wanted(state, name, conditions):
            return None
        try:
            value = form.value(state)
        except Unknown as reason:
            state.variables[name] = reason
            state.note(line, "set-var", f"{name} = ?")
            return None
        state.variables[name] = value
        state.note(line, "set-var", f"{name} = {value}")
        return None

    return act


def _wanted(state: State, name: str, conditions: Sequence[str]) -> bool:
    """Whether ``ifexists`` and ``ifnotexists`` let a variable be set (HAProxy 2.6 and later)."""
    exists = name in state.variables
    return not (("ifexists" in conditions and not exists) or ("ifnotexists" in conditions and exists))


def _unset_var(inside: str, words: Sequence[str]) -> Action:
    def act(state: State, line: tree.Line) -> Ending | None:
        state.variables.pop(inside, None)
        state.note(line, "unset-var", inside)
        return None

    return act


def _set_endpoint(end: str, part: str) -> Callable[[str, Sequence[str]], Action]:
    """``set-src``, ``set-dst`` and their ports. An expression without a value changes nothing."""

    def build(inside: str, words: Sequence[str]) -> Action:
        expression = samples.parse(words[0] if words else "")

        def act(state: State, line: tree.Line) -> Ending | None:
            value = expression.value(state)
            if value is None:
                return None
            changed = _moved(getattr(state, end), values.as_address(value) if part == "ip" else values.as_integer(value))
            if changed is not None:
                setattr(state, end, changed)
                state.note(line, f"set-{'src' if end == 'source' else 'dst'}", str(changed))
            return None

        return act

    return build


def _moved(old: Endpoint | None, new: Address | int | None) -> Endpoint | None:
    if new is None:
        return None
    if isinstance(new, int):
        return None if old is None else Endpoint(old.ip, new)
    return Endpoint(new, old.port if old is not None else 0)


def _ignored(inside: str, words: Sequence[str]) -> Action:
    """An action that changes nothing about where the connection goes."""
    return lambda state, line: None


def _forget(inside: str, words: Sequence[str]) -> Action:
    """``do-resolve(txn.ip,…)``: what a name server will say is not known."""

    def act(state: State, line: tree.Line) -> Ending | None:
        state.variables[inside.partition(",")[0]] = Unknown("what a name server says")
        state.note(line, "do-resolve", inside)
        return None

    return act


def _from_cache(inside: str, words: Sequence[str]) -> Action:
    """``cache-use``: whether the cache has an answer depends on who asked before; it has those to GET and HEAD alone."""

    def act(state: State, line: tree.Line) -> Ending | None:
        if state.strict and state.message is not None and state.message.method in ("GET", "HEAD"):
            raise Unknown("what the cache holds")
        return None

    return act


def _ignore(*names: str) -> dict[str, Kind]:
    return dict.fromkeys(names, Kind(_ignored, decides=False))


SHARED: dict[str, Kind] = {
    "set-var": Kind(_set_var, arity=1, decides=False),
    "set-var-fmt": Kind(_set_var_format, arity=1, decides=False),
    "unset-var": Kind(_unset_var, decides=False),
    "do-resolve": Kind(_forget, arity=1, decides=False),
    "cache-use": Kind(_from_cache, arity=1),
    "set-src": Kind(_set_endpoint("source", "ip"), arity=1),
    "set-src-port": Kind(_set_endpoint("source", "port"), arity=1),
    "set-dst": Kind(_set_endpoint("destination", "ip"), arity=1),
    "set-dst-port": Kind(_set_endpoint("destination", "port"), arity=1),
    "reject": Kind(_reject),
    "silent-drop": Kind(_reject),
    **_ignore("capture", "set-log-level", "set-mark", "set-tos", "set-fc-mark", "set-fc-tos", "set-bc-mark", "set-bc-tos", "set-nice"),
    **{f"track-sc{number}": Kind(actions_counters.track(number), arity=1, decides=False) for number in range(10)},
    "sc-inc-gpc0": Kind(actions_counters.increase("gpc0"), decides=False),
    "sc-inc-gpc1": Kind(actions_counters.increase("gpc1"), decides=False),
    "sc-inc-gpc": Kind(actions_counters.increase("gpc"), decides=False),
    "sc-set-gpt0": Kind(actions_counters.put("gpt0"), arity=1, decides=False),
    "sc-set-gpt": Kind(actions_counters.put("gpt"), arity=1, decides=False),
    **_ignore("sc-add-gpc", "set-priority-class", "set-priority-offset", "set-bandwidth-limit", "send-spoe-group", "do-log"),
    **_ignore("set-retries", "set-timeout", "disable-l7-retry", "wait-for-body", "wait-for-handshake", "add-acl", "del-acl", "set-map"),
    **_ignore("del-map", "early-hint", "strict-mode", "pause", "set-fc-tos"),
}
"""Actions that TCP and HTTP rules both have, and those that do not matter here."""

TCP: dict[str, Kind] = {
    **SHARED,
    "accept": Kind(_accept),
    "expect-proxy": Kind(_expect_proxy, arity=1),
    "lua.drop_unaddressed": Kind(_drop_unaddressed),
    "switch-mode": Kind(_switch_mode, arity=1),
}
"""Actions of ``tcp-request connection``, ``session`` and ``content``."""
