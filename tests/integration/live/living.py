"""A life of a site: the steps that can be taken in it, each with what must be true afterwards.

In: a `Lab`, stand-ins, and what was drawn for each step. Out: nothing, or an AssertionError with all that is not as it should be. Called by
the stateful test, which draws the steps.
"""

from __future__ import annotations

import contextlib

from hypothesis import note

from hapilot.base import errors
from hapilot.reconcile import loop
from hapilot.runtime import overrides, process

from . import editing, journal, looking, meddling, operating, rim, wanted


class Life:
    """One HAProxy from its start to its end. ``site`` is what the files say, ``serves`` what should run, ``known`` what verbs said, and
    ``made`` which site each generation is."""

    def __init__(self, lab: operating.Lab, behind: operating.Behind, done: journal.Journal) -> None:
        self.lab, self.behind, self.done = lab, behind, done
        self.site = self.serves = operating.first_site(behind)
        self.known: overrides.Overrides = ()
        self.made: dict[int, wanted.Site] = {}
        self._followed("start", self.lab.apply(self.site), self.site)

    def _followed(self, kind: str, applied: loop.Applied | None, serves: wanted.Site) -> None:
        """A step was taken, after which ``serves`` should run: is all as it should be?"""
        self.done.add(kind, applied)
        note(f"  # {kind}: {self.done.last}")
        gone = tuple({key[:2] for key in self.serves.routes} - {key[:2] for key in serves.routes})
        self.serves = serves
        assert applied is None or not applied.note
        looking.check(self.lab, self.behind, looking.Belief(serves, self.known, gone))
        self.made[self._current()] = serves

    def _current(self) -> int:
        current = self.lab.state.current()
        assert current is not None
        return current.number

    def _edited(self, asked: list[editing.Edit]) -> wanted.Site:
        site = self.site
        for one in asked:
            site = editing.edit(site, one, self.behind.pool)
        return site

    def _former(self, back: int) -> int:
        """The number of a generation that is kept, and whole."""
        numbers = [one.number for one in self.lab.state.history() if one.number in self.made]
        return numbers[-1 - back % len(numbers)]

    def apply(self, asked: list[editing.Edit]) -> None:
        """The site's files change."""
        self.site = self._edited(asked)
        self._followed("apply", self.lab.apply(self.site), self.site)

    def apply_at_run_time(self, asked: list[editing.Edit]) -> None:
        """In a way for which no reload is needed, if the files were as they are served."""
        was_served, self.site = self.site == self.serves, self._edited(asked)
        applied = self.lab.apply(self.site)
        assert not was_served or not journal.unexcused(applied.reasons, asked), applied.reasons
        self._followed("apply at run time", applied, self.site)

    def apply_again(self) -> None:
        """Nothing has changed: then nothing is done."""
        is_same = self.site == self.serves
        applied = self.lab.apply(self.site)
        assert not is_same or applied.how == "nothing", applied
        self._followed("apply again", applied, self.site)

    def roll_back(self, back: int) -> None:
        """A former generation comes back."""
        number = self._former(back)
        self._followed("rollback", self.lab.restore(number), self.made[number])

    def say(self, verb: str, service: int, server: int) -> None:
        """An operator drains, maintains, weighs, or takes that back."""
        self.known = self._said(verb, service, server)
        self._followed(f"verb {verb}", self.lab.say(self.known), self.serves)

    def killed_while_it_obeys(self, verb: str, service: int, server: int, place: int) -> None:
        """kill -9 of hapilot while a verb is followed: it was recorded or not, and the next one does what is recorded."""
        former, said = self.known, self._said(verb, service, server)
        self.lab.killed(place, lambda: self.lab.say(said))
        self.known = overrides.read(self.lab.state)
        assert self.known in (former, said)
        self._followed("verb, hapilot killed", self.lab.resume(), self.serves)

    def _said(self, verb: str, service: int, server: int) -> overrides.Overrides:
        """What is recorded after a verb about a server, or now and then about all servers of a service."""
        if verb == "back":
            return self.known[1:]
        name = sorted(self.serves.services)[service % len(self.serves.services)]
        names = [one.name for one in self.serves.services[name].servers]
        about = "" if server % 5 == 4 and verb != "weight" else names[server % len(names)]
        state: overrides.State = "drain" if verb == "drain" else "maint" if verb == "maint" else ""
        weight = (0, 1, 9, 256)[server % 4] if verb == "weight" else None
        return overrides.put(self.known, [overrides.Override(name, about, state, weight, "test", 1.0)])

    def adopt(self) -> None:
        """Another hapilot takes over, and HAProxy does not notice."""
        self.lab.process = process.adopt(self.lab.state)
        applied = self.lab.resume()
        assert applied.how == "adopt", applied
        self._followed("adopt", applied, self.serves)

    def killed_while_it_applies(self, asked: list[editing.Edit], place: int, then: str, more: list[editing.Edit], back: int) -> None:
        """kill -9 of hapilot at any of its steps; the next one starts in one of the ways in which it may."""
        self.site = self._edited(asked)
        self.lab.killed(place, lambda: self.lab.apply(self.site))
        self._go_on("apply, hapilot killed", then, more, back)

    def killed_while_it_rolls_back(self, former: int, place: int, then: str, more: list[editing.Edit], back: int) -> None:
        """The same during a rollback."""
        number = self._former(former)
        self.lab.killed(place, lambda: self.lab.restore(number))
        self.made.setdefault(self._current(), self.made[number])
        self._go_on("rollback, hapilot killed", then, more, back)

    def both_killed(self, asked: list[editing.Edit], place: int, then: str, more: list[editing.Edit], back: int) -> None:
        """kill -9 of both: what was interrupted is all on disk."""
        self.site = self._edited(asked)
        self.lab.killed(place, lambda: self.lab.apply(self.site))
        self.lab.kill()
        self.lab.process = process.adopt(self.lab.state)
        assert self.lab.process is None
        self._go_on("apply, both killed", then, more, back)

    def _go_on(self, kind: str, then: str, more: list[editing.Edit], back: int) -> None:
        """What a new hapilot does with what it finds."""
        interrupted = self.made.setdefault(self._current(), self.site)
        if then == "rollback":
            number = self._former(back)
            self._followed(f"{kind}, rollback", self.lab.restore(number), self.made[number])
        elif then == "resume":
            self._followed(f"{kind}, resume", self.lab.resume(), interrupted)
        else:
            self.site = self._edited(more) if then == "apply another" else self.site
            self._followed(f"{kind}, {then}", self.lab.apply(self.site), self.site)

    def haproxy_killed(self, victim: operating.Victim) -> None:
        """kill -9 of HAProxy, which is started again."""
        self.lab.kill(victim)
        self.lab.restart()
        self._followed(f"HAProxy killed ({victim})", None, self.serves)

    def haproxy_killed_while_it_changes(self, asked: list[editing.Edit], place: int) -> None:
        """HAProxy dies while a change is made: then it was made, or the former state comes back."""
        former, self.site = self.serves, self._edited(asked)
        with rim.counted(rim.Rim(place, self.lab.kill)) as counted, contextlib.suppress(errors.HapilotError):
            self.lab.apply(self.site)
        if counted.happened:
            assert self.made.get(self._current(), self.site) in (former, self.site)
            if not self.lab.running.is_alive:
                self.lab.restart()
        self._followed("HAProxy killed in apply", None, self.made.get(self._current(), self.site))

    def others_meddle(self, hands: list[tuple[str, int]], mended: str, asked: list[editing.Edit], back: int) -> None:
        """Somebody changes the running HAProxy: it is noticed, and undone by whatever comes next."""
        for kind, number in hands:
            meddling.meddle(self.lab, kind, number)
        if list(looking.in_memory(self.lab, looking.Belief(self.serves, self.known))):
            assert self.lab.operator.differences(self.lab.running).lines
        if mended == "restart":
            return self.haproxy_killed("all")
        applied, serves = self._mended(mended, asked, back)
        if any(kind == "limit" for kind, _ in hands):
            # A change looks at limits only where the site has some, because it takes long; who looks for what others did always does.
            self.lab.settle()
        return self._followed(f"others, {mended}", applied, serves)

    def _mended(self, how: str, asked: list[editing.Edit], back: int) -> tuple[loop.Applied, wanted.Site]:
        """What comes next, and what serves then."""
        if how == "settle":
            return self.lab.settle(), self.serves
        if how == "rollback":
            number = self._former(back)
            return self.lab.restore(number), self.made[number]
        self.site = self._edited(asked)
        return self.lab.apply(self.site), self.site
