"""What a change is, in words."""

from __future__ import annotations

from pathlib import Path

import pytest

from hapilot.compile import target
from hapilot.reconcile import addresses, difference, pipeline
from hapilot.render import summary

LISTENER = "listeners: {web: {bind: ':81'}}\n"
SHOP = "  shop: {tls: none, host: shop.test, servers: ['10.0.0.1:80']}\n"
SITE = f"{LISTENER}services:\n{SHOP}"


def state(folder: Path, text: str) -> difference.State:
    path = folder / "site.yaml"
    path.write_text(text)
    prepared = pipeline.prepare(path, target.Target(), None, {})
    assert prepared.build is not None
    assert prepared.bundle is not None, prepared.diagnostics
    return difference.State(prepared.bundle, summary.summarise(prepared.build, addresses.opened(prepared.build)))


@pytest.mark.parametrize(
    ("after", "lines"),
    [
        (
            SITE + "  blog: {tls: none, host: blog.test, servers: ['10.0.0.2:80']}\n",
            ["service blog added"],
        ),
        (SITE.replace("'10.0.0.1:80'", "'10.0.0.1:80', '10.0.0.2:80'"), ["service shop: server 10.0.0.2:80 added"]),
        (
            SITE.replace("'10.0.0.1:80'", "{name: one, address: '10.0.0.1:80'}"),
            ["service shop: server 10.0.0.1:80 removed", "service shop: server one (10.0.0.1:80) added"],
        ),
        (SITE.replace("host: shop.test", "host: [shop.test, www.test]"), ["route www.test added"]),
        (SITE.replace("host: shop.test", "host: shop.test, path: /cart"), ["route shop.test removed", "route shop.test/cart added"]),
        (SITE.replace("servers:", "timeouts: {server: 5m}, servers:"), ["service shop: settings changed"]),
        (SITE.replace(":81", ":82"), ["listener web: :81 removed", "listener web: :82 added"]),
        (
            SITE.replace("web: {", "web: {trusted: 10.0.0.0/8, "),
            ["listener web: settings changed", "tables of hosts, paths or networks changed"],
        ),
        ("defaults: {timeouts: {connect: 9s}}\n" + SITE, ["defaults: settings changed"]),
        ("# a line more\n" + SITE, ["only places in the site file have moved"]),
        (SITE, []),
    ],
)
def test_what_a_change_is(tmp_path: Path, after: str, lines: list[str]) -> None:
    before = state(tmp_path, SITE)
    found = difference.between(before, state(tmp_path, after))
    assert list(found.lines) == lines
    if lines:
        assert found.reasons


def test_the_first_says_how_much_it_is(tmp_path: Path) -> None:
    assert difference.between(None, state(tmp_path, SITE)).brief == "1 service on 1 listener"


def test_files_that_are_the_same_take_a_reload_only_where_nobody_knows_what_ran(tmp_path: Path) -> None:
    one = state(tmp_path, SITE)
    found = difference.between(one, one)
    assert (found.brief, found.reasons) == ("no change", ("what ran before is not known",))


def test_a_certificate_is_told_by_its_end_and_no_key_is_shown(tmp_path: Path) -> None:
    text = "services: {shop: {host: shop.test, servers: ['10.0.0.1:80']}}\ncertificates: [{self_signed: [shop.test]}]\n"
    found = difference.between(state(tmp_path, text), state(tmp_path, text))
    # Issued anew, in memory, with other keys.
    assert "certificates" in found.kinds
    assert "PRIVATE" not in "".join(found.lines)
    assert any(line.startswith("certificate") for line in found.lines), found.lines


def test_a_thousand_changes_are_counted(tmp_path: Path) -> None:
    many = "".join(f"  s{number}: {{tls: none, host: s{number}.test, servers: ['10.0.0.1:80']}}\n" for number in range(300))
    found = difference.between(state(tmp_path, SITE), state(tmp_path, SITE + many))
    assert len(found.lines) == difference.LINES + 1
    assert found.lines[-1] == f"and {300 - difference.LINES} more"
    assert found.brief.startswith("service s0 added; ")
