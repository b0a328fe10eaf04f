"""The rules about clients' certificates in requests."""

from __future__ import annotations

import re

import pytest

from hapilot.compile import draft
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


def _removed(name: str) -> bool:
    """Whether the rules take a client's header of this name away, as HAProxy reads them: names in lower case."""
    for line in client_certificates.removed({"a": OPEN, "b": ASKS}):
        if line.words[1] == "del-header":
            _, _, pattern, _, how, *condition = map(str, line.words)
            found = name.lower().startswith(pattern) if how == "beg" else bool(re.search(pattern, name.lower()))
            if found and (not condition or "_" in name):  # the one condition asks for an underscore in any name
                return True
    return False


def test_a_clients_own_copies_go_for_the_whole_site_as_soon_as_one_service_asks() -> None:
    """Another service's server may believe them too."""
    assert _removed("X-SSL-Client-CN")
    assert list(client_certificates.removed({"a": OPEN})) == []


@pytest.mark.parametrize("name", [name for name, _ in client_certificates.FACTS])
def test_every_header_that_is_set_is_removed_before_in_each_spelling(name: str) -> None:
    spellings = (name, name.lower(), name.replace("-", "_"), name.replace("-", "_", 1), f"{name}-Chain")
    assert [spelling for spelling in spellings if not _removed(spelling)] == []


@pytest.mark.parametrize("name", ["X-SSL-Cipher", "Client-Cer", "Certificate", "My-Client-Cert", "my_header"])
def test_other_headers_stay(name: str) -> None:
    assert not _removed(name)


def test_no_header_of_ours_can_be_named_as_one_of_a_connection() -> None:
    """A proxy behind us would take it out (RFC 9110, section 7.6.1)."""
    (refusal,) = [line for line in client_certificates.removed({"b": ASKS}) if line.words[1] == "return"]
    named = [str(word) for word in refusal.words]
    wanted = named[named.index("-i") + 1 : -1]
    assert all(any(one in name.lower() for one in wanted) for name, _ in client_certificates.FACTS)


def test_a_request_is_served_only_over_a_connection_that_was_asked_for_the_same() -> None:
    """Whichever way it came to the service's backend."""
    for policy, unless in (
        (draft.Policy("7", "ca.pem", require=False), "unless { var(sess.asked) -m str 7 }"),
        # The table may have changed since the handshake; whether there was a certificate has not.
        (draft.Policy("7", "ca.pem", require=True), "unless { var(sess.asked) -m str 7 } { ssl_c_used }"),
    ):
        (line,) = client_certificates.required(policy)
        assert _text(line).startswith("http-request return status 421 ")
        assert _text(line).endswith(f" {unless}")
        (line,) = client_certificates.required_of_streams(policy)
        assert _text(line) == f"tcp-request content reject {unless}"
    assert [*client_certificates.required(None), *client_certificates.required_of_streams(None)] == []


def test_a_common_name_can_not_begin_another_header() -> None:
    """It is the one fact that is not encoded: all but printable ASCII is replaced."""
    (value,) = [value for name, value in client_certificates.FACTS if name == "X-SSL-Client-CN"]
    replaced = re.search(r"regsub\('(\[.*?\])'", value)
    assert replaced
    assert re.sub(replaced[1], "?", "al\r\nX-Admin: 1\0é ice") == "al??X-Admin: 1?? ice"
