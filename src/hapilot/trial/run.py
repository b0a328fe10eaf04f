"""One trial: the private copy of a site, its stand-ins and its HAProxy while they run, and every expectation tried.

In: a Build, a HAProxy, an empty folder. Out: a :class:`Trial`, whose results are made one by one. ``cli/test`` calls it.
"""

from __future__ import annotations

import contextlib
import ipaddress
import shutil
import socket
import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from hapilot.base import errors
from hapilot.compile import build, private
from hapilot.explain import arrivals, explain, explanation, probe
from hapilot.languages.haproxy.evaluate import wire
from hapilot.model.expect import Expectation
from hapilot.render import bundle, render
from hapilot.runtime import attempt, binary, client, foreground, plain, rundir
from hapilot.sources.file import secrets
from hapilot.trial import arriving, health, issuing, judging, standins, talking

CHECK_EVERY = 500
"""Milliseconds between two health checks of a server in a small trial, so that the first ones are soon made."""
CHECK_COST = 4
"""Milliseconds that all servers together leave to one check: what stand-ins can answer without being late."""


@dataclass(frozen=True, slots=True)
class Trial:
    """A site on trial. ``build`` is the site's own; what runs is its private copy."""

    build: build.Build
    surveyed: private.Surveyed
    addresses: tuple[str | tuple[str, int], ...]
    """Where the private copy of each door is."""
    standins: standins.Standins
    runtime: client.RuntimeClient

    def results(self) -> Iterator[judging.Result]:
        """Every expectation, tried when it is asked for."""
        explainer = explain.Explainer(self.build)
        for index, expected in enumerate(self.build.site.spec.expect):
            begun = time.monotonic()
            result = self._result(explainer, expected, index)
            yield replace(result, seconds=time.monotonic() - begun)

    def checks(self) -> health.Health:
        """Waits for the first health check of each server, and says which failed."""
        return health.first(self.build, self.runtime)

    def _result(self, explainer: explain.Explainer, expected: Expectation, index: int) -> judging.Result:
        origin = self.build.site.origins.at("expect", index)
        try:
            asked = probe.parse_target(expected.target, source=expected.from_ or "", headers=tuple(expected.headers.items()))
        except errors.HapilotError as problem:
            return judging.Result(expected, origin, (str(problem),))
        said = explainer.decide(asked, expected.target)
        real = self.real(asked, said)
        failures = judging.judge(self.build, expected, said, real)
        if failures and said.outcome == "forward" and real.visit is None:
            failures = (*failures, *self._troubles(said.service or ""))
        return judging.Result(expected, origin, failures, said, real)

    def real(self, asked: probe.Probe, said: explanation.Explanation) -> judging.Reality:
        """What comes of the connection. ``said`` helps where several listeners have the port, and where a load balancer is in front."""
        doors = self.surveyed.doors
        found = arriving.chosen(doors, asked, said)
        if found is None:
            nowhere = attempt.Seen("closed", problem=f"no listener has port {asked.port}", connected=False)
            return judging.really(self.build, nowhere, None)
        door = doors[found]
        self._forget()
        # Behind a handshake there is a protocol: to see who speaks it, something must be asked.
        what = replace(asked, kind="https") if asked.kind == "tls" else asked
        header = arriving.header(door, asked, said)
        before = b"" if header is None else wire.header_bytes(header)
        seen = attempt.attempt(self.addresses[found], what, self._patience(), before)
        return judging.really(self.build, seen, self.standins.visit_of(seen))

    def _forget(self) -> None:
        """Every client is a new one, as ``explain`` has it: nobody has used up a part of a limit."""
        for table in self.surveyed.counters:
            self.runtime.send(f"clear table {table}")

    def _patience(self) -> float:
        sniffing = max((one.sniff_timeout for one in (self.build.site.spec.listeners or {}).values()), default=0)
        return attempt.SECONDS + sniffing / 1000

    def _troubles(self, service: str) -> Iterator[str]:
        """Why no server of a service may have answered."""
        for one in health.failing(self.build, self.runtime):
            if one.service == service:
                yield f"HAProxy says of {one}"
        for text in self.standins.complaints(service):
            yield f"the stand-in for {service}/{text}"


@contextlib.contextmanager
def trying(made: build.Build, haproxy: binary.Haproxy, folder: Path) -> Generator[Trial]:
    """The site on trial, for as long as it lasts. ``folder`` is private, but its worker may pass through it. Raises HapilotError."""
    surveyed = private.survey(made)
    issuer = issuing.Issuer(folder)
    with contextlib.ExitStack() as stack:
        started = stack.enter_context(standins.standing_in(_servers(surveyed), issuer))
        sockets = rundir.prepare(folder, rundir.account(made.target.drop_to or None))
        stack.callback(shutil.rmtree, sockets, ignore_errors=True)
        doors = [stack.enter_context(_opened(door, sockets / f"door-{number}.sock")) for number, door in enumerate(surveyed.doors)]
        every = max(CHECK_EVERY, CHECK_COST * len(surveyed.places))
        openings = [_opening(made, door, one) for door, one in zip(surveyed.doors, doors, strict=True)]
        copy = private.private(made, private.Opened(openings, started.ports, every))
        files = folder / "files"
        plain.write_bundle(files, _with_authority(render.render_build(copy), issuer.authority))
        place = foreground.Place(files, sockets, folder / "haproxy.log")
        withheld = secrets.variables(made.site.spec)
        inherits = [door.fileno() for door in doors]
        runtime = stack.enter_context(foreground.running(haproxy, place, inherits=inherits, withheld=withheld))
        yield Trial(made, surveyed, tuple(door.getsockname() for door in doors), started, runtime)


def _servers(surveyed: private.Surveyed) -> list[talking.Server]:
    return [
        talking.Server(
            number=number,
            service=place.service,
            name=place.server,
            protocol=place.protocol,
            proxied=place.proxied,
            http2=place.http2,
            check=place.check,
            status=place.status,
        )
        for number, place in enumerate(surveyed.places)
    ]


def _opening(made: build.Build, door: private.Door, opened: socket.socket) -> private.Opening:
    """The door's socket, and the load balancer that comes to it, which is where ``explain`` has it."""
    if door.is_unix:
        return private.Opening(opened.fileno())
    listener = (made.site.spec.listeners or {}).get(door.frontend) if door.balanced else None
    version = ipaddress.ip_address(door.host).version if door.host else None
    peer = arrivals.balancer(listener.trusted, version) if listener else None
    return private.Opening(opened.fileno(), opened.getsockname()[1], str(peer or ""))


def _with_authority(files: bundle.Bundle, authority: str) -> bundle.Bundle:
    return bundle.Bundle((*files.files, bundle.BundleFile(private.AUTHORITY, authority.encode("ascii"))))


@contextlib.contextmanager
def _opened(door: private.Door, path: Path) -> Generator[socket.socket]:
    """Opened here and handed over, so that nobody else can take the port in between."""
    with socket.socket(socket.AF_UNIX if door.is_unix else socket.AF_INET) as one:
        one.bind(str(path) if door.is_unix else ("127.0.0.1", 0))
        one.listen(1024)
        yield one
