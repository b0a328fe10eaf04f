"""What a container may do follows from the site, and nothing else."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest

from hapilot.compile import target
from hapilot.export import container, surroundings
from hapilot.model import site
from hapilot.reconcile import pipeline

AROUND = surroundings.Surroundings(PurePosixPath("/srv/site/site.yaml"), PurePosixPath("/srv/site"), (), (), ())
WISH = container.Wish("localhost/hapilot:1")


def load(folder: Path, listeners: str, more: str = "") -> site.Site:
    """A small site with these listeners."""
    path = folder / "site.yaml"
    path.write_text(
        f"listeners: {listeners}\nservices:\n  shop: {{listener: web, host: a.test, tls: none, servers: ['10.0.0.1:80']}}\n{more}"
    )
    made = pipeline.prepare(path, target.Target(), None, {})
    assert made.build is not None, made.diagnostics
    return made.build.site


@pytest.mark.parametrize(
    ("bind", "more", "capabilities"),
    [
        (":1024", "", ()),
        (":1023", "", ("NET_BIND_SERVICE",)),
        ("127.0.0.1:80", "", ("NET_BIND_SERVICE",)),
        (":8080", "admin: {metrics: {bind: '127.0.0.1:910'}}", ("NET_BIND_SERVICE",)),
        (":8080", "admin: {stats: {bind: '127.0.0.1:9100'}}", ()),
    ],
)
def test_only_ports_below_1024_need_a_right(tmp_path: Path, bind: str, more: str, capabilities: tuple[str, ...]) -> None:
    said = load(tmp_path, f"{{web: {{bind: '{bind}'}}}}", more)
    assert container.make_container(said, AROUND, WISH).capabilities == capabilities


def test_a_user_gets_no_capability(tmp_path: Path) -> None:
    made = container.make_container(load(tmp_path, "{web: {bind: ':80'}}"), AROUND, container.Wish("localhost/hapilot:1", rootless=True))
    assert (made.capabilities, made.user_namespace) == ((), "keep-id:uid=10080,gid=10080")
    assert [bind.port for bind in made.low_ports] == [80]


@pytest.mark.parametrize("seconds", [0, 30, 3600])
def test_podman_waits_longer_than_up_takes(tmp_path: Path, seconds: int) -> None:
    """10 seconds are HAProxy's from SIGTERM to the end."""
    wish = container.Wish("localhost/hapilot:1", stop_seconds=seconds)
    made = container.make_container(load(tmp_path, "{web: {bind: ':8080'}}"), AROUND, wish)
    assert made.command == ("up", "/srv/site/site.yaml", f"--stop-seconds={seconds}")
    assert made.stop_timeout > seconds + 10


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("one-proxy", "hapilot-one-proxy"),
        ("hapilot", "hapilot"),
        ("", "hapilot"),
        ("...", "hapilot"),
        ("a b\nc", "hapilot-a-b-c"),
        ("x" * 300, "hapilot-" + "x" * 60),
    ],
)
def test_names(said: str, name: str) -> None:
    assert container.default_name(said) == name
