"""A change with something of everything, interrupted after each of its steps: the next hapilot brings it to its end, or back.

Steps are those that are seen from outside: each command that HAProxy gets, each thing that is written in one go.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace

import pytest

from . import looking, operating, wanted

pytestmark = [pytest.mark.haproxy, pytest.mark.system]

FULL = os.environ.get("HAPILOT_FULL") == "1"
_LEAST = 25
"""Steps of one change."""


def mixed(behind: operating.Behind) -> tuple[wanted.Site, wanted.Site]:
    """Two sites; from each to the other there is a spare to give and one to take, servers, tables, certificates and limits to change."""
    before = operating.first_site(behind)
    shop = before.services["v0"]
    web, tls = behind.pool.web, behind.pool.tls
    servers = (wanted.Server("s0", web[3], 5, limit=40), wanted.Server("s2", web[1]), wanted.Server("s3", web[4], maintenance=True))
    after = before.with_service("v0", replace(shop, hosts=("h1.s.test", "h2.s.test"), servers=servers, paths=("/a", "/b")))
    after = after.with_service("new", wanted.Service("edge", ("h0.s.test",), (wanted.Server("s0", web[5]),)))
    after = after.with_service("passed", wanted.Service("passthrough", ("h1.p.test",), (wanted.Server("s0", tls[1], 3),)))
    before = before.with_service("old", wanted.Service("edge", ("h3.s.test",), (wanted.Server("s0", web[2]), wanted.Server("s1", web[3]))))
    one, two, other = (wanted.Certificate((host,), serial) for host, serial in (("h0.s.test", 1), ("h0.s.test", 2), ("h2.s.test", 3)))
    return replace(before, certificates={"c0": one}), replace(after, certificates={"c0": two, "c1": other})


@pytest.mark.timeout(600)
def test_a_change_that_is_interrupted_after_any_step_converges(
    lab: operating.Lab, behind: operating.Behind, record_property: Callable[[str, object], None]
) -> None:
    before, after = mixed(behind)
    lab.apply(before)
    done, is_over = 0, {0: False, 1: False}
    while not all(is_over.values()):
        for turn, (here, there) in enumerate(((before, after), (after, before))):
            seen = lab.killed(2 * done + 1, lambda there=there: lab.apply(there))
            is_over[turn] = not seen.happened
            ways: dict[int, Callable[[], object]] = {
                0: lambda there=there: lab.apply(there),
                1: lambda there=there: (lab.resume(), lab.apply(there)),
                2: lambda here=here, there=there: (lab.apply(here), lab.apply(there)),
            }
            ways[done % 3]()
            looking.check(lab, behind, looking.Belief(there))
        done += 1 if FULL or done < _LEAST else 3
    assert done > _LEAST
    record_property("table", f"interrupted after each of {done} steps, there and back")
