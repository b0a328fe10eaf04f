"""The shape of the Grafana dashboard; tests/e2e asks a real Prometheus its queries."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any, cast

from hapilot.publish import dashboard, facts, metrics, tally

FILE = Path(__file__).resolve().parents[3] / "deploy" / "grafana" / "hapilot.json"
MADE = dashboard.dashboard()
PANELS: list[dict[str, Any]] = MADE["panels"]
SHOWN = [panel for panel in PANELS if panel["type"] != "row"]


def expressions() -> Iterator[str]:
    for panel in SHOWN:
        yield from (target["expr"] for target in panel["targets"])


def sources_in(value: object) -> Iterator[object]:
    """Every data source, however deep."""
    if isinstance(value, dict):
        found = cast("dict[str, object]", value)
        yield from (found["datasource"],) if "datasource" in found else ()
        yield from (source for key, inner in found.items() if key != "datasource" for source in sources_in(inner))
    elif isinstance(value, list):
        yield from (source for inner in cast("list[object]", value) for source in sources_in(inner))


def test_the_file_is_what_the_package_says() -> None:
    assert FILE.read_text(encoding="utf-8") == dashboard.text(), "run make docs"


def test_it_is_json_that_grafana_may_number_itself() -> None:
    read = json.loads(dashboard.text())
    assert (read["id"], read["uid"], read["schemaVersion"]) == (None, "hapilot", 38)


def test_ids_and_titles_are_unique() -> None:
    numbers = [panel["id"] for panel in PANELS]
    assert numbers == list(range(1, len(PANELS) + 1))
    titles = [panel["title"] for panel in SHOWN]
    assert len(titles) == len(set(titles))


def test_queries_of_a_panel_have_ids_of_their_own() -> None:
    for panel in SHOWN:
        names = [target["refId"] for target in panel["targets"]]
        assert names, panel["title"]
        assert len(names) == len(set(names)), panel["title"]


def test_no_panel_covers_another_or_leaves_the_page() -> None:
    places = [panel["gridPos"] for panel in PANELS]
    assert all(one["x"] >= 0 and one["x"] + one["w"] <= 24 for one in places)
    for one, other in combinations(places, 2):
        apart = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        assert apart or one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]


def test_the_reader_chooses_the_source_of_everything() -> None:
    variables = {one["name"]: one for one in MADE["templating"]["list"]}
    assert (variables["datasource"]["type"], variables["datasource"]["query"]) == ("datasource", "prometheus")
    sources = list(sources_in(MADE))
    assert len(sources) > 2 * len(SHOWN)
    assert all(source == {"type": "prometheus", "uid": "${datasource}"} for source in sources)


def test_every_variable_that_is_used_exists_and_every_query_is_bound_to_the_instances() -> None:
    known = {one["name"] for one in MADE["templating"]["list"]} | {"__rate_interval"}
    for expression in expressions():
        assert set(re.findall(r"\$\{?(\w+)", expression)) <= known, expression
        assert "$instance" in expression


def test_every_panel_says_what_it_shows() -> None:
    assert [panel["title"] for panel in SHOWN if not panel["description"].endswith(".")] == []


def test_our_own_metrics_in_it_exist_and_the_important_ones_are_in_it() -> None:
    service = facts.Service("s", "s", "none", "up", 1, 1)
    running = facts.Running("2.8", 1, 0.0, 0.0, 0.0, 0, 0, 1, (service,), (facts.Certificate("c", ("h",), 0.0),))
    told = metrics.families(facts.Facts("1", tally.Tally().applied(1.0), running))
    known = {sample.name for family in told for sample in family.samples}
    used = set(re.findall(r"\bhapilot_\w+", " ".join(expressions())))
    assert used <= known
    # What only says what the two next to it say, or is no news.
    left_out = {"hapilot_haproxy_up", "hapilot_haproxy_adopted", "hapilot_listeners"}
    assert {name for name in known - used if not name.startswith("hapilot_process_")} == left_out
