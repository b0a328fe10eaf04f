"""Death at any moment: what a hapilot does to the outside world is counted, and at a chosen place it does nothing any more.

In: how many steps are done. Out: a context in which they are, and then `Killed` is raised, or something else happens. Steps are all
commands that change HAProxy and all that is written in one go in the state directory. Once dead, nothing is done by whatever still runs
on the way out of the stack. Called by ``operating``.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any
from unittest import mock

from hapilot.runtime import client, files, overrides, process

_LOOKING = ("show ", "get ", "wait ")
_WRITES: tuple[tuple[object, str], ...] = (
    (files.StateDirectory, "commit"),
    (files.StateDirectory, "activate"),
    (files.StateDirectory, "confirm"),
    (files.StateDirectory, "note_loaded"),
    (files.StateDirectory, "prune"),
    (overrides, "write"),
    (process, "_write_server_state"),
    (client.MasterClient, "reload"),
)


class Killed(BaseException):
    """hapilot is no more. Nothing but the test knows of it, so nothing can handle it."""


def die() -> None:
    """What happens at the chosen place, unless another thing is said."""
    raise Killed


@dataclass
class Rim:
    """``place`` counts down in half steps: an even number of them is before a step, an odd one after it. ``happened`` tells whether the
    place was reached, ``said`` has all steps so far."""

    place: int
    event: Callable[[], None] = die
    again: bool = False
    """Whether it happens with every later command too, until a reload."""
    happened: bool = False
    is_dead: bool = False
    said: tuple[str, ...] = ()
    depth: int = 0

    def step(self, what: str, act: Callable[[], Any]) -> Any:
        """A step, or what happens instead of it, or after it."""
        if self.depth:
            # Part of a step that was counted.
            return act()
        if what == "reload":
            self.again = False
        self._maybe()
        self.said = (*self.said, what)
        self.depth = 1
        try:
            done = act()
        finally:
            self.depth = 0
        self._maybe()
        return done

    def _maybe(self) -> None:
        if self.is_dead:
            raise Killed
        self.place -= 1
        if self.place == -1:
            self.happened = True
            try:
                self.event()
            except Killed:
                self.is_dead = True
                raise


@contextlib.contextmanager
def counted(rim: Rim) -> Generator[Rim]:
    """All steps pass ``rim`` as long as this lasts."""
    with contextlib.ExitStack() as stack:
        send = client.RuntimeClient.send
        stack.enter_context(mock.patch.object(client.RuntimeClient, "send", _sending(rim, send)))
        for owner, name in _WRITES:
            stack.enter_context(mock.patch.object(owner, name, _passing(rim, name, getattr(owner, name))))
        yield rim


def _sending(rim: Rim, send: Callable[[Any, str], str]) -> Callable[[Any, str], str]:
    def sent(self: client.RuntimeClient, command: str) -> str:
        if command.startswith(_LOOKING):
            return send(self, command)
        if rim.happened and rim.again:
            rim.event()
        return rim.step(command.partition("\n")[0], lambda: send(self, command))

    return sent


def _passing(rim: Rim, name: str, act: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *args, **kwargs: rim.step(name, lambda: act(*args, **kwargs))
