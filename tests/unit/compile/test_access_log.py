"""The tables of the access log."""

from __future__ import annotations

from hapilot.compile import draft, target
from hapilot.compile.passes import access_log, routes
from hapilot.compile.rules import answers
from hapilot.model import expand, service, site, spec


def _made(*, logs: bool) -> draft.Draft:
    services = {
        "api": {"protocol": "tcp", "listener": ["a", "b"], "servers": ["10.0.0.1"]},
        "shop": {"tls": "none", "listener": "web", "servers": ["10.0.0.2:80"]},
    }
    listeners = {"a": {"bind": ":6443"}, "b": {"bind": ":6444"}, "web": {"bind": ":80"}}
    said = spec.SiteSpec.model_validate({"listeners": listeners, "services": services, **({"log": {}} if logs else {})})
    canonical, _ = expand.expand(said, site.Origins())
    start = draft.Draft(site.Site("site", canonical, site.Origins(), site.Materials()), target.Target())
    return access_log.make_log_tables(routes.make_routes(start))


def test_without_a_log_there_are_no_tables() -> None:
    assert _made(logs=False).tables == ()


def test_each_backend_is_called_as_its_service() -> None:
    services, reasons = _made(logs=True).tables
    assert [(entry.key, entry.value) for entry in services.entries] == [("api.6443", "api"), ("api.6444", "api"), ("shop", "shop")]
    assert (services.path, reasons.path) == (access_log.SERVICES, access_log.REASONS)
    assert {entry.key for entry in reasons.entries} == {str(status) for status in access_log.BY_STATUS}


def test_every_answer_of_ours_has_a_reason() -> None:
    """Those of our rules, of services' redirects, and of HAProxy itself."""
    codes = service.Redirect.model_json_schema()["properties"]["code"]["enum"]
    assert {*answers.MADE_BY_HAPROXY, *answers.TEXTS, *codes, 404, 408, 421} <= set(access_log.BY_STATUS)
    assert all(reason.replace("-", "").isalpha() for reason in access_log.BY_STATUS.values())
