"""The health checks of a trial: stand-ins are there and answer as they are asked to, so that a check that fails is wrong itself.

In: a Build and the HAProxy that runs its private copy. Out: which servers are checked, and which fail. ``run`` calls it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from hapilot.compile import build
from hapilot.runtime import client, commands, observe

FIRST_CHECKS = 15.0
"""Seconds that the first health checks get."""
_STEP = 0.05
_BEFORE = ("", "INI", "UNK")
"""What HAProxy says of a check that has not been made yet (management manual, section 9.1, check_status)."""


@dataclass(frozen=True, slots=True)
class Unhealthy:
    """A server whose health check fails, though its stand-in is there and answers."""

    service: str
    server: str
    reason: str

    def __str__(self) -> str:
        return f"{self.service}/{self.server}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Health:
    """The first health checks: how many servers are checked, how many have been, and which failed."""

    servers: int
    checked: int
    failing: tuple[Unhealthy, ...]


def first(made: build.Build, runtime: client.RuntimeClient) -> Health:
    """Waits for the first check of each server."""
    deadline = time.monotonic() + FIRST_CHECKS
    while True:
        states = _states(made, runtime)
        waiting = [state for _, state in states if state.check_status in _BEFORE]
        if not waiting or time.monotonic() >= deadline:
            return Health(len(states), len(states) - len(waiting), _failing(states))
        time.sleep(_STEP)


def failing(made: build.Build, runtime: client.RuntimeClient) -> tuple[Unhealthy, ...]:
    """The servers whose check has failed by now."""
    return _failing(_states(made, runtime))


def _states(made: build.Build, runtime: client.RuntimeClient) -> list[tuple[str, observe.ServerState]]:
    """The servers that are checked, with their services."""
    uses = {use.backend: use.service for use in made.backends}
    proxies = observe.read_proxies(commands.parse_stat(runtime.send("show stat")))
    backends = [proxy for proxy in proxies if proxy.kind == "backend" and proxy.name in uses]
    return [(uses[proxy.name], state) for proxy in backends for state in proxy.servers if _is_checked(state)]


def _is_checked(state: observe.ServerState) -> bool:
    return state.status != "no check" and not state.status.startswith("MAINT")


def _failing(states: list[tuple[str, observe.ServerState]]) -> tuple[Unhealthy, ...]:
    """Checks that succeed end in OK, on whatever level, or in L7OKC."""
    return tuple(
        Unhealthy(service, state.name, _complaint(state))
        for service, state in states
        if state.check_status not in _BEFORE and not state.check_status.endswith(("OK", "OKC"))
    )


def _complaint(state: observe.ServerState) -> str:
    said = f" ({state.last_check})" if state.last_check and state.last_check != state.check_description else ""
    return f"its health check ends in {state.check_status} {state.check_description}{said}"
