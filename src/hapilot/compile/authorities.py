"""Where the bundle has each CA file that the site names. Used by what emits ``ca-file``, and by ``render``, which writes them."""

from __future__ import annotations

from functools import lru_cache

from hapilot.model.site import Site

MISSING = "ca/missing.pem"
"""For a file that could not be read, which is an error of its own."""


def path(site: Site, said: str) -> str:
    """The path, relative to the configuration, of the CA file that the site file calls ``said``."""
    return _numbers(tuple(site.materials.authorities)).get(said, MISSING)


@lru_cache(maxsize=8)
def _numbers(said: tuple[str, ...]) -> dict[str, str]:
    return {one: f"ca/{number}.pem" for number, one in enumerate(sorted(said))}
