"""Carries out the steps of a plan on a running worker, one runtime command after the other.

In: actions and a HAProxy. Out: nothing, or HaproxyFailed with the command that was refused: then the steps before it are done, and a new
plan says what is left. Called by ``reconcile`` after HAProxy has found the complete new files good.
"""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Iterable, Iterator

from hapilot.base import errors
from hapilot.plan import actions, running, tables
from hapilot.runtime import client, commands

_CHUNK = 12_000
"""Bytes of entries in one command: with its own words it has to fit into a buffer, and the smallest have 16 KiB (``tune.bufsize``)."""

_REMOVE_SECONDS = 0.02
"""How long the end of a server's last session is waited for; later looks delete what is left."""
_STEP = 0.005
_ONGOING = re.compile(r"(?:The ongoing transaction is about '|Transaction updated for certificate )([^'!]+)")
"""HAProxy's answer to ``set ssl cert`` while a transaction about another certificate is open: 2.8 refuses, 2.6.12 takes the new
certificate for the other one's (both seen live)."""


def act(runtime: client.RuntimeClient, steps: Iterable[actions.Action]) -> None:
    """Take each step. Raises HaproxyFailed at the first that is refused."""
    every = tuple(steps)
    if any(_limits(step) for step in every):
        _note_limits(runtime)
    for step in every:
        _act(runtime, step)


def _limits(step: actions.Action) -> bool:
    """Whether it may leave a server with a limit."""
    return isinstance(step, actions.LimitServer) or (isinstance(step, actions.AddServer) and "maxconn" in step.words)


def _act(runtime: client.RuntimeClient, step: actions.Action) -> None:
    match step:
        case actions.AddServer():
            _add_server(runtime, step)
        case actions.RemoveServer():
            runtime.act(f"set server {_server(step)} state maint")
            _delete(runtime, (step.backend, step.name), _REMOVE_SECONDS)
        case actions.MoveServer() | actions.WeighServer() | actions.LimitServer() | actions.SetState():
            runtime.act(*_setting(step))
        case actions.ReplaceTable():
            _replace_table(runtime, step)
        case actions.GiveSpare():
            _note(runtime, step.spare, step.backend)
        case actions.TakeSpare():
            _forget(runtime, step.spare)
        case actions.SetCertificate() | actions.ListCertificate() | actions.UnlistCertificate() | actions.ForgetCertificate():
            _certificate(runtime, step)
        case actions.Reload() | actions.Start():
            raise ValueError(f"{step.kind} is not for the runtime API")


_Setting = actions.MoveServer | actions.WeighServer | actions.LimitServer | actions.SetState


def _setting(step: _Setting) -> tuple[str, ...]:
    """The command, and what the answer starts with where it worked; most have none."""
    name = _server(step)
    match step:
        case actions.MoveServer():
            return f"set server {name} addr {step.host} port {step.port}", "IP changed", "port changed", "no need", "nothing changed"
        case actions.WeighServer():
            return (f"set server {name} weight {step.weight}",)
        case actions.LimitServer():
            return (f"set maxconn server {name} {step.connections}",)
        case actions.SetState():
            return (f"set server {name} state {step.state}",)


def _server(step: actions.AddServer | actions.RemoveServer | _Setting) -> str:
    return commands.argument(f"{step.backend}/{step.name}")


def _add_server(runtime: client.RuntimeClient, step: actions.AddServer) -> None:
    """It starts in maintenance, and is noted before it takes anything: whoever comes later knows what it was made with."""
    name = _server(step)
    _note(runtime, f"{step.backend}/{step.name}", step.mark)
    words = " ".join(commands.argument(word) for word in step.words)
    try:
        runtime.act(f"add server {name} {step.address} {words}".rstrip(), "New server registered")
    except errors.HaproxyFailed:
        # Somebody else may have made one of this name. Nothing may say that it is ours: it is not known what it was made with.
        _forget(runtime, f"{step.backend}/{step.name}")
        raise
    if "check" in step.words:
        runtime.act(f"enable health {name}")
    if step.state != "maint":
        runtime.act(f"set server {name} state {step.state}")


def tidy(runtime: client.RuntimeClient, remainders: Iterable[running.ServerKey]) -> None:
    """Delete servers in maintenance that have no sessions any more."""
    for key in remainders:
        with contextlib.suppress(errors.HaproxyFailed):
            _delete(runtime, key, 0.0)


def _delete(runtime: client.RuntimeClient, key: running.ServerKey, seconds: float) -> None:
    """Delete a server in maintenance, if its sessions end in time; HAProxy refuses it before that."""
    deadline = time.monotonic() + seconds
    name = "/".join(key)
    while True:
        answer = runtime.send(f"del server {commands.argument(name)}")
        if answer.startswith(("Server deleted", "No such server")):
            _forget(runtime, name)
            return
        if time.monotonic() >= deadline:
            return
        time.sleep(_STEP)


def _replace_table(runtime: client.RuntimeClient, step: actions.ReplaceTable) -> None:
    """All entries in one transaction (management manual, ``prepare map``): requests meet the old table or the new one."""
    kind = "acl" if step.is_list else "map"
    version = runtime.act(f"prepare {kind} {step.path}", "New version created").rpartition(":")[2].strip()
    add = f"add {kind} @{version} {step.path}"
    if step.is_list:
        # Only maps take many entries in one command; but a line takes many commands.
        for chunk in _chunks([f"{add} {commands.argument(key)}" for key, _ in step.entries]):
            runtime.act("; ".join(chunk))
    else:
        for chunk in _chunks([f"{key} {value}".rstrip() for key, value in step.entries]):
            runtime.act(commands.with_payload(add, "\n".join(chunk)))
    runtime.act(f"commit {kind} @{version} {step.path}")


def _chunks(lines: Iterable[str]) -> Iterator[list[str]]:
    chunk: list[str] = []
    size = 0
    for line in lines:
        length = len(line.encode()) + len("; ")
        if chunk and size + length > _CHUNK:
            yield chunk
            chunk, size = [], 0
        chunk.append(line)
        size += length
    if chunk:
        yield chunk


def _note(runtime: client.RuntimeClient, key: str, value: str) -> None:
    _forget(runtime, key)
    runtime.act(f"add map {tables.NOTES} {commands.argument(key)} {commands.argument(value)}")


def _note_limits(runtime: client.RuntimeClient) -> None:
    """Before the first is set, and never taken back: whoever comes later asks for limits, wherever this is interrupted."""
    if "found=yes" not in runtime.send(f"get map {tables.NOTES} {tables.LIMITED}"):
        runtime.act(f"add map {tables.NOTES} {tables.LIMITED} set")


def _forget(runtime: client.RuntimeClient, key: str) -> None:
    runtime.act(f"del map {tables.NOTES} {commands.argument(key)}", "Key not found")


def _certificate(
    runtime: client.RuntimeClient,
    step: actions.SetCertificate | actions.ListCertificate | actions.UnlistCertificate | actions.ForgetCertificate,
) -> None:
    match step:
        case actions.SetCertificate():
            _set_certificate(runtime, step)
        case actions.ListCertificate():
            runtime.act(commands.with_payload(f"add ssl crt-list {step.path}", step.line), "Inserting")
        case actions.UnlistCertificate():
            runtime.act(f"del ssl crt-list {step.path} {step.certificate}:{step.number}", "Entry")
        case actions.ForgetCertificate():
            runtime.act(f"del ssl cert {step.path}", "Certificate")
            _forget(runtime, step.path)


def _begin(runtime: client.RuntimeClient, step: actions.SetCertificate) -> None:
    """HAProxy has one transaction at a time: one that somebody began and never ended, perhaps because he was killed, is given up."""
    command = commands.with_payload(f"set ssl cert {step.path}", step.pem.reveal())
    begun = tuple(f"Transaction {how} for certificate {step.path}!" for how in ("created", "updated"))
    try:
        runtime.act(command, *begun)
    except errors.HaproxyFailed as problem:
        other = _ONGOING.search(f"{problem}")
        if other is None:
            raise
        runtime.send(f"abort ssl cert {other[1]}")
        runtime.act(command, *begun)


def _set_certificate(runtime: client.RuntimeClient, step: actions.SetCertificate) -> None:
    """Noted only when it is in force: if that fails, it is set again."""
    if step.is_new:
        runtime.act(f"new ssl cert {step.path}", "New empty certificate store", f"Certificate '{step.path}' already exists")
    _begin(runtime, step)
    try:
        runtime.act(f"commit ssl cert {step.path}", "Success")
    except errors.HaproxyFailed:
        with contextlib.suppress(errors.HaproxyFailed):
            runtime.send(f"abort ssl cert {step.path}")
        raise
    _note(runtime, step.path, step.mark)
