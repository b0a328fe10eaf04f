"""Goes round until no error is left: find the parts that are to blame, do without them, compile again.

In: a loaded site with errors, and the last good versions. Out: an :class:`Isolated` site without them, or None where an error is about no
part that could be left out. A service first runs its last good version; where that can't be combined with the rest, it is closed: its
routes answer that it is out of service, so that no other service gets its requests. Where it can't be closed, the site is refused: its
requests would reach a service that may let in whom it does not.
Pure. Called by ``pipeline`` and ``refusals``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from hapilot.base import diagnostics
from hapilot.base.diagnostics import Diagnostic
from hapilot.base.memory import Memory
from hapilot.compile import build, compile, target  # noqa: A004 - the stage's name
from hapilot.explain import expectations, explain
from hapilot.model import site
from hapilot.reconcile.quarantine import parts, reducing, versions
from hapilot.sources.file import load

ROUNDS = 25
"""Each round leaves out all that is to blame by then. A part is looked at three times at most; more rounds than a few come only where
parts hang together in a chain."""


Former = Callable[[], "versions.Former | None"]
"""Gives the last good versions, None where nothing served before. Asked only where something is bad."""


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A part that is left out: what stands in for it, and every error that is about it."""

    part: parts.Part
    instead: reducing.Instead
    why: tuple[Diagnostic, ...]

    @property
    def reason(self) -> str:
        """The first error, in a line."""
        first = self.why[0]
        more = len(self.why) - 1
        return f"{first.origin}: {first.message}" + (f" (and {more} more)" if more else "")


@dataclass(frozen=True, slots=True)
class Ground:
    """What does not change while going round. ``memory`` has what was worked out of the reduced site the last time: one of its own,
    since the whole site is compiled with another one in between."""

    site: site.Site
    said: load.Said
    target: target.Target
    former: Former
    memory: Memory = field(default_factory=Memory, compare=False)


@dataclass(frozen=True, slots=True)
class Isolated:
    """A site and what stands in for its bad parts. ``build`` is what it compiles to, and has no errors. ``stuck`` is a service that nothing
    can stand in for, which refuses the site; there is no build then."""

    ground: Ground
    choices: reducing.Choices = field(default_factory=reducing.Choices)
    why: Mapping[parts.Part, tuple[Diagnostic, ...]] = field(default_factory=dict[parts.Part, tuple[Diagnostic, ...]])
    build: build.Build | None = None
    warned: tuple[Diagnostic, ...] = ()
    stuck: parts.Part | None = None

    @property
    def quarantined(self) -> tuple[Quarantined, ...]:
        """The bad parts, by kind and name."""
        return tuple(Quarantined(part, self.choices.instead[part], self.why[part]) for part in sorted(self.choices.instead))

    @property
    def serves(self) -> bool:
        """Whether any service is left that does what it is there for."""
        return self.build is not None and len(self.build.site.spec.services) > len(self.choices.services("closed"))

    @property
    def kept(self) -> dict[str, versions.Version]:
        """The services that run a former version."""
        return {name: self.choices.versions[name] for name in self.choices.services("former")}

    @property
    def without(self) -> frozenset[str]:
        """The services that do not serve."""
        return self.choices.services("closed") | self.choices.services("nothing")

    def is_fresh(self, part: parts.Part) -> bool:
        """Whether the part is as the files say."""
        return part not in self.choices.instead


def isolate(ground: Ground, found: Iterable[Diagnostic]) -> Isolated | None:
    """The site without what the errors among ``found`` are about, which were found before it was compiled."""
    errors = tuple(one for one in found if one.severity == "error")
    begun = Isolated(ground)
    blamed = _groups(begun, (*errors, *_unreadable(ground, errors)))
    one = None if blamed is None else _without(begun, blamed)
    if one is not None and one.stuck is not None:
        return one
    if one is None or not set(parts.of_dropped(ground.said)) <= one.choices.instead.keys():
        return None
    return settle(one)


def settle(begun: Isolated) -> Isolated | None:
    """Compile, and leave out what is to blame for errors, until there are none, or one is stuck."""
    one = begun
    for _ in range(ROUNDS):
        if one.stuck is not None:
            return replace(one, build=None)
        made = compile.compile_site(reducing.reduce(one.ground.site, one.ground.said, one.choices), one.ground.target, one.ground.memory)
        errors = tuple(each for each in made.diagnostics if each.severity == "error")
        if not errors:
            return _expected(replace(one, build=made, warned=made.diagnostics))
        following = blame(replace(one, build=made), errors)
        if following is None:
            break
        one = following
    return None


def _expected(one: Isolated) -> Isolated | None:
    """What must hold is asked of what is left. An expectation about a bad part waits for its repair; any other that does not hold means
    that the site does not do what its author says, and is nothing to go live with."""
    if one.build is None:
        return None
    found = expectations.check_expectations(one.build, explain.Explainer(one.build))
    bad = {str(part) for part in one.choices.instead}
    if any(each.severity == "error" and not bad.intersection(each.about) for each in found):
        return None
    return replace(one, warned=(*one.warned, *(each for each in found if each.severity != "error")))


Blamed = tuple[tuple[Diagnostic, parts.Group], ...]
"""Errors with the parts of which one is to blame."""


def blame(one: Isolated, errors: Iterable[Diagnostic]) -> Isolated | None:
    """One step further for the parts that are to blame. Where some of them have changed since they were good, the others are spared this
    time: a new service that takes the host of an old one must not take it down."""
    groups = _groups(one, errors)
    if groups is None:
        return None
    ranks = _ranks(one, {part for _, group in groups for part in group})
    chosen = [(error, max(reversed(group), key=ranks.__getitem__)) for error, group in groups]
    least = min(1, max((ranks[part] for _, part in chosen), default=0))
    return _without(one, tuple((error, (part,)) for error, part in chosen if ranks[part] >= least))


def _groups(one: Isolated, errors: Iterable[Diagnostic]) -> Blamed | None:
    """None where an error is about no part."""
    every = tuple(errors)
    found: list[tuple[Diagnostic, parts.Group]] = []
    for error, suspects in zip(every, parts.suspects(every, one.ground.said), strict=True):
        groups = _same_host(one.build, error) or suspects
        if not groups:
            return None
        found += [(error, group) for group in groups]
    return tuple(found)


def _same_host(made: build.Build | None, error: Diagnostic) -> tuple[parts.Group, ...]:
    """A host without a certificate is told once, and is the matter of every service that has it."""
    if error.code != "certificate-uncovered" or made is None:
        return ()
    told = {(route.listener, route.host_key) for route in made.routes if route.origin == error.origin}
    services = (route.service for route in made.routes if (route.listener, route.host_key) in told and route.side in ("tls", "stream"))
    return tuple((parts.service(name),) for name in dict.fromkeys(services))


def _unreadable(ground: Ground, errors: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """A CA file that can't be read is told once, and is the matter of every service that names it."""
    known = ground.site.materials.authorities
    told = [one for one in errors if one.code in ("ca-bad", "file-missing", "file-unreadable")]
    found: list[Diagnostic] = []
    for name, one in ground.site.spec.services.items():
        for said in reducing.authorities_of([one]):
            cause = next((each for each in told if repr(said) in each.message), None)
            if said not in known and cause is not None:
                found.append(replace(cause, about=(str(parts.service(name)),)))
    return tuple(found)


def _ranks(one: Isolated, every: Iterable[parts.Part]) -> dict[parts.Part, int]:
    """How much each part is to blame: what stands in for a bad one most, then what is new, what has changed, and what has not."""
    every = tuple(every)
    former = one.ground.former()
    fresh = frozenset(part.name for part in every if part.kind == "service" and one.is_fresh(part))
    known = former.services(fresh) if former is not None and fresh else {}
    return {part: _rank(one, part, known.get(part.name), is_first=former is None) for part in every}


def _rank(one: Isolated, part: parts.Part, version: versions.Version | None, *, is_first: bool) -> int:
    if not one.is_fresh(part):
        return 3
    if part.kind != "service" or is_first:
        return 1
    if version is None:
        return 2
    now = one.ground.site.spec
    is_same = now.services.get(part.name) == version.service and tuple(now.raw.service.get(part.name, ())) == version.raw
    return 0 if is_same else 1


def _without(one: Isolated, blamed: Blamed) -> Isolated | None:
    """The next best for each part that is to blame; None where there is nothing left to do without."""
    why = {part: list(errors) for part, errors in one.why.items()}
    for error, group in blamed:
        told = why.setdefault(group[-1], [])
        # What is wrong with a closed service is what was wrong with it before.
        if error not in told and one.choices.instead.get(group[-1]) != "closed":
            told.append(error)
    choices = _informed(one, frozenset(group[-1] for _, group in blamed))
    instead = dict(choices.instead)
    for part in dict.fromkeys(group[-1] for _, group in blamed):
        following = _following(replace(one, choices=choices), part, why[part])
        if following is None:
            is_stuck = part.kind == "service" and one.choices.instead.get(part) != "nothing"
            return replace(one, stuck=part, build=None, why=_told(why)) if is_stuck else None
        instead[part] = following
    return replace(one, choices=replace(choices, instead=instead), why=_told(why))


def _told(why: Mapping[parts.Part, Iterable[Diagnostic]]) -> dict[parts.Part, tuple[Diagnostic, ...]]:
    return {part: tuple(errors) for part, errors in why.items()}


def _informed(one: Isolated, bad: frozenset[parts.Part]) -> reducing.Choices:
    """With the last good versions of what is bad by now."""
    former = one.ground.former()
    if former is None:
        return one.choices
    names = frozenset(part.name for part in bad if part.kind == "service" and one.is_fresh(part))
    known = {**one.choices.versions, **former.services(names)} if names else one.choices.versions
    return replace(one.choices, versions=known, certificates=one.choices.certificates or former.certificates())


def _following(one: Isolated, part: parts.Part, why: list[Diagnostic]) -> reducing.Instead | None:
    """What stands in for the part next, None where nothing may. Adds to ``why`` what keeps its last good version from doing so."""
    now = one.choices.instead.get(part)
    if part.kind != "service":
        can_stay = part.kind == "certificate" and any(reducing.is_of(kept, part.name) for kept in one.choices.certificates)
        return None if now == "nothing" else "former" if can_stay and now is None else "nothing"
    if now is None and part.name in one.choices.versions:
        gone = _gone_listeners(one, part.name)
        if not gone:
            return "former"
        message = f"the last good version of service {part.name} is on listener {gone[0]}, which is gone"
        why.append(diagnostics.error("unknown-listener", message, why[0].origin, "it can't go on as it was"))
    if now in (None, "former") and reducing.closed(one.ground.site, one.ground.said, part.name) is not None:
        return "closed"
    return "nothing" if now in (None, "former") and reducing.is_routeless(one.ground.said, part.name) else None


def _gone_listeners(one: Isolated, name: str) -> list[str]:
    said = one.ground.said.spec.listeners
    known = said.keys() if said is not None else {"http", "https"}
    return [listener for listener in one.choices.versions[name].service.listener if listener not in known]


def refused(found: Iterable[Diagnostic], one: Isolated) -> tuple[Diagnostic, ...]:
    """What was ``found``, where the errors of the service that is stuck say why the site is refused for it."""
    every = tuple(found)
    if one.stuck is None:
        return every
    said = f"the whole change is refused: with {one.stuck} left out, another service could get its requests"
    hints = {each: replace(each, hint=f"{each.hint}; {said}" if each.hint else said) for each in one.why[one.stuck]}
    return diagnostics.in_order((*(hints.get(each, each) for each in every), *hints.values()))


def unproven(one: Isolated) -> tuple[str, ...]:
    """The services that are as the files say and were not so when they were good last, in the order of the site."""
    there = one.build.site.spec.services if one.build is not None else {}
    fresh = [part for name in there if one.is_fresh(part := parts.service(name))]
    ranks = _ranks(one, fresh)
    return tuple(part.name for part in fresh if ranks[part])


def without_services(one: Isolated, names: Iterable[str], why: Iterable[Diagnostic]) -> Isolated:
    """With the last good versions of these services, and without those that have none."""
    bad = tuple(parts.service(name) for name in names)
    choices = _informed(one, frozenset(bad))
    instead: dict[parts.Part, reducing.Instead] = {part: "former" if part.name in choices.versions else "nothing" for part in bad}
    errors = tuple(why)
    return replace(
        one,
        choices=replace(choices, instead={**choices.instead, **instead}),
        why={**one.why, **dict.fromkeys(bad, errors)},
    )
