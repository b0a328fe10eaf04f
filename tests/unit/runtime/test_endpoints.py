"""Addresses to listen on and how to reach them."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from hapilot.runtime import endpoints, listening


@pytest.mark.parametrize(
    ("text", "shown", "reached"),
    [
        (":80", "*:80", ("127.0.0.1", 80)),
        ("*:80", "*:80", ("127.0.0.1", 80)),
        ("0.0.0.0:80", "0.0.0.0:80", ("127.0.0.1", 80)),
        ("[::]:443", "[::]:443", ("::1", 443)),
        ("[2001:db8::1]:443", "[2001:db8::1]:443", ("2001:db8::1", 443)),
        ("/run/x.sock", "/run/x.sock", "/run/x.sock"),
    ],
)
def test_reachable(text: str, shown: str, reached: object) -> None:
    endpoint = endpoints.parse(text)
    assert str(endpoint) == shown
    assert endpoints.reachable(endpoint) == reached


@pytest.mark.parametrize("text", ["", "80", "a.test:80", "1.2.3.4:", "1.2.3.4:0", "1.2.3.4:65536", "[::1]"])
def test_no_endpoint(text: str) -> None:
    with pytest.raises(ValueError, match=r"does not appear to be|is not an address"):
        endpoints.parse(text)


def test_closed_is_known_without_a_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as bound, socket.create_server(("127.0.0.1", 0)) as server:
        bound.bind(("127.0.0.1", 0))
        silent = endpoints.Endpoint("127.0.0.1", bound.getsockname()[1])
        opened = endpoints.Endpoint("127.0.0.1", server.getsockname()[1])
        assert endpoints.closed([silent, opened]) == [silent]
        server.settimeout(0.05)
        with pytest.raises(TimeoutError):
            server.accept()
        monkeypatch.setattr(listening, "is_known", bool)
        assert endpoints.closed([silent, opened]) == [silent]
        assert server.accept()[0].close() is None


def test_closed_of_a_unix_socket(tmp_path: Path) -> None:
    endpoint = endpoints.Endpoint(path=str(tmp_path / "s"))
    assert endpoints.closed([endpoint]) == [endpoint]
    with socket.socket(socket.AF_UNIX) as unix:
        unix.bind(endpoint.path)
        unix.listen()
        assert endpoints.closed([endpoint]) == []


def test_accepts(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert endpoints.accepts(endpoints.Endpoint("0.0.0.0", port))
    assert not endpoints.accepts(endpoints.Endpoint("0.0.0.0", port))
    with socket.socket(socket.AF_UNIX) as unix:
        unix.bind(str(tmp_path / "s"))
        unix.listen()
        assert endpoints.accepts(endpoints.Endpoint(path=str(tmp_path / "s")))


def test_a_unix_socket_is_known_to_be_open_without_a_connection(tmp_path: Path) -> None:
    path = tmp_path / "a.sock"
    wanted = endpoints.Endpoint(path=str(path))
    with socket.socket(socket.AF_UNIX) as server:
        # As HAProxy does: bound to another name, and renamed.
        server.bind(f"{path}.4711.tmp")
        server.listen(1)
        assert endpoints.closed([wanted]) == [wanted]
        Path(f"{path}.4711.tmp").rename(path)
        assert endpoints.closed([wanted]) == []
        server.settimeout(0.05)
        with pytest.raises(TimeoutError):
            server.accept()
    assert endpoints.closed([wanted]) == [wanted]


def test_an_inherited_socket_is_open() -> None:
    assert endpoints.closed([endpoints.Endpoint(descriptor=3)]) == []
    assert str(endpoints.Endpoint(descriptor=3)) == "fd:3"


def test_what_is_removed(tmp_path: Path) -> None:
    live, dead, file = tmp_path / "live", tmp_path / "dead", tmp_path / "file"
    file.touch()
    with socket.socket(socket.AF_UNIX) as one, socket.socket(socket.AF_UNIX) as other:
        one.bind(str(live))
        one.listen(1)
        other.bind(str(dead))
        endpoints.remove_left([str(live), str(dead), str(file), str(tmp_path / "none")])
        assert (live.exists(), dead.exists(), file.exists()) == (True, False, True)
        endpoints.remove([str(live), str(file)])
        assert (live.exists(), file.exists()) == (False, True)
