"""Floods of HTTP/2 frames: HAProxy lives through them, others are served meanwhile, and the servers are told nothing odd.

Each flood lasts half a second; a flood that HAProxy throws out comes again at once.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from hapilot.runtime import binary
from integration.behaviour import sites
from integration.behaviour.abuse import flood, floods
from support import client, haproxies
from support.client import Request
from support.raw_server import RawServer

pytestmark = pytest.mark.haproxy

SECONDS = 0.5
"""How long a flood lasts."""
_SOON = 3.0
"""Seconds that others wait at most, on a machine of two cores that is busy with other tests too."""
_MEGABYTES = 64
"""How much a flood may make HAProxy grow."""


@pytest.fixture(scope="module", params=["embedded", pytest.param("system", marks=pytest.mark.system)])
def haproxy(request: pytest.FixtureRequest) -> binary.Haproxy:
    """`make test` floods one HAProxy, and only with what takes the least time."""
    return haproxies.chosen(request.param)


FAST = ("rapid reset (CVE-2023-44487)", "CONTINUATION without an end")


@pytest.mark.parametrize("kind", [pytest.param(kind, marks=[] if kind in FAST else [pytest.mark.system]) for kind in floods.FLOODS])
def test_a_flood_drowns_nobody(target: sites.Running, raw_servers: Mapping[str, RawServer], kind: str) -> None:
    """Others are served while it lasts. The server sees whole requests only, none but those that were sent."""
    _survives(target, raw_servers, flood.Flood(target.at("HTTP"), floods.FLOODS[kind], SECONDS))


@pytest.mark.system
@pytest.mark.parametrize("kind", floods.FLOODS)
def test_a_flood_of_one_who_never_listens_drowns_nobody(target: sites.Running, raw_servers: Mapping[str, RawServer], kind: str) -> None:
    """Answers that nobody takes are not heaped up."""
    _survives(target, raw_servers, flood.Flood(target.at("HTTP"), floods.FLOODS[kind], SECONDS, listens=False))


def _survives(site: sites.Running, raw_servers: Mapping[str, RawServer], attack: flood.Flood) -> None:
    web = raw_servers["web"]
    web.forget()
    worker = site.process.serving_worker()
    assert worker is not None
    before = _megabytes(worker)
    with attack:
        waited = [_served(site) for _ in range(10)]
        while attack.is_running:
            waited.append(_served(site))
    waited.append(_served(site))
    assert max(waited) < _SOON
    assert attack.sent > 100_000, attack
    assert site.process.serving_worker() == worker, "HAProxy has lost its worker"
    assert _megabytes(worker) - before < _MEGABYTES
    assert web.wait(lambda streams: not any(one.is_open and one.reading.rest for one in streams))
    assert [one.reading.problem for one in web.streams if one.reading.problem] == []
    assert {one.target for one in web.requests} <= {"/first", "/innocent"}
    assert [one.target for one in web.requests].count("/innocent") == len(waited)
    assert _until_alone(site), site.process.runtime.send("show info")


def _served(site: sites.Running) -> float:
    """Seconds until a request of somebody else is answered."""
    began = time.monotonic()
    answer = client.get(site.at("HTTP"), Request(target="/innocent", host="web.example.test"))
    assert (answer.status, answer.body) == (200, b"/innocent"), answer
    return time.monotonic() - began


def _megabytes(pid: int) -> float:
    """Resident memory."""
    (line,) = (line for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) / 1024


def _until_alone(site: sites.Running) -> bool:
    """Whether the flood's connection and its streams are gone soon: the one that asks is left."""
    end = time.monotonic() + 3
    while time.monotonic() < end:
        info = dict(line.split(": ", 1) for line in site.process.runtime.send("show info").splitlines() if ": " in line)
        if int(info["CurrConns"]) <= 1:
            return True
        time.sleep(0.02)
    return False
