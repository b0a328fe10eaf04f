"""What HAProxy was given while it ran, and what it has read, is known to whoever comes later."""

from __future__ import annotations

from dataclasses import replace

import pytest

from . import looking, operating, rim, wanted

pytestmark = [pytest.mark.haproxy, pytest.mark.system]


def limited(site: wanted.Site, most: int) -> wanted.Site:
    """The site with a limit for its first server, 0 for none."""
    first, *more = site.services["v0"].servers
    return site.with_service("v0", replace(site.services["v0"], servers=(replace(first, limit=most), *more)))


def weighed(site: wanted.Site, weight: int) -> wanted.Site:
    """The site with another weight for its first server."""
    first, *more = site.services["v0"].servers
    return site.with_service("v0", replace(site.services["v0"], servers=(replace(first, weight=weight), *more)))


def test_a_limit_that_came_while_haproxy_ran_goes_again(lab: operating.Lab, behind: operating.Behind) -> None:
    """Neither the files that were loaded nor those that are wanted have one."""
    site = operating.first_site(behind)
    lab.apply(site)
    for there in (limited(site, 7), site, limited(site, 9)):
        assert lab.apply(there).how == "runtime"
        looking.check(lab, behind, looking.Belief(there))
    assert lab.restore(3).how == "runtime"
    looking.check(lab, behind, looking.Belief(site))


def test_a_limit_of_an_added_server_goes_again(lab: operating.Lab, behind: operating.Behind) -> None:
    site = operating.first_site(behind)
    lab.apply(site)
    service = site.services["v0"]
    new = wanted.Server("new", behind.pool.web[5])
    for limit in (5, 0):
        there = site.with_service("v0", replace(service, servers=(*service.servers, replace(new, limit=limit))))
        assert lab.apply(there).how == "runtime"
        looking.check(lab, behind, looking.Belief(there))


def test_a_limit_that_somebody_else_has_set_is_seen_and_undone(lab: operating.Lab, behind: operating.Behind) -> None:
    site = operating.first_site(behind)
    lab.apply(site)
    lab.running.runtime.send("set maxconn server v0/s0 3")
    assert lab.operator.differences(lab.running).lines == ("server v0/s0: at most any number of sessions at a time, was 3 (limit-server)",)
    assert lab.settle().how == "runtime"
    assert lab.operator.differences(lab.running).lines == ()
    looking.check(lab, behind, looking.Belief(site))


@pytest.mark.parametrize("how", ["restart", "killed"])
def test_what_haproxy_has_read_is_not_forgotten(lab: operating.Lab, behind: operating.Behind, how: str) -> None:
    """Runtime commands lead from there to what serves; without it there would be a reload as soon as that generation is removed."""
    site = operating.first_site(behind)
    lab.apply(site)
    if how == "restart":
        site = weighed(site, 9)
        lab.apply(site)
        lab.kill()
        lab.restart()
    else:
        site = site.with_service("v0", replace(site.services["v0"], header="x"))
        lab.prepared(site)
        with rim.counted(rim.Rim(10_000)) as all_of_it:
            lab.apply(site)
        after_reload = 2 * all_of_it.said.index("reload") + 1
        site = site.with_service("v0", replace(site.services["v0"], header="y"))
        assert lab.killed(after_reload, lambda: lab.apply(site)).said[-1] == "reload"
        lab.apply(site)
    for weight in range(2, 3 + 2 * operating.KEEP):
        assert lab.apply(weighed(site, weight)).how == "runtime", weight
    looking.check(lab, behind, looking.Belief(weighed(site, 2 + 2 * operating.KEEP)))
