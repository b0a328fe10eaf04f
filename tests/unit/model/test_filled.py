"""Lists and mappings that are not left out and yet say nothing."""

from __future__ import annotations

from typing import Any

import pydantic
import pytest

from hapilot.model import service, spec


@pytest.mark.parametrize("key", ["host", "path", "listener", "match", "allow", "deny"])
def test_a_service_can_not_say_nothing(key: str) -> None:
    """Without the key it may."""
    with pytest.raises(pydantic.ValidationError, match="there is nothing in it"):
        service.Service.model_validate({key: []})
    assert getattr(service.Service.model_validate({}), key) == []


@pytest.mark.parametrize("key", ["method", "header", "query", "client"])
def test_nor_can_a_condition(key: str) -> None:
    empty: list[str] | dict[str, str] = {} if key in ("header", "query") else []
    fine = {"client": "10.0.0.0/8"} if key == "method" else {"method": "GET"}
    with pytest.raises(pydantic.ValidationError, match="there is nothing in it"):
        service.Match.model_validate({key: empty, **fine})


def test_editors_know() -> None:
    properties: dict[str, dict[str, Any]] = {name: spec.json_schema()["$defs"][name]["properties"] for name in ("Service", "Match")}
    assert properties["Service"]["allow"]["anyOf"][1]["minItems"] == 1
    assert properties["Match"]["header"]["minProperties"] == 1
