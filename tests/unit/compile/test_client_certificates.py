"""The rules about clients' certificates in requests."""

from __future__ import annotations

import re

import pytest

from hapilot.compile.rules import client_certificates
from hapilot.languages.haproxy import tree
from hapilot.model import service

ASKS = service.Service(client_certificates=service.ClientCertificates(ca="ca.pem"))
OPEN = service.Service()


def _text(line: tree.Line) -> str:
    return " ".join(map(str, line.words))


def test_facts_are_told_to_services_that_ask_only_and_only_where_there_is_a_certificate() -> None:
    told = [_text(line) for line in client_certificates.told(ASKS)]
    assert len(told) == len(client_certificates.FACTS)
    assert all(line.startswith("http-request set-header ") and line.endswith(" if { ssl_c_used }") for line in told)
    assert list(client_certificates.told(OPEN)) == []


def test_a_clients_own_copies_go_for_the_whole_site_as_soon_as_one_service_asks() -> None:
    """Another service's server may believe them too."""
    assert [_text(line) for line in client_certificates.removed({"a": OPEN, "b": ASKS})] == [
        f"http-request del-header {client_certificates.OURS} -m reg"
    ]
    assert list(client_certificates.removed({"a": OPEN})) == []


@pytest.mark.parametrize("name", [name for name, _ in client_certificates.FACTS])
def test_every_header_that_is_set_is_removed_before_in_each_spelling(name: str) -> None:
    for spelling in (name, name.replace("-", "_"), name.replace("-", "_", 1)):
        assert re.match(client_certificates.OURS, spelling.lower())


@pytest.mark.parametrize("name", ["x-ssl-cipher", "client-certainly-not"[:8], "certificate", "my-client-cert"])
def test_other_headers_stay(name: str) -> None:
    assert re.match(client_certificates.OURS, name) is None


def test_a_common_name_can_not_begin_another_header() -> None:
    """It is the one fact that is not encoded: all but printable ASCII is replaced."""
    (value,) = [value for name, value in client_certificates.FACTS if name == "X-SSL-Client-CN"]
    replaced = re.search(r"regsub\('(\[.*?\])'", value)
    assert replaced
    assert re.sub(replaced[1], "?", "al\r\nX-Admin: 1\0é ice") == "al??X-Admin: 1?? ice"
