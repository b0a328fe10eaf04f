"""The text that Prometheus reads."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

import pytest
from prometheus_client import parser
from prometheus_client.openmetrics import parser as openmetrics_parser

from hapilot.publish import facts, metrics, tally

RUNNING = facts.Running(
    version="2.8.25",
    generation=7,
    last_change=1_700_000_000.5,
    uptime_seconds=90.5,
    worker_uptime_seconds=30,
    old_workers=1,
    old_sessions=7,
    listeners=2,
    services=(
        facts.Service("shop", "shop", "edge", "up", 2, 2),
        facts.Service("api", "api.6443", "passthrough", "degraded", 2, 1),
        facts.Service("api", "api.8443", "passthrough", "down", 2, 0),
        facts.Service("blog", "blog", "none", "up", 0, 0),
    ),
    certificates=(facts.Certificate('certs/"odd"\n.pem', ("a.example.test", "*.example.test"), 1_800_000_000.0),),
    quarantined={"service": 2},
)


def samples(now: facts.Facts) -> dict[str, float]:
    """Every sample as ``name{label=value,…}``, as a scraper understands it."""
    text = metrics.answer(now).body.decode()
    return {
        f"{one.name}{{{','.join(f'{label}={value}' for label, value in sorted(one.labels.items()))}}}": one.value
        for family in parser.text_string_to_metric_families(text)
        for one in family.samples
    }


def test_everything_that_runs_is_told() -> None:
    told = samples(facts.Facts("1.2.3", tally.Tally().applied(0.25).applied(0.5, "routes").failed("refused"), RUNNING))
    expected = {
        "hapilot_haproxy_up{}": 1,
        "hapilot_haproxy_info{version=2.8.25}": 1,
        "hapilot_generation{}": 7,
        "hapilot_last_change_timestamp_seconds{}": 1_700_000_000.5,
        "hapilot_changes_total{result=applied}": 2,
        "hapilot_changes_total{result=refused}": 1,
        "hapilot_changes_total{result=failed}": 0,
        "hapilot_reloads_total{reason=routes}": 1,
        "hapilot_reloads_total{reason=configuration}": 0,
        "hapilot_last_apply_duration_seconds{}": 0.5,
        "hapilot_site_current{}": 0,
        "hapilot_haproxy_adopted{}": 0,
        "hapilot_haproxy_restarts_total{}": 0,
        "hapilot_haproxy_uptime_seconds{}": 90.5,
        "hapilot_haproxy_worker_uptime_seconds{}": 30,
        "hapilot_haproxy_old_workers{}": 1,
        "hapilot_haproxy_old_worker_connections{}": 7,
        "hapilot_listeners{}": 2,
        "hapilot_quarantined_parts{kind=service}": 2,
        "hapilot_quarantined_parts{kind=listener}": 0,
        "hapilot_service_info{proxy=api.6443,service=api,tls=passthrough}": 1,
        "hapilot_service_servers{proxy=api.6443,service=api}": 2,
        "hapilot_service_servers_up{proxy=api.6443,service=api}": 1,
        "hapilot_service_servers_up{proxy=api.8443,service=api}": 0,
    }
    assert {name: told.get(name) for name in expected} == expected
    assert [name for name in told if name.startswith("hapilot_build_info{") and "version=1.2.3" in name]


def test_a_service_with_several_backends_counts_once_and_as_the_worst() -> None:
    told = samples(facts.Facts("1", tally.Tally(), RUNNING))
    assert [told[f"hapilot_services{{health={health}}}"] for health in ("up", "degraded", "down")] == [2, 0, 1]


def test_each_name_of_a_certificate_has_its_end_whatever_the_file_is_called() -> None:
    told = samples(facts.Facts("1", tally.Tally(), RUNNING))
    ends = {name: value for name, value in told.items() if name.startswith("hapilot_certificate_expiry_timestamp_seconds{")}
    assert ends == {
        f'hapilot_certificate_expiry_timestamp_seconds{{certificate=certs/"odd"\n.pem,name={name}}}': 1_800_000_000.0
        for name in ("a.example.test", "*.example.test")
    }


def test_without_an_answer_of_haproxy_only_what_hapilot_knows_itself_is_told() -> None:
    told = samples(facts.Facts("1", tally.Tally().adopted()))
    assert told["hapilot_haproxy_up{}"] == 0
    assert told["hapilot_haproxy_adopted{}"] == 1
    assert told["hapilot_changes_total{result=applied}"] == 0
    assert not [name for name in told if name.startswith(("hapilot_generation", "hapilot_service", "hapilot_haproxy_info"))]
    assert "hapilot_last_apply_duration_seconds{}" not in told


def test_there_is_nothing_that_is_not_ours() -> None:
    assert not [name for name in samples(facts.Facts("1", tally.Tally(), RUNNING)) if not name.startswith("hapilot_")]


def test_every_metric_is_helped_and_named_by_the_conventions() -> None:
    for family in metrics.families(facts.Facts("1", tally.Tally().applied(1.0), RUNNING)):
        assert family.documentation.endswith("."), family.name
        assert re.fullmatch(r"[a-z][a-z0-9_]*", family.name)
        assert not family.name.endswith(("_milliseconds", "_ms", "_percent", "_kb", "_total", "_gauge", "_counter")), family.name


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        ("", "text/plain"),
        ("text/plain;version=0.0.4", "text/plain"),
        ("application/openmetrics-text;version=1.0.0,*/*;q=0.1", "openmetrics"),
    ],
)
def test_the_client_chooses_the_format(accept: str, content_type: str) -> None:
    answer = metrics.answer(facts.Facts("1", tally.Tally().applied(1.0), RUNNING), accept)
    assert content_type in answer.content_type
    assert answer.body.endswith(b"# EOF\n") == (content_type == "openmetrics")


def test_openmetrics_parses() -> None:
    body = metrics.answer(facts.Facts("1", tally.Tally().applied(1.0), RUNNING), "application/openmetrics-text;version=1.0.0").body.decode()
    parse: Callable[[str], Iterable[metrics.Family]] = getattr(openmetrics_parser, "text_string_to_metric_families")  # noqa: B009 - it has no types
    names = [family.name for family in parse(body)]
    assert "hapilot_changes" in names
    assert len(names) == len(set(names))
