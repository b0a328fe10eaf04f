"""A HAProxy that only remembers: what a worker has in memory after it has read its files, and after each step of a plan.

In: files and actions. Out: ``plan.running.Running`` values. Nothing runs; ``tests/integration/runtime`` shows that a real HAProxy does the
same. Called by the tests of ``plan`` and by its golden cases.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from hapilot.plan import actions, certificates, running, sections, tables
from hapilot.render import bundle


def fresh(files: bundle.Bundle, version: tuple[int, ...] = (2, 8)) -> running.Running:
    """A worker that has just read ``files``."""
    found: dict[running.ServerKey, running.RunningServer] = {}
    limits: dict[running.ServerKey, int] = {}
    for path in (bundle.CONFIG, bundle.LIVE):
        config = files.get(path)
        for head, section in sections.read(config.content).items() if config is not None else ():
            for server in section.servers.values():
                key = (head.removeprefix("backend "), server.name)
                address = sections.normal(server.address) if server.is_plain else ""
                found[key] = running.RunningServer(address, "maint" if server.disabled else "ready", server.weight)
                limits[key] = server.limit
    held = {file.path: dict(tables.entries(file.content)) for file in files.files if file.path.startswith(("maps/", "lists/"))}
    lists = {file.path: _lines(file) for file in files.files if file.path.startswith("certs/") and not file.path.endswith(".pem")}
    used = {line.certificate for listed in lists.values() for line in listed}
    marks = {path: certificates.fingerprint(_content(files, path)) for path in used}
    return running.Running(version, files, found, held, limits=limits, lists=lists, fingerprints=marks)


def _lines(file: bundle.BundleFile) -> tuple[running.ListLine, ...]:
    return tuple(running.ListLine(line.certificate, number, line.rest) for number, line in enumerate(certificates.lines(file.content), 2))


def _content(files: bundle.Bundle, path: str) -> bytes:
    found = files.get(path)
    assert found is not None, path
    return found.content


def after(state: running.Running, steps: Iterable[actions.Action]) -> running.Running:
    """What the worker has when it was told all of ``steps``."""
    for step in steps:
        state = _after(state, step)
    return state


def _after(state: running.Running, step: actions.Action) -> running.Running:
    match step:
        case actions.AddServer():
            return _added(state, step)
        case actions.RemoveServer():
            return _removed(state, (step.backend, step.name))
        case actions.MoveServer() | actions.WeighServer() | actions.SetState() | actions.LimitServer():
            return _changed(state, step)
        case actions.GiveSpare():
            return _noted(state, step.spare, step.backend)
        case actions.TakeSpare():
            return _noted(state, step.spare)
        case actions.ReplaceTable():
            assert step.path in state.tables, "HAProxy has the table"
            return replace(state, tables={**state.tables, step.path: dict(step.entries)})
        case _:
            return _with_certificate(state, step)


def _changed(
    state: running.Running, step: actions.MoveServer | actions.WeighServer | actions.SetState | actions.LimitServer
) -> running.Running:
    key = (step.backend, step.name)
    match step:
        case actions.MoveServer():
            host = f"[{step.host}]" if ":" in step.host else step.host
            return _set(state, key, replace(state.servers[key], address=sections.normal(f"{host}:{step.port}")))
        case actions.WeighServer():
            return _set(state, key, replace(state.servers[key], weight=step.weight))
        case actions.SetState():
            return _set(state, key, replace(state.servers[key], state=step.state))
        case actions.LimitServer():
            return replace(state, limits={**state.limits, key: step.connections})


def _set(state: running.Running, key: running.ServerKey, made: running.RunningServer) -> running.Running:
    assert key in state.servers, "HAProxy has the server"
    return replace(state, servers={**state.servers, key: made})


def _added(state: running.Running, step: actions.AddServer) -> running.Running:
    key = (step.backend, step.name)
    assert key not in state.servers, "HAProxy refuses a name that is there"
    said = dict(zip(step.words, step.words[1:], strict=False))
    made = running.RunningServer(sections.normal(step.address), step.state, int(said.get("weight", 1)))
    limits = {**state.limits, key: int(said.get("maxconn", 0))}
    return _noted(replace(state, servers={**state.servers, key: made}, limits=limits), "/".join(key), step.mark)


def _removed(state: running.Running, key: running.ServerKey) -> running.Running:
    if state.sessions.get(key):
        return replace(state, servers={**state.servers, key: replace(state.servers[key], state="maint")})
    left = {other: one for other, one in state.servers.items() if other != key}
    return _noted(replace(state, servers=left, limits={other: one for other, one in state.limits.items() if other != key}), "/".join(key))


def _noted(state: running.Running, key: str, value: str = "") -> running.Running:
    others: Mapping[str, str] = {name: said for name, said in state.notes.items() if name != key}
    return replace(state, notes={**others, key: value} if value else others)


def _with_certificate(state: running.Running, step: actions.Action) -> running.Running:
    match step:
        case actions.SetCertificate():
            marks = {**state.fingerprints, step.path: certificates.fingerprint(step.pem.reveal().encode())}
            return _noted(replace(state, fingerprints=marks), step.path, step.mark)
        case actions.ListCertificate():
            line = certificates.lines(f"{step.line}\n".encode())[0]
            assert line.certificate in state.fingerprints, "HAProxy lists what it has"
            has = state.lists[step.path]
            number = max((one.number for one in has), default=0) + 1
            return replace(state, lists={**state.lists, step.path: (*has, running.ListLine(line.certificate, number, line.rest))})
        case actions.UnlistCertificate():
            left = tuple(one for one in state.lists[step.path] if one.number != step.number)
            assert len(left) + 1 == len(state.lists[step.path])
            return replace(state, lists={**state.lists, step.path: left})
        case actions.ForgetCertificate():
            assert all(one.certificate != step.path for listed in state.lists.values() for one in listed), "it is in use"
            return _noted(
                replace(state, fingerprints={path: one for path, one in state.fingerprints.items() if path != step.path}), step.path
            )
        case _:
            raise AssertionError(f"{step.kind} is not for the runtime API")
