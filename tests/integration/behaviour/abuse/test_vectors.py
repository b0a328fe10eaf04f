"""Each vector of `table` against each HAProxy; docs/abuse.md lists them."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from hapilot.runtime import binary
from integration.behaviour import sites
from integration.behaviour.abuse import attack, table
from integration.behaviour.abuse.vector import Fate, Vector
from support.raw_server import RawServer

pytestmark = pytest.mark.haproxy

VECTORS = [pytest.param(vector, id=f"{group}, {vector.name}") for group, vectors in table.GROUPS.items() for vector in vectors]
_PIECES = 16


@pytest.mark.parametrize("vector", VECTORS)
def test_a_server_gets_one_well_formed_request_or_none(
    haproxy: binary.Haproxy, target: sites.Running, raw_servers: Mapping[str, RawServer], vector: Vector
) -> None:
    """All in one segment; and no byte of it reaches a server in anybody else's request."""
    result = attack.attack(target, raw_servers, vector)
    assert not result.verdict.wrongs, result
    assert result.verdict.fate in vector.may(haproxy.version), result


@pytest.mark.system
@pytest.mark.parametrize("vector", VECTORS)
def test_the_same_in_pieces(haproxy: binary.Haproxy, target: sites.Running, raw_servers: Mapping[str, RawServer], vector: Vector) -> None:
    """HAProxy sees the beginning before it can know the end. What is bad in a body is then found when its head is on its way."""
    result = attack.attack(target, raw_servers, vector, max(1, len(vector.wire) // _PIECES))
    assert not result.verdict.wrongs, result
    assert result.verdict.fate in vector.may(haproxy.version) | {Fate.CUT}, result


def test_every_vector_has_a_name_of_its_own() -> None:
    names = [(group, vector.name) for group, vectors in table.GROUPS.items() for vector in vectors]
    assert len(set(names)) == len(names) > 250
