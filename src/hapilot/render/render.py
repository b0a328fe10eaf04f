"""Build to Bundle: the configuration's text, the tables, certificates and CAs as files. Pure and byte-stable.

The reconcile loop, ``render``, ``check`` and ``up`` call :func:`render_build`; nothing else writes HAProxy files.
"""

from __future__ import annotations

from hapilot.compile import authorities, build
from hapilot.languages.haproxy import printer
from hapilot.render import bundle


def render_build(made: build.Build) -> bundle.Bundle:
    """Every file that HAProxy needs to run ``made``; private keys have mode 0600."""
    files = [bundle.BundleFile(bundle.CONFIG, printer.print_config(made.config).encode())]
    files += [bundle.BundleFile(table.path, _table(table)) for table in made.tables]
    files += [bundle.BundleFile(script.path, script.text.encode()) for script in made.scripts]
    files += [bundle.BundleFile(page.path, page.content) for page in made.pages]
    materials = made.site.materials
    files += [bundle.BundleFile(f"certs/{one.name}.pem", one.pem.reveal().encode(), 0o600) for one in materials.certificates]
    files += [bundle.BundleFile(authorities.path(made.site, said), text.encode()) for said, text in sorted(materials.authorities.items())]
    return bundle.Bundle(tuple(files))


def _table(table: build.Table) -> bytes:
    """A line for each entry. crt-lists know no comments behind entries, and neither do maps."""
    lines = [f"# {' '.join(table.comment.split())}"]
    lines += [f"{entry.key} {entry.value}".rstrip() for entry in table.entries]
    return ("\n".join(lines) + "\n").encode()
