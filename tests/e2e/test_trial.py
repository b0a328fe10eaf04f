"""Every example holds on a real HAProxy, by ``hapilot test``: none of its addresses, names and servers are here."""

from __future__ import annotations

from pathlib import Path

import pytest

from e2e import test_examples, up

pytestmark = [pytest.mark.haproxy, pytest.mark.system]


@pytest.mark.parametrize("example", test_examples.EXAMPLES, ids=lambda example: example.name)
def test_it_holds(example: test_examples.Example, haproxy_path: Path, tmp_path: Path) -> None:
    place = up.Place(haproxy_path, tmp_path, example.variables)
    done = place.run("test", example.site, cwd=example.prepare(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr
    last = done.stdout.splitlines()[-1]
    count = len([line for line in done.stdout.splitlines() if line.startswith("ok ")])
    assert count >= 3
    assert last.startswith(f"{count} of {count} expectations hold on HAProxy ")
