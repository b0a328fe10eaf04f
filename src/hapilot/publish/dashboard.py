"""The Grafana dashboard for both families of metrics, hapilot's and HAProxy's: from ``rows`` to Grafana's JSON.

In: nothing but the data. Out: text that Grafana imports (its schema 38, Grafana 9.4 and later), the same bytes each time, so that
deploy/grafana/hapilot.json can be compared with it. Pure.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from hapilot.publish import panels, rows

SCHEMA = 38
_SOURCE = {"type": "prometheus", "uid": "${datasource}"}
_WIDTH = 24
_HEIGHTS = {"stat": 4, "timeseries": 8, "table": 8}


def text() -> str:
    """The dashboard, ready to import."""
    return json.dumps(dashboard(), indent=2, ensure_ascii=False) + "\n"


def dashboard() -> dict[str, Any]:
    """The dashboard as JSON values. ``id`` is Grafana's own to give; ``uid`` keeps links to it alive over imports."""
    return {
        "id": None,
        "uid": "hapilot",
        "title": "hapilot",
        "description": "A site that hapilot runs: its services, certificates and changes, and the HAProxy that carries it.",
        "tags": ["hapilot", "haproxy"],
        "schemaVersion": SCHEMA,
        "editable": True,
        "graphTooltip": 1,
        "refresh": "30s",
        "time": {"from": "now-1h", "to": "now"},
        "timezone": "",
        "annotations": {"list": [_changes()]},
        "templating": {"list": list(_variables())},
        "panels": list(_panels()),
    }


def _variables() -> Iterator[dict[str, Any]]:
    yield {"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus", "current": {}, "hide": 0}
    yield _variable("instance", "Instance", "label_values(hapilot_build_info, instance)")
    yield _variable("service", "Service", 'label_values(hapilot_service_info{instance=~"$instance"}, service)')


def _variable(name: str, label: str, query: str) -> dict[str, Any]:
    """A choice of label values, everything at first; looked up anew when the time range changes."""
    return {
        "name": name,
        "label": label,
        "type": "query",
        "datasource": _SOURCE,
        "definition": query,
        "query": {"query": query, "refId": name},
        "refresh": 2,
        "sort": 1,
        "multi": True,
        "includeAll": True,
        "current": {"selected": True, "text": ["All"], "value": ["$__all"]},
        "hide": 0,
    }


def _changes() -> dict[str, Any]:
    """A mark in every graph where a generation went live: the value of the metric is the time, and Grafana shows each time once."""
    return {
        "name": "Changes",
        "datasource": _SOURCE,
        "enable": True,
        "iconColor": "blue",
        "expr": 'hapilot_last_change_timestamp_seconds{instance=~"$instance"} * 1000',
        "useValueForTime": True,
        "titleFormat": "new generation",
        "tagKeys": "instance",
        "step": "15s",
    }


def _panels() -> Iterator[dict[str, Any]]:
    """Rows and panels from left to right and top to bottom, numbered from 1."""
    number = top = 0
    for row in rows.ROWS:
        number += 1
        place = {"h": 1, "w": _WIDTH, "x": 0, "y": top}
        yield {"id": number, "type": "row", "title": row.title, "collapsed": False, "gridPos": place, "panels": []}
        top += 1
        left = height = 0
        for panel in row.panels:
            if left + panel.width > _WIDTH:
                left, top, height = 0, top + height, 0
            number += 1
            height = max(height, _HEIGHTS[panel.kind])
            yield _panel(panel, number, {"h": _HEIGHTS[panel.kind], "w": panel.width, "x": left, "y": top})
            left += panel.width
        top += height


def _panel(panel: panels.Panel, number: int, place: dict[str, int]) -> dict[str, Any]:
    return {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.description,
        "datasource": _SOURCE,
        "gridPos": place,
        "targets": [_target(panel, query, chr(ord("A") + index)) for index, query in enumerate(panel.queries)],
        "fieldConfig": {"defaults": _field(panel), "overrides": []},
        "options": _options(panel),
        **({"transformations": [_without_the_rest()]} if panel.kind == "table" else {}),
    }


def _target(panel: panels.Panel, query: panels.Query, name: str) -> dict[str, Any]:
    now = panel.kind != "timeseries"
    return {
        "refId": name,
        "datasource": _SOURCE,
        "expr": query.expression,
        "legendFormat": query.legend or "__auto",
        "instant": now,
        "range": not now,
        "format": "table" if panel.kind == "table" else "time_series",
    }


def _field(panel: panels.Panel) -> dict[str, Any]:
    steps = [{"value": value, "color": colour} for value, colour in panel.steps or ((None, "text"),)]
    words = {str(value): {"text": word, "index": index} for index, (value, word) in enumerate(panel.words)}
    return {
        "unit": panel.unit,
        "thresholds": {"mode": "absolute", "steps": steps},
        "mappings": [{"type": "value", "options": words}] if words else [],
        **({"min": 0, "custom": {"fillOpacity": 10, "showPoints": "never"}} if panel.kind == "timeseries" else {}),
    }


def _options(panel: panels.Panel) -> dict[str, Any]:
    match panel.kind:
        case "stat":
            shown = "name" if panel.shows_names else "auto"
            reduced = {"calcs": ["lastNotNull"], "values": False, "fields": ""}
            return {"colorMode": "value", "graphMode": "none", "textMode": shown, "reduceOptions": reduced}
        case "timeseries":
            return {"legend": {"displayMode": "list", "placement": "bottom"}, "tooltip": {"mode": "multi", "sort": "desc"}}
        case "table":
            return {"showHeader": True}


def _without_the_rest() -> dict[str, Any]:
    """Tables have a column for the time, which is always now."""
    return {"id": "organize", "options": {"excludeByName": {"Time": True}, "renameByName": {"Value": "value"}}}
