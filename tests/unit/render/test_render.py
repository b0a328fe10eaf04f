"""The files of a bundle that are no configuration."""

from __future__ import annotations

from pathlib import Path

from hapilot.compile import target
from hapilot.reconcile import pipeline
from hapilot.render import render


def test_pages_are_files_byte_by_byte(tmp_path: Path) -> None:
    content = bytes(range(256))
    (tmp_path / "down.html").write_bytes(content)
    site = tmp_path / "site.yaml"
    site.write_text(
        "services:\n"
        "  shop: {host: a.test, servers: ['10.0.0.1:80'], errors: {503: down.html}}\n"
        '  old: {host: b.test, maintenance: {body: "Bis später"}}\n'
        "certificates: [{self_signed: [a.test, b.test]}]\n",
        encoding="utf-8",
    )
    made = pipeline.prepare(site, target.Target(), None, {}).build
    assert made is not None
    bundle = render.render_build(made)
    found = {file.path: file.content for file in bundle.files if file.path.startswith("pages/")}
    assert found == {"pages/shop.503.html": content, "pages/old.maintenance.txt": "Bis später".encode()}
