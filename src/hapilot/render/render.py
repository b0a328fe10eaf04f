"""Build to Bundle: the configuration's text, the tables, certificates and CAs as files. Pure and byte-stable.

The reconcile loop, ``render``, ``check`` and ``up`` call :func:`render_build`; nothing else writes HAProxy files.
"""

from __future__ import annotations

import hashlib

from hapilot.base.memory import Memory
from hapilot.compile import authorities, build
from hapilot.languages.haproxy import printer, tree
from hapilot.model import site
from hapilot.render import bundle

_LIVE = (
    f"What hapilot needs to change a running HAProxy without a reload; it starts haproxy -f {bundle.CONFIG} -f {bundle.LIVE}.\n"
    f"Without hapilot this file is of no use, and {bundle.CONFIG} is complete without it."
)


def render_build(made: build.Build, before: Memory | None = None) -> bundle.Bundle:
    """Every file that HAProxy needs to run ``made``; private keys have mode 0600. What was printed ``before`` is taken from there."""
    known = Memory() if before is None else before
    config = printer.join(made.config.comment, known.each("printed", made.config.sections, printer.print_section))
    # Sections from a file of their own are those with secrets.
    mode = 0o600 if made.site.materials.sections else 0o644
    files = [bundle.BundleFile(bundle.CONFIG, config.encode(errors="surrogateescape"), mode)]
    files += known.each("files of tables", made.tables, lambda table: bundle.BundleFile(table.path, _table(table, known)))
    files += [bundle.BundleFile(script.path, script.text.encode()) for script in made.scripts]
    files += [bundle.BundleFile(page.path, page.content) for page in made.pages]
    materials = made.site.materials
    files += known.each("files of certificates", materials.certificates, _certificate)
    files += [bundle.BundleFile(authorities.path(made.site, said), text.encode()) for said, text in sorted(materials.authorities.items())]
    return _with_live(bundle.Bundle(tuple(files)), made)


def _certificate(one: site.LoadedCertificate) -> bundle.BundleFile:
    return bundle.BundleFile(f"certs/{one.name}.pem", one.pem.reveal().encode(), 0o600)


def _with_live(files: bundle.Bundle, made: build.Build) -> bundle.Bundle:
    """With the file that only a HAProxy under hapilot reads. What it says is what changes at run time lean on, so a change of anything
    else shows in it."""
    # With what it says of spares, which may change alone: a service's defaults are theirs.
    spares = printer.print_config(tree.Config(made.spares)).encode()
    digest = hashlib.sha256(files.digest.encode() + spares).hexdigest()
    says = tree.Section("global", "", (tree.line("setenv", bundle.LOADED, digest),))
    live = printer.print_config(tree.Config((says, *made.spares), comment=_LIVE))
    return bundle.Bundle((*files.files, bundle.BundleFile(bundle.LIVE, live.encode())))


def _table(table: build.Table, known: Memory) -> bytes:
    """A line for each entry. crt-lists know no comments behind entries, and neither do maps."""
    lines = known.each(("lines", table.path), table.entries, lambda entry: f"{entry.key} {entry.value}".rstrip())
    return ("\n".join([f"# {' '.join(table.comment.split())}", *lines]) + "\n").encode()
