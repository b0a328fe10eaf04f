"""Fixtures of the tests under abuse: a site with an HTTP and an HTTPS listener before two servers that keep every byte.

They build on those of the folder above.
"""

from __future__ import annotations

import resource
from collections.abc import Iterator, Mapping

import pytest

from integration.behaviour import sites
from support.raw_server import RawServer

SITE = """
listeners:
  http: {bind: "127.0.0.1:${HTTP}"}
  https: {bind: "127.0.0.1:${HTTPS}"}
services:
  web: {host: web.example.test, tls: none, servers: ["${web}"], listener: http}
  other: {host: other.example.test, tls: none, servers: ["${other}"], listener: http}
  secure: {host: web.example.test, servers: ["${web}"]}
  secure-other: {host: other.example.test, servers: ["${other}"]}
certificates: [{file: "${PEM}"}]
defaults: {health: off, timeouts: {client: 300ms}}
"""


@pytest.fixture(scope="session")
def descriptors() -> Iterator[int]:
    """How many descriptors this process may have: as many as the machine allows, since a flood's requests come over many connections."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield hard
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.fixture(scope="module")
def raw_servers(descriptors: int) -> Iterator[Mapping[str, RawServer]]:
    assert descriptors >= 1_024
    with RawServer("web") as web, RawServer("other") as other:
        yield {"web": web, "other": other}


@pytest.fixture(scope="module")
def target(starter: sites.Starter, raw_servers: Mapping[str, RawServer], pem: str) -> sites.Running:
    web, other = (f"{server.address[0]}:{server.address[1]}" for server in (raw_servers["web"], raw_servers["other"]))
    return starter.start(SITE, PEM=pem, web=web, other=other)
