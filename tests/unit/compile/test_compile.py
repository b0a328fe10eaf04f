"""The compiler as a whole: what it says at the top of a configuration."""

from __future__ import annotations

import pytest

from hapilot.compile import compile as compiling
from hapilot.compile import target
from hapilot.model import site, spec


@pytest.mark.parametrize(
    ("wanted", "command"),
    [(target.Target(drop_to="haproxy"), "install -d -m 710 -g haproxy DIR"), (target.Target(), "install -d -m 700 DIR")],
)
def test_the_header_says_how_to_make_a_folder_that_the_worker_can_enter(wanted: target.Target, command: str) -> None:
    made = compiling.compile_site(site.Site("shop", spec.SiteSpec(listeners={}), site.Origins(), site.Materials()), wanted)
    assert f"({command})" in made.config.comment
