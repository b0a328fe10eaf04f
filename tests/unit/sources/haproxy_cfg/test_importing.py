"""The import as a whole: what it gives for a usual file, names of secret files, and the report."""

from __future__ import annotations

from pathlib import Path

from hapilot.languages.haproxy import parser
from hapilot.model import spec
from hapilot.sources.haproxy_cfg import importing, reporting
from unit.sources.haproxy_cfg.taking import DEFAULTS, take


def test_nothing_gives_an_empty_site() -> None:
    made = take("")
    assert made.site == {
        "tls": {"profile": "haproxy"},
        "listeners": {},
        "services": {},
        "raw": {"folder": "/etc/haproxy", "global": ["tune.bufsize 16384"]},
    }
    assert (made.report.lines, made.report.share, list(made.secrets)) == (0, 100, [])


def test_the_site_is_valid() -> None:
    made = take(f"{DEFAULTS}frontend f\n bind :80\n use_backend b if {{ src 10.0.0.1 }}\nbackend b\n server s 10.0.0.1:80\nlisten l\n")
    spec.SiteSpec.model_validate(made.site)


def test_a_folder_with_an_odd_name_is_left_out() -> None:
    made = importing.take([parser.parse("", "x.cfg")], Path("/etc/\udce9"))
    assert "folder" not in made.site["raw"]


def test_files_of_secrets_have_names_of_their_own() -> None:
    users = "user a password b\n"
    made = take(f"userlist a.b\n {users}userlist a-b\n {users}userlist ../../x\n {users}")
    assert list(made.secrets) == ["secrets/a-b.cfg", "secrets/a-b-2.cfg", "secrets/x.cfg"]
    assert made.site["raw"]["sections"] == [{"file": name} for name in made.secrets]


def test_the_report() -> None:
    text = f"{DEFAULTS} option httplog\n option dontlognull\nbackend a.b\n option httpchk\n server s 10.0.0.1:80 check\n"
    made = take(text, "backend c\n no option httplog\n server s 10.0.0.1:80\nlisten l\n\n# x\n strange 1\n")
    report = made.report
    assert (report.lines, report.understood, report.share) == (12, 2, 16)
    assert {(each.section, each.keyword): each.count for each in report.kept} == {
        ("defaults", "defaults"): 1,
        ("defaults", "mode"): 1,
        ("defaults", "option httplog"): 1,
        ("defaults", "option dontlognull"): 1,
        ("backend", "backend"): 1,
        ("backend", "option httpchk"): 1,
        ("backend", "option httplog"): 1,
        ("backend", "server"): 1,
        ("listen", "listen"): 1,
        ("listen", "strange"): 1,
    }
    lines = list(reporting.text(report))
    assert lines[:2] == ["2 of 12 lines understood (16 %)", "sections kept whole:"]
    assert "  0.cfg:5: backend a.b: the model has no such names" in lines
    assert "     1 listen: strange (1.cfg:7)" in lines
    assert "listen: listen" not in "\n".join(lines)


def test_places_of_a_keyword() -> None:
    made = take("userlist u\n" + " group g\n" * 8)
    assert list(reporting.text(made.report))[-1] == "     8 userlist: group (0.cfg:2, 3, 4, 5, 6, 7 …)"


def test_the_report_for_programs() -> None:
    data = reporting.data(take("global\n daemon\nlisten l\n").report)
    here = {"file": "0.cfg", "line": 3, "column": 1}
    assert data == {
        "lines": 3,
        "understood": 2,
        "share": 66,
        "kept": [{"section": "listen", "keyword": "listen", "count": 1, "places": [here]}],
        "whole": [{"title": "listen l", "why": "listen sections are a frontend and a backend in one", "origin": here}],
        "left_out": [
            {
                "text": "daemon",
                "why": "hapilot starts HAProxy in the background itself",
                "origin": {"file": "0.cfg", "line": 2, "column": 2},
            }
        ],
    }
