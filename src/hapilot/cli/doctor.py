"""``hapilot doctor``: what is there, what is missing."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from hapilot.cli import options, output

if TYPE_CHECKING:
    from hapilot.compile import budget, limits
    from hapilot.runtime import files, listening


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the examination."""

    level: Literal["good", "note", "bad"]
    text: str
    hint: str = ""


@click.command("doctor")
@click.argument("site", required=False, type=click.Path(path_type=Path))
@options.haproxy
@options.state
@options.as_json
def command(site: Path | None, haproxy_wanted: str | None, state_path: Path | None, as_json: bool) -> None:  # noqa: FBT001 - a flag
    """Which HAProxy, its version, features, TLS library and end of life; ports in use; limits, also against what SITE needs."""
    found = list(_examine(haproxy_wanted, options.state_directory(state_path)))
    found += _site(site, haproxy_wanted, state_path)
    bad = any(one.level == "bad" for one in found)
    if as_json:
        output.print_json({"ok": not bad, "findings": [asdict(one) for one in found]})
    else:
        marks = {"good": output.style("ok  ", "green"), "note": output.style("note", "yellow"), "bad": output.style("bad ", "red")}
        for one in found:
            click.echo(f"{marks[one.level]} {one.text}")
            if one.hint:
                click.echo(f"     {one.hint}")
    sys.exit(1 if bad else 0)


def _examine(wanted: str | None, state: files.StateDirectory) -> Iterator[Finding]:
    yield from _haproxies(wanted)
    yield from _machine()
    yield from _state(state)


def _haproxies(wanted: str | None) -> Iterator[Finding]:
    from hapilot.base import errors
    from hapilot.runtime import binary

    try:
        chosen = binary.choose(wanted)
    except errors.HaproxyMissing as problem:
        yield Finding("bad", str(problem), problem.hint)
        return
    for one in binary.find_all():
        mark = "; used" if one.path == chosen.path else ""
        yield Finding("good", f"HAProxy {one.version_text} ({one.origin}, {one.path}){mark}: {one.tls_library}; {one.end_of_life}")
    if chosen.origin == "embedded" and "3.0.15" in chosen.tls_library:
        hint = "a system HAProxy's library gets security fixes: install one of 2.8 or later, or say --haproxy system"
        yield Finding("note", "the embedded HAProxy brings its own OpenSSL of 2024", hint)
    for feature, use in (("PROMEX", "admin.metrics"), ("LUA", "names in a ClientHello that is split over TLS records")):
        if feature not in chosen.features:
            yield Finding("note", f"HAProxy was built without {feature}, which {use} needs")


def _machine() -> Iterator[Finding]:
    from hapilot.runtime import facts, listening

    machine = facts.look()
    yield Finding("good", f"{machine.system}, {machine.cpus} CPUs, {'IPv4 and IPv6' if machine.ipv6 else 'IPv4 only'}")
    if machine.lowest_port > 443:
        hint = "run as root, or setcap cap_net_bind_service=+ep on the haproxy program, or use high ports"
        yield Finding("note", f"this user may open ports from {machine.lowest_port} on", hint)
    else:
        yield Finding("good", "ports 80 and 443 may be opened")
    level: Literal["good", "note"] = "good" if machine.open_files_most >= 65536 else "note"
    hint = "" if level == "good" else "each connection needs two: raise it with ulimit -Hn or LimitNOFILE="
    yield Finding(level, f"open files: {machine.open_files}, at most {machine.open_files_most}", hint)
    yield from _ports(listening.listening())


def _site(said: Path | None, wanted: str | None, state_path: Path | None) -> Iterator[Finding]:
    """What the site needs of the machine; without a SITE that of the usual file, where there is one."""
    from hapilot.base import errors
    from hapilot.reconcile import pipeline, room

    site = said or Path(options.DEFAULT_SITE)
    if said is None and not site.exists():
        return
    try:
        _, target = options.compile_target(wanted)
        prepared = pipeline.prepare(site, target, options.kept_authority(state_path), options.environment(), reads_only=True)
    except errors.HapilotError as problem:
        yield Finding("bad", str(problem), problem.hint)
        return
    if prepared.build is None or not prepared.ok:
        yield Finding("note", f"{site} has errors, so what it needs is not known", f"hapilot check {site} shows them")
        return
    yield from _room(site, *room.compare(prepared.build))
    for one in room.check_room(prepared.build):
        yield Finding("bad" if one.severity == "error" else "note", one.message, one.hint)


def _room(site: Path, needed: budget.Budget, most: limits.Limits) -> Iterator[Finding]:
    """The budget beside the limits, in numbers."""
    clients, each = needed.room(most.files_found) // needed.layers, 2 * needed.layers
    text = f"{site}: {needed.reserved} open files before the first client and {each} for each client"
    yield Finding("good", f"{text}; the limit of {most.files_found} is enough for {clients} at once")
    busy = needed.connection_memory * needed.layers >> 10
    text = f"{site}: about {(needed.memory >> 20) + 1} MiB of memory, as much again during a reload, at most {busy} KiB for a busy client"
    yield Finding("good", f"{text}; {most.memory_limit} is {most.memory >> 20} MiB" if most.memory else text)


def _ports(open_now: tuple[listening.Listening, ...]) -> Iterator[Finding]:
    from hapilot.runtime import listening

    for port in (22, 80, 443):
        sockets = [one for one in open_now if one.port == port]
        if sockets:
            who = (
                " and ".join(str(owner) for owner in listening.owners(sockets))
                or f"another user's program (`ss -ltnp sport = :{port}` as root)"
            )
            yield Finding("note", f"port {port} is in use by {who}", "it matters if a listener of the site needs the same address")


def _state(state: files.StateDirectory) -> Iterator[Finding]:
    """The state directory: ours alone, and the private keys in it."""
    from hapilot.base import errors

    root = state.root
    try:
        if not root.exists():
            yield Finding("good", f"state goes to {root}, which `hapilot up` makes")
            return
        holder = state.holder()
        used = f"in use by process {holder}" if holder else "nobody works on it"
        exposed = sorted(str(path) for path in root.glob("generations/*/certs/*.pem") if path.stat().st_mode & 0o077)
        if root.stat().st_mode & 0o067:
            exposed.insert(0, str(root))
    except (OSError, errors.StateBroken) as problem:
        yield Finding(
            "bad", f"the state directory {root} can't be read: {problem}", "run hapilot as its owner, or name another with --state"
        )
        return
    yield Finding("good", f"state is in {root}; {used}")
    for path in exposed:
        yield Finding("bad", f"other users can read {path}", f"chmod go-rwx {path}")
