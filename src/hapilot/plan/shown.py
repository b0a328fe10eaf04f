"""A plan as people and programs read it: a change request, object by object, and JSON.

In: a :class:`hapilot.plan.plan.Plan`. Out: lines with the sign that they have, and plain data. Pure; called by ``hapilot plan``. What is in
HAProxy's memory may have been put there by anybody, so nothing unprintable gets into the text; keys of certificates are in neither form.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from hapilot.plan import actions, plan

Sign = Literal["+", "-", "~", "!", ""]
"""What happens to an object: it comes, it goes, it changes; HAProxy itself is reloaded or started; or none of it, in lines that explain."""

_ADDS = (actions.AddServer, actions.GiveSpare, actions.ListCertificate)
_REMOVES = (actions.RemoveServer, actions.TakeSpare, actions.UnlistCertificate, actions.ForgetCertificate)

_FIELDS = {
    "backend": "backend",
    "name": "server",
    "address": "address",
    "host": "host",
    "port": "port",
    "weight": "weight",
    "connections": "connections",
    "state": "state",
    "spare": "spare",
    "path": "file",
    "certificate": "certificate",
    "line": "line",
    "is_new": "is_new",
    "added": "added",
    "removed": "removed",
    "changed": "changed",
}
"""What a step says in JSON, by the names there. Only what is named here is shown: there are private keys among the rest."""

_SHOWN = 20
"""Reasons, and entries of a table, that the text tells one by one; JSON has all."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text; ``sign`` is what is done, for the colour."""

    sign: Sign
    text: str


@dataclass(slots=True)
class _Object:
    """Something of the site, and all that is done to it."""

    about: str
    signs: list[Sign] = field(default_factory=list[Sign])
    steps: list[actions.RuntimeAction] = field(default_factory=list[actions.RuntimeAction])

    @property
    def sign(self) -> Sign:
        """One for all steps."""
        return self.signs[0] if len(set(self.signs)) == 1 else "~"


def lines(planned: plan.Plan) -> Iterator[Line]:
    """The plan as a change request. Without any change there is the summary alone."""
    for step in planned.actions:
        if isinstance(step, actions.Reload | actions.Start):
            yield from _whole(step, planned.reload_reasons)
    for one in _objects(_at_run_time(planned)):
        yield from _object(one)
    if planned.actions:
        yield Line("", "")
    yield Line("", summary(planned))


def summary(planned: plan.Plan) -> str:
    """What there is to do, in numbers.

    >>> summary(plan.Plan()), summary(plan.start())
    ('nothing to change', 'HAProxy starts')
    """
    if planned.is_empty:
        return "nothing to change"
    if any(isinstance(step, actions.Start) for step in planned.actions):
        return "HAProxy starts"
    counted = counts(planned)
    if planned.reload and not any(counted.values()):
        return "HAProxy reloads"
    numbers = f"{counted['add']} to add, {counted['change']} to change, {counted['remove']} to remove"
    return f"{numbers}; {'HAProxy reloads' if planned.reload else 'no reload'}"


def counts(planned: plan.Plan) -> dict[str, int]:
    """How many objects come, change and go, by runtime commands or with the reload. Settings that a reload changes are none of them."""
    signs = [one.sign for one in _objects(_at_run_time(planned))]
    return {"add": signs.count("+"), "change": signs.count("~"), "remove": signs.count("-")}


def as_json(planned: plan.Plan) -> dict[str, Any]:
    """The plan as data."""
    return {
        "actions": [action_as_json(step) for step in planned.actions],
        "reload": planned.reload,
        "reload_reasons": list(planned.reload_reasons),
        "included": [action_as_json(step) for step in planned.included],
        "counts": counts(planned),
        "summary": summary(planned),
    }


def action_as_json(step: actions.Action) -> dict[str, Any]:
    """One step."""
    said = {"kind": step.kind, "object": step.about, "reason": step.reason, "disturbs": step.disturbs}
    own: dict[str, Any] = {_FIELDS[one.name]: getattr(step, one.name) for one in dataclasses.fields(step) if one.name in _FIELDS}
    return {**said, **own}


def _at_run_time(planned: plan.Plan) -> Iterator[actions.RuntimeAction]:
    """What is done to single objects, by itself or with a reload."""
    for step in (*planned.actions, *planned.included):
        if not isinstance(step, actions.Reload | actions.Start):
            yield step


def _objects(steps: Iterable[actions.RuntimeAction]) -> list[_Object]:
    """In the order in which they are first touched; servers follow their service."""
    found: dict[str, _Object] = {}
    for step in steps:
        one = found.setdefault(step.about, _Object(step.about))
        one.signs.append(_sign(step))
        one.steps.append(step)
    services: dict[str, list[_Object]] = {}
    for one in found.values():
        services.setdefault(_service(one.about), []).append(one)
    return [one for group in services.values() for one in sorted(group, key=lambda one: one.about.startswith("server "))]


def _service(about: str) -> str:
    """The service that an object belongs to; what belongs to none stands for itself. Names of services have no ``/``."""
    return f"service {about.removeprefix('server ').partition('/')[0]}" if about.startswith("server ") else about


def _sign(step: actions.RuntimeAction) -> Sign:
    if isinstance(step, actions.ReplaceTable):
        kinds: list[Sign] = [sign for sign, keys in _keys(step) if keys]
        return kinds[0] if len(kinds) == 1 else "~"
    if isinstance(step, _ADDS) or (isinstance(step, actions.SetCertificate) and step.is_new):
        return "+"
    return "-" if isinstance(step, _REMOVES) else "~"


def _keys(step: actions.ReplaceTable) -> tuple[tuple[Sign, tuple[str, ...]], ...]:
    return ("+", step.added), ("-", step.removed), ("~", step.changed)


def _whole(step: actions.Reload | actions.Start, reasons: Sequence[str]) -> Iterator[Line]:
    if isinstance(step, actions.Start):
        yield Line("!", f"  ! {step.about} starts: {step.reason}")
        return
    yield Line("!", f"  ! {step.about} reloads; {_printable(step.disturbs)}")
    yield from (Line("", f"      {_printable(reason)}") for reason in reasons[:_SHOWN])
    if len(reasons) > _SHOWN:
        yield Line("", f"      and {len(reasons) - _SHOWN} more reasons")


def _object(one: _Object) -> Iterator[Line]:
    yield Line(one.sign, f"  {one.sign} {_printable(one.about)}")
    for step in one.steps:
        if isinstance(step, actions.ReplaceTable):
            yield from _entries(step)
        else:
            touched = "" if step.disturbs == actions.NOTHING else f" ({step.disturbs})"
            yield Line("", f"      {_printable(step.reason + touched)}")


def _entries(step: actions.ReplaceTable) -> Iterator[Line]:
    for sign, keys in _keys(step):
        yield from (Line(sign, f"      {sign} {_printable(key)}") for key in keys[:_SHOWN])
        if len(keys) > _SHOWN:
            yield Line(sign, f"      {sign} and {len(keys) - _SHOWN} more")


def _printable(text: str) -> str:
    r"""Without what could move a terminal's cursor or feign another line.

    >>> print(_printable("a\nb\x1b[31m"))
    a\x0ab\x1b[31m
    """
    return text if text.isprintable() else "".join(one if one.isprintable() else f"\\x{ord(one):02x}" for one in text)
