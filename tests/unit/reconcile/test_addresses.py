"""The addresses of a site as each stage needs them."""

from __future__ import annotations

from pathlib import Path

from hapilot.compile import target
from hapilot.reconcile import addresses, pipeline
from hapilot.render import summary
from hapilot.runtime import endpoints

SITE = """
listeners:
  web: {bind: [":80", "unix:/run/web.sock", "fd:3"]}
  unused: {bind: "fd:9"}
services: {shop: {tls: none, listener: web, servers: ["10.0.0.1:80"]}}
admin: {metrics: {bind: "unix:/run/metrics.sock"}}
"""


def test_every_kind_of_address(tmp_path: Path) -> None:
    (tmp_path / "site.yaml").write_text(SITE)
    made = pipeline.prepare(tmp_path / "site.yaml", target.Target(), None, {}).build
    assert made is not None
    opened = addresses.opened(made)
    assert opened == (
        summary.Opened("0.0.0.0", 80),
        summary.Opened("::", 80),
        summary.Opened("", 0, "/run/web.sock"),
        summary.Opened("", 0, "", 3),
        summary.Opened("", 0, "/run/metrics.sock"),
    )
    assert addresses.inherited(opened) == (3,)
    assert addresses.paths(opened) == ("/run/web.sock", "/run/metrics.sock")
    assert addresses.to_wait_for(opened)[2:4] == (endpoints.Endpoint(path="/run/web.sock"), endpoints.Endpoint(descriptor=3))
    assert [one.origin.line for one in addresses.wanted_binds(made)] == [3, 3, 3, 3, 6]
    assert [str(one) for one in addresses.wanted_binds(made)][2:4] == ["unix:/run/web.sock", "fd:3"]
    kept = summary.summarise(made, opened)
    assert summary.from_json(kept.as_json()) == kept


def test_a_summary_of_an_earlier_hapilot_knows_tcp_only(tmp_path: Path) -> None:
    (tmp_path / "site.yaml").write_text(SITE)
    made = pipeline.prepare(tmp_path / "site.yaml", target.Target(), None, {}).build
    assert made is not None
    fields = summary.summarise(made, ()).as_json() | {"opened": [{"host": "::", "port": 80}]}
    assert summary.from_json(fields).opened == (summary.Opened("::", 80),)
