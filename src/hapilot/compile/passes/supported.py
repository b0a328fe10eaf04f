"""Pass: keys of the contract that this version does not compile yet are errors, never ignored."""

from __future__ import annotations

from hapilot.base import diagnostics
from hapilot.compile.draft import Draft

WAITING = {"Certificate": ("acme",)}
"""Keys that wait for their pass, by the definition in the schema."""


def refuse_unsupported(draft: Draft) -> Draft:
    """Report each key that is used and has no pass.

    >>> WAITING["Certificate"]
    ('acme',)
    """
    found = [
        diagnostics.error(
            "not-yet",
            f"certificates.{index}.acme: this key is not compiled yet",
            draft.site.origins.key("certificates", index, "acme"),
            "leave it out for now",
        )
        for index, certificate in enumerate(draft.site.spec.certificates)
        if certificate.acme is not None
    ]
    return draft.noting(found)
