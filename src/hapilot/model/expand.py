"""The canonical form of a site: listeners, TLS modes and defaults filled in, references checked.

A valid specification and its origins go in; a specification in which later stages need no rules about what is left out,
and diagnostics, come out. What refers to something that does not exist is left out. :func:`dump` prints the canonical form,
for ``hapilot check --expand``. Called by the sources, after validation.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pydantic
import yaml

from hapilot.base import diagnostics, memory, names
from hapilot.model import core_schema, fitting, listener, service, settings, site, spec, values


@dataclass(slots=True)
class _Work:
    """What the steps share: what exists, what was left out before, where things were said, and what was found."""

    listeners: Mapping[str, listener.Listener]
    services: Mapping[str, service.Service]
    origins: site.Origins
    dropped: frozenset[site.Path]
    found: list[diagnostics.Diagnostic]

    def exists(self, kind: str, name: str, path: site.Path, subject: str) -> bool:
        """Whether a listener or service exists; a name that does not is reported, unless its definition had an error itself."""
        known = self.listeners if kind == "listener" else self.services
        if name in known:
            return True
        if not self.dropped & {(f"{kind}s", name), (f"{kind}s",)}:
            hint = names.did_you_mean(name, known) or _there_are(kind, known)
            message = f"{subject} names the {kind} {name!r}, which does not exist"
            self.found.append(diagnostics.error(f"unknown-{kind}", message, self.origins.at(*path), hint))
        return False


def expand(
    said: spec.SiteSpec, origins: site.Origins, dropped: frozenset[site.Path] = frozenset(), before: memory.Memory | None = None
) -> tuple[spec.SiteSpec, tuple[diagnostics.Diagnostic, ...]]:
    """The canonical form. ``dropped`` has the paths of definitions that were left out because of an error of their own.

    Expanding a canonical form changes nothing.
    """
    known = memory.Memory() if before is None else before
    ours = {name: each for name, each in said.services.items() if each.from_ is None}
    listeners = said.listeners if said.listeners is not None else default_listeners(ours, known)
    work = _Work(listeners, said.services, origins, dropped, [])
    elsewhere = {each.canary.service for each in said.services.values() if each.canary is not None}
    elsewhere |= {each.default for each in listeners.values() if each.default is not None}
    names_of_listeners = known.same("names of listeners", tuple(listeners))
    common = (said.defaults, names_of_listeners, *listeners.values())
    done = known.each("expanded", said.services.values(), lambda each: _by_itself(each, said.defaults, listeners), *common)
    services: dict[str, service.Service] = {}
    for (name, each), whole in zip(said.services.items(), done, strict=True):
        if whole is not None:
            services[name] = whole
            continue
        bound = _bind(name, each, work, elsewhere=name in elsewhere)
        if bound is not None:
            services[name] = _whole(each, said.defaults, bound, _canary(name, each, work))
    work.services = services
    changes = {
        "listeners": {name: _default_service(name, each, work) for name, each in listeners.items()},
        "services": services,
        "raw": _raw(said.raw, work),
        "expect": [each.model_copy(update={"service": _expected(place, each.service, work)}) for place, each in enumerate(said.expect)],
    }
    return said.model_copy(update=changes), tuple(work.found)


def _by_itself(each: service.Service, defaults: service.Defaults, listeners: Mapping[str, listener.Listener]) -> service.Service | None:
    """The canonical form of a service that depends on no other one; None if it may, or something is wrong with it. One that is kept as
    written is that."""
    if each.from_ is not None:
        return each
    if each.canary is not None or not (each.listener or each.host or each.path or each.match):
        return None
    usual = None if each.listener else _usual_listener(each, listeners)
    bound = list(dict.fromkeys(each.listener)) or ([] if usual is None else [usual])
    return _whole(each, defaults, bound, None) if bound and all(name in listeners for name in bound) else None


def default_listeners(services: Mapping[str, service.Service], before: memory.Memory | None = None) -> dict[str, listener.Listener]:
    """``http`` and ``https``, where a service can use them; https brings http, for the redirect."""
    known = memory.Memory() if before is None else before
    wanted = known.each("default listeners of each", services.values(), _usable)
    secure, clear = any(one for one, _ in wanted), any(other for _, other in wanted)
    return known.once("default listeners", (secure, clear), lambda: _usual_listeners(secure=secure, clear=clear))


def _usable(each: service.Service) -> tuple[bool, bool]:
    """Whether the service can use ``https`` and ``http``."""
    requests, in_clear = each.protocol == "http", each.tls_mode == "none"
    return "https" in each.listener or (requests and not in_clear), "http" in each.listener or (requests and in_clear)


def _usual_listeners(*, secure: bool, clear: bool) -> dict[str, listener.Listener]:
    result: dict[str, listener.Listener] = {}
    if secure or clear:
        result["http"] = listener.Listener(bind=[values.BindAddress("tcp", "", 80)], redirect="https" if secure else None)
    if secure:
        result["https"] = listener.Listener(bind=[values.BindAddress("tcp", "", 443)])
    return result


def _bind(name: str, each: service.Service, work: _Work, *, elsewhere: bool) -> list[str] | None:
    """The service's listeners; None if it has none and needs one. ``elsewhere``: something else in the site leads to it."""
    if each.listener:
        path = ("services", name, "listener")
        known = [it for place, it in enumerate(each.listener) if work.exists("listener", it, (*path, place), f"the service {name!r}")]
        return list(dict.fromkeys(known)) or None
    if elsewhere and not (each.host or each.path or each.match):
        return []  # reached from there only: a route of its own would take every host
    usual = _usual_listener(each, work.listeners)
    if usual is not None:
        return [usual]
    if not any(path[0] == "listeners" for path in work.dropped):
        hint = (
            f"add listener: NAME; {_there_are('listener', work.listeners)}"
            if work.listeners
            else "define a listener and add listener: NAME"
        )
        message = f"it is not clear on which listener the service {name!r} is meant to be"
        work.found.append(diagnostics.error("no-listener", message, work.origins.key("services", name), hint))
    return None


def _usual_listener(each: service.Service, listeners: Mapping[str, listener.Listener]) -> str | None:
    """Where a service is that says nothing: not in what is kept as written."""
    listeners = {name: it for name, it in listeners.items() if it.from_ is None}
    only = next(iter(listeners)) if len(listeners) == 1 else None
    if each.protocol == "http" and each.tls_mode != "none":
        serving = [name for name, it in listeners.items() if it.redirect is None]
        return "https" if "https" in listeners else serving[0] if len(serving) == 1 else None
    if each.protocol == "tcp":
        return only
    return each.protocol if each.protocol in listeners else only


def _whole(each: service.Service, defaults: service.Defaults, bound: list[str], canary: service.Canary | None) -> service.Service:
    return _fill(each, defaults).model_copy(update={"listener": bound, "canary": canary})


def _fill(each: service.Service, defaults: service.Defaults) -> service.Service:
    """What the service leaves out, from ``defaults:`` and from the rules of the site file."""
    changes: dict[str, object] = {
        "tls": each.tls_mode,
        "balance": _first(each.balance, _common_balance(each, defaults), "roundrobin"),
        "health": _first(each.health, _common_health(each, defaults), service.Health()),
        "retries": _first(each.retries, defaults.retries),
        "max_connections": _first(each.max_connections, defaults.max_connections),
        "timeouts": _over(each.timeouts or service.Timeouts(), defaults.timeouts),
    }
    return each.model_copy(update=changes)


def _common_health(each: service.Service, defaults: service.Defaults) -> object:
    """The common health check; without its HTTP request for services to which hapilot speaks no HTTP."""
    common = defaults.health
    if isinstance(common, service.Health) and common.http is not None and fitting.kind_of(each) not in fitting.REQUESTS:
        return common.model_copy(update={"http": None, "expect": []})
    return common


def _common_balance(each: service.Service, defaults: service.Defaults) -> object:
    """The common way to balance; for services in which hapilot sees no requests only if it needs none."""
    sees_requests = fitting.kind_of(each) in fitting.REQUESTS
    return None if isinstance(defaults.balance, service.Hash) and not sees_requests else defaults.balance


def _first(*candidates: object) -> object:
    return next((candidate for candidate in candidates if candidate is not None), None)


def _over(own: service.Timeouts, common: service.Timeouts) -> service.Timeouts | None:
    """Timeouts of which missing ones are taken from the common ones; None if there are none at all."""
    taken = {name: _first(getattr(own, name), getattr(common, name)) for name in service.Timeouts.model_fields}
    return own.model_copy(update=taken) if any(value is not None for value in taken.values()) else None


def _canary(name: str, each: service.Service, work: _Work) -> service.Canary | None:
    if each.canary is None:
        return None
    known = work.exists("service", each.canary.service, ("services", name, "canary", "service"), f"the canary of {name!r}")
    return each.canary if known else None


def _default_service(name: str, each: listener.Listener, work: _Work) -> listener.Listener:
    path = ("listeners", name, "default")
    if each.default is None or work.exists("service", each.default, path, f"the listener {name!r}"):
        return each
    return each.model_copy(update={"default": None})


def _raw(each: settings.Raw, work: _Work) -> settings.Raw:
    def known(kind: str, lines: Mapping[str, list[str]]) -> dict[str, list[str]]:
        return {name: said for name, said in lines.items() if work.exists(kind, name, ("raw", kind, name), f"raw.{kind}")}

    listeners, services = known("listener", each.listener), known("service", each.service)
    if (listeners, services) == (each.listener, each.service):
        return each
    return each.model_copy(update={"listener": listeners, "service": services})


def _expected(place: int, name: str | None, work: _Work) -> str | None:
    path = ("expect", place, "service")
    return name if name is None or work.exists("service", name, path, "the expectation") else None


def _there_are(kind: str, known: Iterable[str]) -> str:
    shown = list(known)
    if not shown:
        return f"the site has no {kind}s"
    return f"the {kind}s are {', '.join(shown[:8])}{' …' if len(shown) > 8 else ''}"


def dump(canonical: spec.SiteSpec) -> str:
    """The specification as a site file. Reading it gives the same specification again, except secrets, which are stars."""
    return yaml.dump(as_data(canonical), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)


def as_data(canonical: spec.SiteSpec) -> Any:
    """What :func:`dump` prints, as plain mappings, lists and texts for JSON."""
    data = _prune(canonical.model_dump(by_alias=True, exclude_none=True), canonical.model_dump(by_alias=True, exclude_defaults=True))
    return _presentable(data)


class _Dumper(yaml.SafeDumper):
    """Writes texts in quotes where YAML 1.1 or YAML 1.2 would read something else."""

    def ignore_aliases(self, data: object) -> bool:
        del data
        return True


def _quote_like(kind: str, pattern: re.Pattern[str]) -> None:
    whole = re.compile(f"(?:{pattern.pattern})$")  # PyYAML matches from the start only
    _Dumper.add_implicit_resolver(f"tag:yaml.org,2002:{kind}", whole, list(core_schema.STARTS))  # pyright: ignore[reportUnknownMemberType]


_quote_like("int", core_schema.INTEGER)
_quote_like("float", core_schema.FLOAT)


def _prune(data: Any, said: Any) -> Any:
    """Leaves out defaults that are empty: they would only make the canonical form long."""
    if isinstance(data, list):
        items: list[Any] = data  # pyright: ignore[reportUnknownVariableType]
        return [_prune(item, said[place] if said else None) for place, item in enumerate(items)]
    if not isinstance(data, dict):
        return data
    entries: dict[Any, Any] = data  # pyright: ignore[reportUnknownVariableType]
    kept: dict[Any, Any] = said or {}
    pruned = {key: _prune(value, kept.get(key)) for key, value in entries.items()}
    return {key: value for key, value in pruned.items() if key in kept or value not in ({}, [], False)}


def _presentable(value: Any) -> Any:
    if isinstance(value, pydantic.SecretStr):
        return "***"
    if isinstance(value, dict):
        return {key: _presentable(item) for key, item in value.items()}  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, list):
        return [_presentable(item) for item in value]  # pyright: ignore[reportUnknownVariableType]
    return value.replace("${", "$${") if isinstance(value, str) else value
