"""hapilot's rendering of the one-proxy site with one difference: the hop between the layers goes over TCP loopback.

What it shows is the hop alone, since every rule and option is the same. Called by rows.
"""

from __future__ import annotations

import re

from bench import values
from bench.contenders import hapilot

_HOP = re.compile(r'"?(?:unix|abns)@[^\s"]*\.tls(?:\.sock)?"?(?P<bind> mode 600)?')
"""Both ends of the hop to the frontend that terminates TLS."""


def prepare(stage: values.Stage) -> values.Command:
    """Render, then move the hop."""
    command = hapilot.render_site(stage, hapilot.ONE_PROXY_SITE)
    config = stage.folder / "haproxy.cfg"
    config.write_text(over_tcp(config.read_text(encoding="utf-8"), stage.spare_port), encoding="utf-8")
    return command


def over_tcp(text: str, port: int) -> str:
    """The configuration with both ends of the hop on a TCP port; NotMeasured if there are not exactly two."""
    changed, count = _HOP.subn(f"127.0.0.1:{port}", text)
    if count != 2:
        raise values.NotMeasured(f"hapilot's rendering has {count} ends of a hop to move to TCP, not 2")
    return changed


CONTENDER = values.Contender("tcp-loopback", "hapilot's rendering with its hop over TCP loopback", prepare)
