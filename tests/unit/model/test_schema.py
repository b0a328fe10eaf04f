"""The JSON Schema takes what the model takes: short forms as well as canonical ones."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest

from hapilot.model import spec

SCHEMA = spec.json_schema()


@pytest.mark.parametrize(
    "service",
    [
        {"host": "a.test", "servers": ["10.0.0.1:80"]},
        {"host": ["a.test"], "servers": [{"address": "10.0.0.1:80", "weight": 3}], "path": "/a", "listener": "https"},
        {"host": "a.test", "servers": ["10.0.0.1:80"], "health": "off"},
        {"host": "a.test", "servers": ["10.0.0.1:80"], "health": False},
        {"host": "a.test", "servers": ["10.0.0.1:80"], "health": {"http": "/x", "expect": 200, "every": "5s"}},
        {"host": "a.test", "servers": ["10.0.0.1:80"], "balance": {"hash": "path"}},
        {"host": "a.test", "servers": ["10.0.0.1:80"], "balance": "source"},
    ],
)
def test_short_and_long_forms(service: dict[str, Any]) -> None:
    site = {"listeners": {"https": {"bind": ":443"}}, "services": {"a": service}}
    jsonschema.validate(site, SCHEMA)
    spec.SiteSpec.model_validate(site)


@pytest.mark.parametrize("service", [{"hots": "a.test"}, {"host": 3}, {"servers": "10.0.0.1:80"}, {"balance": "sourec"}, {"retries": -1}])
def test_what_the_model_refuses(service: dict[str, Any]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"services": {"a": service}}, SCHEMA)
