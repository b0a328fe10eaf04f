"""Regular expressions that match more than their author thinks."""

from __future__ import annotations

import re
from collections.abc import Iterator

from hapilot.base.diagnostics import Severity
from hapilot.lint import acls
from hapilot.lint.acls import Criterion
from hapilot.lint.context import Context
from hapilot.lint.finding import Hit
from hapilot.lint.rule import MANUAL, TIMEOUTS, Rule

_SNI = ("ssl_fc_sni", "req.ssl_sni", "req_ssl_sni")
_HEADERS = ("hdr", "req.hdr", "req.fhdr", "base")
_BARE_DOT = re.compile(r"(?<=[A-Za-z0-9)*])\.(?=[A-Za-z0-9(])")
_CLASS_OR_ESCAPE = re.compile(r"\\.|\[[^\]]*\]")


def _check(context: Context) -> Iterator[Hit]:
    for criteria in context.once(acls.criteria).values():
        for criterion in criteria:
            if criterion.method != "reg" or not _is_about_hosts(criterion):
                continue
            for at, pattern in criterion.patterns:
                dots = bare_dots(pattern)
                if dots and criterion.directive.is_known(at):
                    yield Hit(
                        criterion.directive.line, _message(pattern), at, f"write {_escaped(pattern, dots)}, or compare without a regex"
                    )


def _is_about_hosts(criterion: Criterion) -> bool:
    fetch = criterion.expression.fetch
    name = fetch.name.removesuffix("_reg")
    if name in _SNI or fetch.name == "ssl_fc_sni_reg":
        return True
    return name in _HEADERS and fetch.arguments.partition(",")[0].strip().lower() == "host"


def bare_dots(pattern: str) -> tuple[int, ...]:
    """Where dots stand between letters or digits as they do in host names, and are not escaped.

    >>> bare_dots(r"^www.example\\.test$"), bare_dots(r"^.*\\.example\\.test$")
    ((4,), ())
    """
    hidden = _CLASS_OR_ESCAPE.sub(lambda found: "\\" * len(found[0]), pattern)
    return tuple(found.start() for found in _BARE_DOT.finditer(hidden))


def _message(pattern: str) -> str:
    is_loose = not pattern.startswith("^") or not pattern.endswith("$")
    also = "; not tied to both ends, it matches inside of longer names too" if is_loose else ""
    return f"a dot stands for any character in {pattern}{also}"


def _escaped(pattern: str, dots: tuple[int, ...]) -> str:
    text = "".join("\\." if at in dots else character for at, character in enumerate(pattern))
    return f"{'' if text.startswith('^') else '^'}{text}{'' if text.endswith('$') else '$'}"


_SITE = """\
frontend web
    bind :8080
    use_backend app if {{ hdr(host) -i -m reg {} }}
    default_backend other

backend app
    server app1 10.0.0.20:8080

backend other
    server other1 10.0.0.30:8080
"""

RULES = (
    Rule(
        code="regex-host-dot",
        title="Unescaped dots in a regex of host names",
        severity=Severity.WARNING,
        reason="`.` matches any character, so the name of somebody else (`wwwxexample.test`) is taken for one's own. Without `^` and "
        "`$` so is `www.example.test.evil.test`.",
        hint="escape the dots, or use `-m str`, `-m end` or `-m dom`",
        source=f"{MANUAL}#7.1.4",
        failing=TIMEOUTS + _SITE.format("^www.example\\.test$"),
        passing=TIMEOUTS + _SITE.format("^www\\.example\\.test$"),
        check=_check,
    ),
)
