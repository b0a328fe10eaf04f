"""What is kept of a build beside its files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hapilot.compile import target
from hapilot.reconcile import pipeline
from hapilot.render import summary


def test_a_summary_survives_being_kept(tmp_path: Path) -> None:
    site = tmp_path / "site.yaml"
    site.write_text(
        "listeners:\n  https: {bind: ['127.0.0.1:443', ':8443']}\n  unused: {bind: ':1'}\n"
        "services:\n  shop: {host: a.test, servers: ['10.0.0.1:80', 'b.test:81']}\n"
        "certificates: [{self_signed: [a.test]}]\n"
    )
    made = pipeline.prepare(site, target.Target(), None, {}).build
    assert made is not None
    kept = summary.summarise(made, (summary.Opened("127.0.0.1", 443),))
    assert kept.listeners == (summary.ListenerSummary("https", ("127.0.0.1:443", ":8443")),)
    assert [(one.name, one.tls, tuple(one.servers.values())) for one in kept.services] == [("shop", "edge", ("10.0.0.1:80", "b.test:81"))]
    assert kept.certificates[0].hosts == ("a.test",)
    assert "PRIVATE" not in json.dumps(kept.as_json())
    assert summary.from_json(json.loads(json.dumps(kept.as_json()))) == kept


@pytest.mark.parametrize(
    "text", ["{}", '{"listeners": 1}', '{"listeners": [], "services": [], "certificates": [], "opened": [{"host": 1}]}']
)
def test_what_is_no_summary_is_refused(text: str) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        summary.from_json(json.loads(text))


def _marks(folder: Path, servers: str, more: str = "") -> dict[str, str]:
    """The marks of a service's servers: the same mark means that what is known of their health still holds."""
    site = folder / "site.yaml"
    service = f"{{host: a.test, servers: {servers}{more}}}"
    site.write_text(f"services: {{shop: {service}}}\ncertificates: [{{self_signed: [a.test]}}]\n")
    made = pipeline.prepare(site, target.Target(), None, {}).build
    assert made is not None
    return dict(summary.summarise(made, ()).services[0].marks)


def test_load_and_sessions_do_not_change_what_is_known_of_a_server(tmp_path: Path) -> None:
    bare = _marks(tmp_path, "['10.0.0.1:80']")
    weighted = _marks(
        tmp_path, "[{address: '10.0.0.1:80', weight: 3, max_connections: 9, backup: true}]", ", sticky: {cookie: S}, max_connections: 5"
    )
    assert bare == weighted
    assert bare != _marks(tmp_path, "['10.0.0.1:80']", ", http2: h2c")


@pytest.mark.parametrize("name", ["maxconn", "weight", "cookie", "backup"])
def test_a_server_may_be_called_like_a_setting(tmp_path: Path, name: str) -> None:
    assert list(_marks(tmp_path, f"[{{address: '10.0.0.1:80', name: {name}}}]", ", health: off")) == [name]
