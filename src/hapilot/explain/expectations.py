"""Whether a site's ``expect`` entries hold on the compiled model."""

from __future__ import annotations

import re
from collections.abc import Iterator

from hapilot.base import diagnostics, errors
from hapilot.base.diagnostics import Diagnostic
from hapilot.compile import build
from hapilot.explain import explain, explanation, probe
from hapilot.model.expect import Expectation

_USUAL_PORT = re.compile(r"^(https://[^/?#]*(?=:443(?:[/?#]|$))|http://[^/?#]*(?=:80(?:[/?#]|$))):\d+")


def check_expectations(made: build.Build, explainer: explain.Explainer) -> tuple[Diagnostic, ...]:
    """A diagnostic for every statement that does not hold."""
    found: list[Diagnostic] = []
    for index, expected in enumerate(made.site.spec.expect):
        origin = made.site.origins.at("expect", index)
        try:
            asked = probe.parse_target(expected.target, source=expected.from_ or "", headers=tuple(expected.headers.items()))
        except errors.HapilotError as problem:
            found.append(diagnostics.error("bad-value", f"expect: {problem}", origin, problem.hint))
            continue
        answer = explainer.decide(asked, expected.target)
        wrong = "; ".join(differences(expected, answer))
        if wrong:
            concerned = tuple(f"service {name}" for name in (expected.service, answer.service) if name)
            because = f"because {answer.reason}"
            found.append(diagnostics.error("expectation-failed", f"{expected.target}: {wrong}", origin, because, concerned))
    return tuple(found)


def differences(expected: Expectation, answer: explanation.Explanation) -> Iterator[str]:
    """Each statement that does not hold, in words."""
    stated: tuple[tuple[str, object, object], ...] = (
        ("outcome", expected.outcome, answer.outcome),
        ("service", expected.service, answer.service),
        ("tls", expected.tls, answer.tls.mode if answer.tls else None),
        ("redirect", _usual(expected.redirect), _usual(answer.location)),
        ("status", expected.status, answer.status),
    )
    for name, wanted, got in stated:
        if wanted is not None and wanted != got:
            yield f"{name} is {got or 'none'}, expected {wanted}"


def _usual(location: str | None) -> str | None:
    """A location without the port that its scheme has anyway (RFC 3986, section 6.2.3), so that a port from a variable may be 443."""
    return location and _USUAL_PORT.sub(r"\1", location)
