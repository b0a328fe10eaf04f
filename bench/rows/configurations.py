"""Reading somebody's haproxy.cfg: how fast it is parsed, and how long ``hapilot lint`` takes, against ``haproxy -c`` of the same file.

The file has 10,000 lines as people write them, with comments, quotes, escapes and an environment variable for each service. ``haproxy -c``
is one process from start to end, and so is ``hapilot lint``; parsing is the library's function in a process that is there already.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from pathlib import Path

from bench import commands, measure, values

SERVICES = 477
"""So many that the file has 10,000 lines and some."""
_HEAD = """\
# one entrance for many services
global
    maxconn 20000
    log stdout format raw local0

defaults
    mode http
    log global
    option httplog
    timeout connect 5s
    timeout client 30s
    timeout server 30s

frontend web
    bind 127.0.0.1:18080
    http-request del-header X-Forwarded-For
    option forwardfor
"""
_ROUTE = """\
    # service {number}
    acl host_{number} hdr(host) -i h{number}.example.test www{number}.example.test
    acl api_{number} path_beg /api/v{number} /v{number}
    http-request set-header X-Service "service {number}" if host_{number}
    http-request deny deny_status 403 if host_{number} {{ path_beg /private/ }} !{{ src 10.0.0.0/8 192.168.0.0/16 }}
"""
_CHOICE = """\
    use_backend api-{number} if host_{number} api_{number}
    use_backend app-{number} if host_{number}
"""
_BACKENDS = """\

backend app-{number}
    balance leastconn
    option httpchk GET /healthz
    http-check expect status 200
    http-request set-header X-Region "${{REGION-eu}}-{number}"
    http-request set-header X-Request-Id %[uuid] unless {{ req.hdr(X-Request-Id) -m found }}
    server app1 10.{high}.{low}.1:8080 check inter 5s weight 10
    server app2 10.{high}.{low}.2:8080 check inter 5s weight 20

backend api-{number}
    http-response set-header Cache-Control no-store,\\ max-age=0
    timeout server 2m
    server api1 10.{high}.{low}.3:8080  # the only one
    retries 2
"""
_PARSE = """\
import gc, sys, time
from hapilot.languages.haproxy import parser
text = open(sys.argv[1], encoding="utf-8").read()
gc.disable()
took = []
for _ in range(5):
    began = time.process_time()
    parser.parse(text, "haproxy.cfg")
    took.append(time.process_time() - began)
print(min(took))
"""


def text() -> str:
    """The file; lint finds nothing in it."""
    numbers = [{"number": number, "high": number >> 8, "low": number & 255} for number in range(SERVICES)]
    return _HEAD + "".join(part.format(**each) for part in (_ROUTE, _CHOICE, _BACKENDS) for each in numbers)


def _took(effort: values.Effort, ours: str) -> tuple[list[float], list[float], int]:
    """Seconds of ours and of ``haproxy -c`` in turn, and the number of lines; the first round fills caches. ``parse`` counts CPU time,
    ``lint`` wall time."""
    haproxy = measure.choose("embedded")
    with tempfile.TemporaryDirectory(prefix="hapilot-bench-") as name:
        folder = Path(name)
        environment = commands.installed(folder)
        file = folder / "haproxy.cfg"
        file.write_text(text(), encoding="utf-8")
        mine: list[float] = []
        theirs: list[float] = []
        for _ in range(effort.rounds * 2 + 1):
            if ours == "parse":
                mine.append(float(commands.take((sys.executable, "-c", _PARSE, str(file)), folder, environment).output))
            else:
                mine.append(commands.take(commands.hapilot("lint", "--target", "2.8", str(file)), folder, environment).wall)
            checked = commands.take((str(haproxy.path), "-c", "-f", str(file)), folder, environment)
            theirs.append(checked.cpu if ours == "parse" else checked.wall)
        return mine[1:], theirs[1:], file.read_text(encoding="utf-8").count("\n")


def parse_line(effort: values.Effort) -> values.Reading:
    """Microseconds of CPU to parse a line."""
    mine, theirs, lines = _took(effort, "parse")
    seconds, other = statistics.median(mine), statistics.median(theirs)
    details = {"lines": lines, "lines_per_second": round(lines / seconds), "ratio_to_haproxy_c": round(seconds / other, 3)}
    return values.Reading(
        seconds / lines * 1e6, f"{lines / seconds:,.0f} lines/s", f"haproxy -c: {lines / other:,.0f} lines/s", details=details
    )


def parse_ratio(effort: values.Effort) -> values.Reading:
    """Parsing against ``haproxy -c``, in CPU time."""
    return _ratio(*_took(effort, "parse"))


def lint_ratio(effort: values.Effort) -> values.Reading:
    """``hapilot lint`` from start to end against ``haproxy -c``."""
    return _ratio(*_took(effort, "lint"))


def _ratio(mine: list[float], theirs: list[float], lines: int) -> values.Reading:
    ours, other = statistics.median(mine), statistics.median(theirs)
    rounds = [one / two for one, two in zip(mine, theirs, strict=True)]
    details = {"lines": lines, "ratio_of_rounds": [round(min(rounds), 3), round(max(rounds), 3)]}
    return values.Reading(ours / other, f"{ours * 1e3:.0f} ms", f"haproxy -c: {other * 1e3:.0f} ms", details=details)


ROWS = (
    values.Limit("parse-line", "parsing a haproxy.cfg of 10,000 lines: CPU for a line", 1e6 / 150_000, " µs", parse_line),
    values.Limit("parse-10000", "the same against haproxy -c of it", 8.0, "x", parse_ratio),
    values.Limit("lint-10000", "hapilot lint of it, from start to end, against haproxy -c", 10.0, "x", lint_ratio),
)
