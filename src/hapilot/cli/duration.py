"""Durations on the command line, written as in the site file: ``500ms``, ``60s``, ``5m``, ``1h``. A callback for click."""

from __future__ import annotations

import re

import click

LONGEST = 24 * 3600.0
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


def seconds(context: click.Context, parameter: click.Parameter, said: str | None) -> float:
    """More than 0 and at most a day; 0 where nothing was said."""
    del context, parameter
    if said is None:
        return 0.0
    found = re.fullmatch(r"([0-9]{1,9})(ms|s|m|h)", said)
    long = int(found[1]) * _UNITS[found[2]] if found else 0.0
    if not 0 < long <= LONGEST:
        raise click.BadParameter(f"{said!r} is not a duration of at most {LONGEST / 3600:g} h, such as 60s or 5m")
    return long
