"""Golden cases: connections of which the product was wrong once, or that are worth keeping, against real HAProxys.

``cases/NAME.yaml`` has ``about``, a site without servers, a connection and what is expected of it; ``${PORT_<listener>}`` stands for
the listener's port. Both the prediction and what happens must be what the case says.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from integration.differential import experiment, lab, predicting
from integration.differential.pool import Pool
from integration.differential.words import LATER, View, connection_from, view_from
from support import haproxy

CASES = sorted((Path(__file__).parent / "cases").glob("*.yaml"))

pytestmark = [
    pytest.mark.haproxy,
    pytest.mark.differential,
    pytest.mark.parametrize("binary", haproxy.binaries(), ids=lambda binary: binary.id),
    pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem),
]


def test_case(path: Path, binary: haproxy.Binary, stands: Pool) -> None:
    case: dict[str, Any] = yaml.safe_load(path.read_text())
    asked = connection_from(case["connection"])
    with lab.running(case["site"], binary, stands) as running:
        told: dict[str, Any] = {name: _with_ports(value, running) for name, value in case["expected"].items()}
        predicted = predicting.predict(running, asked)
        seen = experiment.see(running, asked, predicted)
        assert isinstance(seen, View), seen
        view = experiment.expected(predicted, seen)
        unsaid = {name: None for name in LATER if name not in told}
        assert replace(view, **unsaid) == view_from(told)
        assert replace(seen, **unsaid) == view_from(told)
        assert experiment.agree(asked, view, seen), (view, seen)


def _with_ports(value: Any, running: lab.Running) -> Any:
    if isinstance(value, list):
        items: list[Any] = value  # pyright: ignore[reportUnknownVariableType]
        return [_with_ports(item, running) for item in items]
    if isinstance(value, str):
        for name, port in running.ports.items():
            value = value.replace(f"${{PORT_{name}}}", str(port))
    return value
