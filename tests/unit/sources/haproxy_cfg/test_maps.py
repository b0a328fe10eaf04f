"""Maps of use_backend rules: HAProxy 2.6 looks for them where it runs."""

from __future__ import annotations

import pytest

from unit.sources.haproxy_cfg.taking import DEFAULTS, take


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("%[base,map_reg(os.map)]", "%[base,map_reg(/etc/haproxy/os.map)]"),
        ("%[path,lower,map(maps/a.map,b)]", "%[path,lower,map(/etc/haproxy/maps/a.map,b)]"),
        ("%[path,map(/maps/a.map)]", "%[path,map(/maps/a.map)]"),
        ("%[path,map(virt@a)]", "%[path,map(virt@a)]"),
        ("b", "b"),
    ],
)
def test_paths(said: str, meant: str) -> None:
    made = take(f"{DEFAULTS}frontend f\n use_backend {said} # x\nlisten l\n use_backend {said}\n")
    assert made.site["raw"]["listener"]["f"] == [f"use_backend {meant} # x"]
    assert made.site["raw"]["sections"][1].split("\n")[1] == f" use_backend {meant}"
    assert [each.origin.line for each in made.report.left_out] == ([4, 6] if said != meant else [])
    assert made.report.understood == 1


def test_where_the_configuration_says_itself_where_paths_start() -> None:
    made = take(f"global\n default-path origin /x\n{DEFAULTS}frontend f\n use_backend %[path,map(a.map)]\n")
    assert made.site["raw"]["listener"]["f"] == ["use_backend %[path,map(a.map)]"]


def test_other_lines_are_read_in_time() -> None:
    made = take(f"{DEFAULTS}frontend f\n http-request set-var(txn.a) path,map(a.map)\n")
    assert made.site["raw"]["listener"]["f"] == ["http-request set-var(txn.a) path,map(a.map)"]
