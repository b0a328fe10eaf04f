"""Every rule: its examples are what it says, HAProxy takes the good ones, and refuses the bad ones that lint calls refused."""

from __future__ import annotations

import datetime
import re
from pathlib import Path

import pytest

from hapilot.lint.certificates import Seen
from hapilot.lint.rule import Rule
from hapilot.lint.rules import catalogue
from support import certificates, haproxy
from unit.lint import looking

CERTIFICATES = looking.Shelf(
    {
        "site.pem": Seen("site.pem", looking.NOW + datetime.timedelta(days=90)),
        "ca.pem": Seen("ca.pem", looking.NOW + datetime.timedelta(days=90)),
        "wildcard.pem": Seen("wildcard.pem", looking.NOW + datetime.timedelta(days=90), names=("*.example.test",)),
        "expired.pem": Seen("expired.pem", looking.NOW - datetime.timedelta(days=1)),
    }
)
REFUSED = {
    "line-unreadable",
    "keyword-removed",
    "keyword-too-new",
    "keyword-unknown",
    "keyword-needs-build",
    "acl-undefined",
    "reference-undefined",
    "name-duplicate",
    "mode-mismatch",
    "server-verify-without-ca",
}
"""Of these, the reason says that HAProxy refuses the configuration."""
every_rule = pytest.mark.parametrize("rule", catalogue.RULES, ids=lambda rule: rule.code)


@every_rule
def test_the_failing_example_has_it_once(rule: Rule) -> None:
    found = looking.findings(rule.failing, rule.target, CERTIFICATES)
    assert [each.code for each in found].count(rule.code) == 1, [str(each) for each in found]


@every_rule
def test_the_passing_example_is_silent(rule: Rule) -> None:
    assert [str(each) for each in looking.findings(rule.passing, rule.target, CERTIFICATES)] == []


@every_rule
def test_it_says_all_it_should(rule: Rule) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", rule.code)
    assert rule.source.startswith("https://")
    assert rule.reason.endswith(".")
    assert not rule.hint.endswith(".")
    assert not rule.title.endswith(".")


def test_codes_and_topics_are_told_apart() -> None:
    codes = [rule.code for rule in catalogue.RULES]
    assert len(set(codes)) == len(codes) == sum(len(rules) for _, rules in catalogue.TOPICS.values())
    assert set(codes) & set(catalogue.TOPICS) == set()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the certificates that examples name."""
    path = tmp_path_factory.mktemp("examples")
    authority = certificates.authority("lint")
    files = authority.issue("site.example.test").write(path / "made")
    for name in ("site.pem", "wildcard.pem", "expired.pem"):
        (path / name).write_bytes(files.combined.read_bytes())
    (path / "ca.pem").write_bytes(files.certificate.read_bytes())
    return path


def checked(text: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[int, str]:
    monkeypatch.chdir(folder)
    (folder / "haproxy.cfg").write_text(text)
    return haproxy.check(haproxy.embedded(), Path("haproxy.cfg"))


@pytest.mark.haproxy
@every_rule
def test_haproxy_takes_the_passing_example(rule: Rule, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if rule.target > (2, 8):
        pytest.skip("the example is for a newer HAProxy than the embedded one")
    code, said = checked(rule.passing, folder, monkeypatch)
    assert code == 0, said
    assert "[WARNING]" not in said


@pytest.mark.haproxy
@pytest.mark.parametrize("rule", [rule for rule in catalogue.RULES if rule.code in REFUSED], ids=lambda rule: rule.code)
def test_haproxy_refuses_what_lint_says_it_refuses(rule: Rule, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code, said = checked(rule.failing, folder, monkeypatch)
    assert code == 1, said
