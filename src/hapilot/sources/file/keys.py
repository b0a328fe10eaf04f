"""Which keys a mapping of the site file may have, for "did you mean". Reads the models; pure. Called by ``problems``."""

from __future__ import annotations

import typing

import pydantic

from hapilot.model import site, spec


def known_keys(path: site.Path) -> tuple[str, ...]:
    """The keys of the mapping at ``path``; none if there is no mapping with fixed keys.

    >>> known_keys(("tls",))
    ('profile',)
    """
    kinds: list[object] = [spec.SiteSpec]
    for step in path:
        kinds = [kind for around in kinds for kind in _step(around, str(step))]
    return tuple(key for kind in kinds if _is_model(kind) for key in _fields(kind))


def _is_model(kind: object) -> typing.TypeGuard[type[pydantic.BaseModel]]:
    return isinstance(kind, type) and issubclass(kind, pydantic.BaseModel)


def _fields(model: type[pydantic.BaseModel]) -> dict[str, object]:
    return {field.alias or name: field.annotation for name, field in model.model_fields.items()}


def _step(kind: object, step: str) -> list[object]:
    """What can be one step below a type."""
    if _is_model(kind):
        fields = _fields(kind)
        return _variants(fields[step]) if step in fields else []
    arguments = typing.get_args(kind)
    if typing.get_origin(kind) in (dict, list) and arguments:
        return _variants(arguments[-1])
    return []


def _variants(kind: object) -> list[object]:
    """The members of a union, without annotations."""
    arguments = typing.get_args(kind)
    if typing.get_origin(kind) is typing.Annotated:
        return _variants(arguments[0])
    if typing.get_origin(kind) in (dict, list) or not arguments:
        return [kind]
    return [variant for argument in arguments for variant in _variants(argument)]
