"""The forms of a report."""

from __future__ import annotations

import json

import jsonschema
import pytest

from hapilot.languages.haproxy import parser
from hapilot.lint import report_github, report_json, report_sarif, report_text, run
from hapilot.lint.finding import Finding
from hapilot.lint.rule import Rule
from hapilot.lint.rules import catalogue
from unit.lint import sarif
from unit.lint.looking import HEAD

TEXT = f"{HEAD}backend b\n    server s 2001:db8::1:80\n    server t 2001:db8::2:80 check\n    optoin a:b,100%\n"


def found(name: str = "a b.cfg") -> tuple[Finding, ...]:
    return run.lint([parser.parse(TEXT, name)], (2, 8), run.chosen(["addresses", "keyword-unknown"], []))


def test_text_tells_the_reason_once() -> None:
    lines = list(report_text.lines(found()))
    assert [line.split(":")[0].strip() for line in lines] == ["a b.cfg", "why", "fix", "a b.cfg", "fix", "a b.cfg", "why", "fix"]
    assert lines[2] == "    fix: write [2001:db8::1]:80 (--fix does it)"
    assert report_text.summary(found()) == "1 error, 2 warnings, 0 notes"


def test_json() -> None:
    data = report_json.as_data(found(), (2, 8))
    assert (data["ok"], data["target"], data["summary"]) == (False, "2.8", {"error": 1, "warning": 2, "info": 0})
    first = json.loads(json.dumps(data))["findings"][0]
    assert first["origin"] == {"file": "a b.cfg", "line": 7, "column": 14, "end_column": 28}
    assert first["fix"] == [
        {"file": "a b.cfg", "line": 7, "column": 14, "end_column": 28, "text": "[2001:db8::1]:80", "removes_line": False}
    ]


def test_sarif() -> None:
    log = json.loads(json.dumps(report_sarif.as_data(found(), "1.2.3")))
    (run_,) = log["runs"]
    driver = run_["tool"]["driver"]
    assert (log["version"], driver["version"], len(driver["rules"])) == ("2.1.0", "1.2.3", len(catalogue.RULES))
    for result in run_["results"]:
        assert driver["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "a%20b.cfg"
    first = run_["results"][0]
    assert first["level"] == "warning"
    assert first["locations"][0]["physicalLocation"]["region"] == {"startLine": 7, "startColumn": 14, "endColumn": 28}
    (change,) = first["fixes"][0]["artifactChanges"]
    assert change["replacements"] == [
        {"deletedRegion": {"startLine": 7, "startColumn": 14, "endColumn": 28}, "insertedContent": {"text": "[2001:db8::1]:80"}}
    ]
    assert "fixes" not in run_["results"][2]
    (other,) = json.loads(json.dumps(report_sarif.as_data(found("/etc/x.cfg"), "1")))["runs"]
    assert other["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "file:///etc/x.cfg"


def test_github() -> None:
    lines = report_github.render(found("a,b:c%.cfg")).splitlines()
    assert lines[0].startswith("::warning file=a%2Cb%3Ac%25.cfg,line=7,col=14,endColumn=28,title=ipv6-without-brackets::2001:db8::1:80 is")
    assert lines[2].startswith("::error ")


@pytest.mark.parametrize("rule", catalogue.RULES, ids=lambda rule: rule.code)
def test_sarif_of_every_rule_is_as_the_standard_wants_it(rule: Rule) -> None:
    for name in ("/etc/haproxy/haproxy.cfg", "a b%\udcff.cfg", "<stdin>"):
        log = json.loads(json.dumps(report_sarif.as_data(run.lint([parser.parse(rule.failing, name)], rule.target), "1.2.3")))
        jsonschema.validate(log, sarif.LOG)


def test_what_sarif_does_not_have_is_noticed() -> None:
    log = json.loads(json.dumps(report_sarif.as_data(found(), "1.2.3")))
    log["runs"][0]["results"][0]["severity"] = "high"
    with pytest.raises(jsonschema.ValidationError, match="severity"):
        jsonschema.validate(log, sarif.LOG)
