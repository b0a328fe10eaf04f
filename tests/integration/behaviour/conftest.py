"""Fixtures of the behaviour tests: each HAProxy at hand, stand-ins, a starter of sites, certificates on disk.

All of them live as long as one test file, because starting is what takes time; a test looks only at what it sent itself.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hapilot.runtime import binary
from integration.behaviour import sites
from support import certificates, haproxies, servers


@pytest.fixture(scope="module", params=["embedded", pytest.param("system", marks=pytest.mark.system)])
def haproxy(request: pytest.FixtureRequest) -> binary.Haproxy:
    """Each HAProxy of the machine, the system's in test-all; a missing one skips, or fails where everything must be there."""
    return haproxies.chosen(request.param)


@pytest.fixture(scope="module")
def stand() -> Iterator[servers.Stand]:
    with servers.Stand() as running:
        yield running


@pytest.fixture(scope="module")
def starter(haproxy: binary.Haproxy, tmp_path_factory: pytest.TempPathFactory) -> Iterator[sites.Starter]:
    made = sites.Starter(haproxy, lambda: tmp_path_factory.mktemp("site"))
    yield made
    made.stop_all()


@pytest.fixture(scope="session")
def pem(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A certificate with its key for the names that sites end TLS for. It covers vault.example.test, which they pass on."""
    leaf = certificates.authority().issue("*.example.test", "*.apps.test", "open.pass.test", "example.test")
    return str(leaf.write(tmp_path_factory.mktemp("pem")).combined)


@pytest.fixture(scope="session")
def ca(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The authority that signed it, and the certificates of stand-ins."""
    return str(certificates.authority().write(tmp_path_factory.mktemp("ca")))
