"""The part of SARIF 2.1.0 that lint writes, as a JSON Schema: closed, so that a property that the standard does not have there fails.

Written after the OASIS standard; the number at each object is its section there. Called by ``test_reports``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def _object(required: str, **properties: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"type": "object", "additionalProperties": False, "required": required.split(), "properties": properties}


def _several(items: Mapping[str, Any], least: int = 0) -> Mapping[str, Any]:
    return {"type": "array", "items": items, "minItems": least, "uniqueItems": True}


TEXT = {"type": "string", "minLength": 1}
ANY_TEXT = {"type": "string"}
NUMBER = {"type": "integer", "minimum": 0}
PLACE = {"type": "integer", "minimum": 1}
LEVEL = {"enum": ["none", "note", "warning", "error"]}
URI = {"type": "string", "format": "uri-reference", "pattern": r"^[A-Za-z0-9._~:/?#@!$&'()*+,;=%-]+$"}
MESSAGE = _object("text", text=TEXT)  # 3.11, 3.12
ARTIFACT = _object("uri", uri=URI)  # 3.4
REGION = _object("startLine startColumn", startLine=PLACE, startColumn=PLACE, endLine=PLACE, endColumn=PLACE)  # 3.30
PHYSICAL = _object("artifactLocation", artifactLocation=ARTIFACT, region=REGION)  # 3.29
LOCATION = _object("physicalLocation", physicalLocation=PHYSICAL)  # 3.28
REPLACEMENT = _object("deletedRegion", deletedRegion=REGION, insertedContent=_object("text", text=ANY_TEXT))  # 3.57
CHANGE = _object("artifactLocation replacements", artifactLocation=ARTIFACT, replacements=_several(REPLACEMENT, 1))  # 3.56
FIX = _object("artifactChanges", description=MESSAGE, artifactChanges=_several(CHANGE, 1))  # 3.55
RESULT = _object(
    "message",
    ruleId=TEXT,
    ruleIndex=NUMBER,
    level=LEVEL,
    message=MESSAGE,
    locations=_several(LOCATION, 1),
    fixes=_several(FIX, 1),
)  # 3.27
RULE = _object(
    "id",
    id=TEXT,
    shortDescription=MESSAGE,
    fullDescription=MESSAGE,
    help=MESSAGE,
    helpUri={"type": "string", "format": "uri", "pattern": "^https://"},
    defaultConfiguration=_object("level", level=LEVEL),  # 3.50
)  # 3.49
DRIVER = _object("name", name=TEXT, version=TEXT, rules=_several(RULE))  # 3.19
RUN = _object(
    "tool", tool=_object("driver", driver=DRIVER), columnKind={"enum": ["utf16CodeUnits", "unicodeCodePoints"]}, results=_several(RESULT)
)  # 3.14
LOG: Mapping[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    **_object("version runs", **{"$schema": {"type": "string", "format": "uri"}}, version={"const": "2.1.0"}, runs=_several(RUN)),
}  # 3.13
