"""A machine that does not allow what a site needs: said before anything changes, with the limit to raise."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from support import servers

from .conftest import Hapilot

pytestmark = pytest.mark.haproxy


def limited(files: int) -> tuple[str | Path, ...]:
    """In front of a command: it may open so few files, and not even root can raise that (prctl(2), PR_CAPBSET_DROP of CAP_SYS_RESOURCE,
    both 24)."""
    code = (
        "import ctypes, os, resource, sys; os.geteuid() or ctypes.CDLL(None).prctl(24, 24, 0, 0, 0);"
        f"resource.setrlimit(resource.RLIMIT_NOFILE, ({files}, {files})); os.execv(sys.argv[1], sys.argv[1:])"
    )
    return sys.executable, "-c", code


def checked(hapilot: Hapilot, count: int) -> None:
    """A site with so many checked servers."""
    those = ", ".join(f'"127.0.0.1:{number + 1}"' for number in range(count))
    hapilot.write(
        f'listeners:\n  web: {{bind: "127.0.0.1:{hapilot.port}"}}\nservices:\n  shop: {{tls: none, listener: web, servers: [{those}]}}\n'
    )


def test_up_refuses_what_haproxy_would_and_says_what_to_raise(each_hapilot: Hapilot) -> None:
    checked(each_hapilot, 400)
    said = each_hapilot.refused(prefix=limited(500))
    found = re.search(r"error\[limit-files\] HAProxy needs (\d+) open files for this site \(400 for health checks", said)
    assert found, said
    assert "LimitNOFILE=" in said
    assert not each_hapilot.state.log.exists(), "HAProxy was not even tried"
    least = int(found[1])
    assert f"needs {least} open files" in each_hapilot.refused(prefix=limited(least - 1))
    up = each_hapilot.start(prefix=limited(least))
    up.wait_said("generation 1")
    assert each_hapilot.json("status")["generation"] == 1


def test_a_change_that_does_not_fit_leaves_the_former_state(each_hapilot: Hapilot, stand: servers.Stand) -> None:
    server = stand.http("shop")
    each_hapilot.plain(server.port)
    up = each_hapilot.start(prefix=limited(400))
    up.wait_said("generation 1")
    checked(each_hapilot, 400)
    up.wait_said("not applied, the former state serves on")
    assert "error[limit-files]" in up.said
    assert each_hapilot.get() == "shop"


def test_check_warns_and_doctor_shows_both_sides(hapilot: Hapilot) -> None:
    checked(hapilot, 3)
    hapilot.site.write_text(hapilot.site.read_text().replace("tls: none", "tls: none, max_connections: 9000000"))
    done = hapilot.json("check", hapilot.site)
    (found,) = done["diagnostics"]
    assert (done["ok"], found["code"], found["severity"]) == (True, "limit-files", "warning")
    said = [one["text"] for one in hapilot.json("doctor", hapilot.site)["findings"]]
    budget = re.compile(r"site.yaml: \d+ open files before the first client and 2 for each client; the limit of \d+ is enough for \d+")
    assert any(budget.search(one) for one in said)
    assert any("MiB of memory, as much again during a reload" in one for one in said)
    assert any("service shop may have 9000000 connections at once" in one for one in said)


def test_doctor_of_a_site_with_errors(hapilot: Hapilot) -> None:
    hapilot.write("services: {shop: {}}\n")
    findings = hapilot.json("doctor", hapilot.site)["findings"]
    assert findings[-1]["text"] == f"{hapilot.site} has errors, so what it needs is not known"
