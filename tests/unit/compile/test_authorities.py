"""Where a bundle has the CA files: the same numbers for whoever asks."""

from __future__ import annotations

import pytest

from hapilot.compile import authorities
from hapilot.model import site, spec


def _site(*said: str) -> site.Site:
    return site.Site("site", spec.SiteSpec(), site.Origins(), site.Materials(authorities=dict.fromkeys(said, "PEM")))


def test_each_file_has_a_place_of_its_own() -> None:
    made = _site("b.pem", "a.pem", "certs/a.pem")
    assert [authorities.path(made, said) for said in ("a.pem", "b.pem", "certs/a.pem")] == ["ca/0.pem", "ca/1.pem", "ca/2.pem"]


def test_places_do_not_depend_on_the_order_of_the_file() -> None:
    assert authorities.path(_site("a.pem", "b.pem"), "b.pem") == authorities.path(_site("b.pem", "a.pem"), "b.pem")


@pytest.mark.parametrize("known", [(), ("a.pem",)])
def test_a_file_that_could_not_be_read_is_nobody_else_s(known: tuple[str, ...]) -> None:
    assert authorities.path(_site(*known), "gone.pem") == authorities.MISSING
    assert authorities.path(_site(*known), "a.pem") != authorities.MISSING or not known
