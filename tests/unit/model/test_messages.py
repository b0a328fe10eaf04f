"""Values of keys about messages: what can't be a header, a destination, a host or a page."""

from __future__ import annotations

from typing import Any

import pydantic
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hapilot.model import messages, service


def _accepts(kind: Any, value: str) -> bool:
    try:
        pydantic.TypeAdapter(kind).validate_python(value)
    except pydantic.ValidationError:
        return False
    return True


@pytest.mark.parametrize("name", sorted(messages.RESERVED))
def test_headers_that_frame_messages_stay_as_they_are(name: str) -> None:
    for spelling in (name, name.title(), name.upper()):
        assert not _accepts(messages.HeaderName, spelling)


@pytest.mark.parametrize("value", ["", " a", "a ", "a\tb", "a\nb", "a\r\nb: c", "a\0", "a" * (messages.HEADER_BYTES + 1), "ä" * 2049])
def test_what_is_no_value_of_a_header(value: str) -> None:
    assert not _accepts(messages.HeaderValue, value)


@pytest.mark.parametrize("value", ["a", "%[src]", "a b", "é", '"', "a" * messages.HEADER_BYTES, "if { TRUE }"])
def test_what_is_one(value: str) -> None:
    assert _accepts(messages.HeaderValue, value)


@given(st.text("/\\{}pathos:.@?#%a ", max_size=30))
@example("/{path}")
@example("https://{path}")
@example("https://{host}{path}")
@example("/a{path}")
@example("//{host}")
def test_no_path_of_a_client_becomes_the_host_of_a_destination(to: str) -> None:
    """Whatever the path, what is accepted leads to the host that the site file says, or that was asked for."""
    if not _accepts(messages.Destination, to):
        return
    made = to.replace("{host}", "asked.test").replace("{path}", "//evil.test/x")
    assert not made.startswith(("//", "/\\", "/\\\\"))
    if made.startswith(("http://", "https://")):
        authority = made.partition("://")[2].partition("/")[0]
        assert authority
        assert "evil.test" not in authority
    else:
        assert made.startswith("/")


@pytest.mark.parametrize(
    ("said", "sent"), [("A.Test", "a.test"), ("a.test:80", "a.test:80"), ("[2001:DB8::1]", "[2001:db8::1]"), ("ä.test", "xn--4ca.test")]
)
def test_a_host_is_written_as_it_is_sent(said: str, sent: str) -> None:
    assert service.Rewrite(host=said).host == sent


@pytest.mark.parametrize("host", ["", "a b", "a.test:0", "a.test/x", "a,b.test", "a.test:80:80", "*.test"])
def test_what_is_no_host_to_send(host: str) -> None:
    assert not _accepts(messages.SentHost, host)


def test_a_page_has_to_fit_into_the_buffer() -> None:
    assert _accepts(messages.PageText, "x" * messages.PAGE_BYTES)
    assert not _accepts(messages.PageText, "x" * (messages.PAGE_BYTES + 1))
    assert not _accepts(messages.PageText, "ä" * messages.PAGE_BYTES)


def test_a_page_is_text() -> None:
    """Bytes of the environment that are no UTF-8 are halves of characters here."""
    assert not _accepts(messages.PageText, "\udcff")


@pytest.mark.parametrize(("name", "fine"), [("a.html", True), ("b/c.JSON", True), ("a.http", False), ("html", False), ("a.html/b", False)])
def test_a_page_says_by_its_name_what_it_is(name: str, fine: bool) -> None:
    assert _accepts(messages.PageFile, name) is fine


@pytest.mark.parametrize("status", service.WITHOUT_BODY)
def test_a_status_without_a_body_has_none(status: int) -> None:
    assert service.Maintenance(status=status).body == ""
    with pytest.raises(pydantic.ValidationError, match="has no body"):
        service.Maintenance(status=status, body="x")
