"""Which servers SERVICE/SERVER means."""

from __future__ import annotations

import pytest

from hapilot.base import errors
from hapilot.reconcile import meant
from hapilot.render import summary
from hapilot.runtime.overrides import Override

KEPT = summary.Summary(
    (),
    (
        summary.ServiceSummary("shop", "shop", "edge", {"blue": "10.0.0.1:80", "10.0.0.1:81": "10.0.0.1:81", "b.test:80": "b.test:80"}, {}),
        summary.ServiceSummary("api", "api:6443", "passthrough", {"2001:db8::1:6443": "[2001:db8::1]:6443"}, {}),
        summary.ServiceSummary("api", "api:22623", "passthrough", {"2001:db8::1:22623": "[2001:db8::1]:22623"}, {}),
        summary.ServiceSummary("page", "page", "edge", {}, {}),
    ),
    (),
    (),
)
LOST = (Override("shop", "gone", "drain", None, "ann", 1.0), Override("old", "", "maint", None, "ann", 1.0))


@pytest.mark.parametrize(
    ("service", "server", "live"),
    [
        ("shop", "blue", (("shop", "blue"),)),
        ("shop", "10.0.0.1:80", (("shop", "blue"),)),
        ("shop", "10.0.0.1:81", (("shop", "10.0.0.1:81"),)),
        ("shop", "10.0.0.1", (("shop", "blue"), ("shop", "10.0.0.1:81"))),
        ("shop", "b.test", (("shop", "b.test:80"),)),
        ("shop", "", (("shop", "blue"), ("shop", "10.0.0.1:81"), ("shop", "b.test:80"))),
        ("shop", "gone", ()),
        ("old", "", ()),
        ("page", "", ()),
        ("api", "2001:db8::1", (("api:6443", "2001:db8::1:6443"), ("api:22623", "2001:db8::1:22623"))),
        ("api", "[2001:db8::1]", (("api:6443", "2001:db8::1:6443"), ("api:22623", "2001:db8::1:22623"))),
        ("api", "[2001:db8::1]:22623", (("api:22623", "2001:db8::1:22623"),)),
    ],
)
def test_names(service: str, server: str, live: tuple[tuple[str, str], ...]) -> None:
    assert meant.meant(KEPT, LOST, service, server).live == live


def test_what_is_lost_means_itself() -> None:
    assert meant.meant(KEPT, LOST, "shop", "gone").servers == ("gone",)


@pytest.mark.parametrize(
    ("service", "server", "error", "hint"),
    [
        ("shp", "blue", "there is no service 'shp'", "did you mean 'shop'?"),
        ("zzz", "", "there is no service 'zzz'", "`hapilot status` shows the services"),
        ("shop", "blu", "service shop has no server 'blu'", "did you mean 'blue'?"),
        ("shop", "zzz", "service shop has no server 'zzz'", "it has blue, 10.0.0.1:81, b.test:80"),
        ("page", "a", "service page has no server 'a'", "it has no servers"),
        ("old", "a", "service old has no server 'a'", "it has no servers"),
    ],
)
def test_what_is_not_there(service: str, server: str, error: str, hint: str) -> None:
    with pytest.raises(errors.HapilotError) as found:
        meant.meant(KEPT, LOST, service, server)
    assert (str(found.value), found.value.hint) == (error, hint)


def test_names_that_are_known_have_each_service_and_server_once() -> None:
    found = list(meant.known_names(KEPT, LOST))
    assert len(found) == len(set(found)) == 10
    assert ("shop", "gone") in found


def test_what_the_site_does_not_have() -> None:
    there = Override("shop", "blue", "drain", None, "ann", 1.0)
    assert tuple(meant.unmatched(KEPT, (*LOST, there))) == LOST
