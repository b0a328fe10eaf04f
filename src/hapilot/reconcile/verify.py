"""Ask the real HAProxy whether it takes a Bundle, and say its answer in terms of the site file."""

from __future__ import annotations

import contextlib
import re
import tempfile
from collections.abc import Callable, Generator
from pathlib import Path

from hapilot.base import diagnostics, errors
from hapilot.base.diagnostics import Diagnostic
from hapilot.base.origin import Origin
from hapilot.compile import build
from hapilot.compile.rules import binds
from hapilot.languages.haproxy import printer
from hapilot.reconcile import addresses, targeting
from hapilot.render import bundle, render, summary
from hapilot.runtime import binary, check, environment, messages, plain, writing
from hapilot.sources.file import secrets
from hapilot.sources.haproxy_cfg import confidential


def verify(made: build.Build, files_made: bundle.Bundle, haproxy: binary.Haproxy) -> tuple[Diagnostic, ...]:
    """What ``haproxy -c`` says of the bundle; nothing where it takes it without a word. Raises StateBroken, HaproxyFailed."""
    with beside(made, files_made, haproxy) as said:
        return said()


@contextlib.contextmanager
def beside(
    made: build.Build, files_made: bundle.Bundle, haproxy: binary.Haproxy, staged: Path | None = None
) -> Generator[Callable[[], tuple[Diagnostic, ...]]]:
    """The same while something else is done: HAProxy takes a while, and has a processor of its own. What is given waits for the answer.
    ``staged`` is where the files lie already."""
    # Nothing is opened by a check, but names of sockets are measured: below a long TMPDIR they would be refused.
    env = environment.for_haproxy({environment.RUN: made.target.run_dir}, secrets.variables(made.site.spec))
    with contextlib.ExitStack() as stack:
        if staged is None:
            with writing.explained("write temporary files to", _temporary()):
                made_for_this = tempfile.TemporaryDirectory(prefix="hapilot-check-", ignore_cleanup_errors=True)
                staged = Path(stack.enter_context(made_for_this))
                plain.put_bundle(staged, files_made)
        checking = check.begun(haproxy, staged, env=env, inherits=binds.descriptors(made.config))
        answer = stack.enter_context(checking)
        yield lambda: _said(made, haproxy, answer(check.SECONDS))


def _said(made: build.Build, haproxy: binary.Haproxy, checked: check.Checked) -> tuple[Diagnostic, ...]:
    said = [_diagnostic(made, haproxy, finding, checked) for finding in checked.findings if finding.severity != "notice"]
    if not checked.ok and not diagnostics.has_errors(said):
        whole = Origin(made.site.name)
        said.append(diagnostics.error("haproxy-refused", f"HAProxy {haproxy.version_text} refuses the configuration", whole))
    return tuple(said)


def asking(haproxy: binary.Haproxy) -> Callable[[build.Build], tuple[Diagnostic, ...]]:
    """What ``haproxy`` says of one build after the other: of parts of a site, to find the one that it refuses."""
    return lambda made: verify(made, render.render_build(made), haproxy)


def verify_kept(path: Path, kept: summary.Summary, haproxy: binary.Haproxy) -> None:
    """Whether HAProxy takes the files of the generation in ``path``, which another one, or another HAProxy, may have been made for.

    Raises HaproxyFailed with its reasons.
    """
    env = environment.for_haproxy({environment.RUN: targeting.RUN_DIR}, kept.withheld)
    checked = check.check_files(haproxy, path, env=env, inherits=addresses.inherited(kept.opened))
    if not checked.ok:
        why = "; ".join(dict.fromkeys(finding.text for finding in checked.alerts)) or "it does not say why"
        raise errors.HaproxyFailed(f"HAProxy {haproxy.version_text} refuses the files in {path}: {why}", "bring another generation back")


def _temporary() -> Path:
    """Where temporary files go; where there is no place for them, making one says so."""
    try:
        return Path(tempfile.gettempdir())
    except OSError:
        return Path("/tmp")  # noqa: S108 - only named in a message


def _diagnostic(made: build.Build, haproxy: binary.Haproxy, finding: messages.Finding, checked: check.Checked) -> Diagnostic:
    """HAProxy 2.6 calls some things alerts and takes the configuration all the same: those are warnings."""
    origin, line = _place(made, finding)
    shown = confidential.masked(line)
    text = finding.text
    if shown != line:
        for word in sorted(set(line.split()) - set(shown.split()), key=len, reverse=True):
            text = text.replace(word, "…") if len(word) > _HARMLESS else text
    message = f"HAProxy {haproxy.version_text}: {text}"
    hint = f"about the line: {shown}" if shown else ""
    if finding.severity == "alert" and not checked.ok:
        return diagnostics.error("haproxy-refused", message, origin, hint, _about(made, finding.text))
    return diagnostics.warning("haproxy-warned", message, origin, hint)


_HARMLESS = 2
"""Letters of a word that is nobody's secret: HAProxy's messages have such words of their own."""
_PROXY = re.compile(r"\b(?:proxy|frontend|backend|listen|server) '([^'/\s]+)", re.IGNORECASE)
_CERTIFICATE = re.compile(r"\bcerts/([A-Za-z0-9_-]+)\.pem\b")


def _about(made: build.Build, text: str) -> tuple[str, ...]:
    """The certificate that a message names: the line that it speaks of is the listener's."""
    found = _CERTIFICATE.search(text)
    named = (one.shown for one in made.site.materials.certificates if found is not None and one.name == found[1])
    return tuple(f"certificate {shown}" for shown in named)


def _place(made: build.Build, finding: messages.Finding) -> tuple[Origin, str]:
    """Where in the site file the line came from that HAProxy speaks of, and the line itself."""
    found = printer.find_line(made.config, finding.line) if finding.file.endswith(bundle.CONFIG) else None
    if found is None:
        named = _PROXY.search(finding.text)
        sections = (one for one in made.config.sections if named is not None and one.name == named[1])
        return next((one.origin for one in sections if one.origin is not None), Origin(made.site.name)), ""
    section, line = found
    origin = (line.origin if line else None) or section.origin or Origin(made.site.name)
    return origin, printer.print_line(line) if line else f"{section.kind} {section.name}"
