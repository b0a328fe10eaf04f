"""All rules, in the order of the documentation: one topic for each module."""

from __future__ import annotations

from collections.abc import Mapping

from hapilot.lint.rule import Rule
from hapilot.lint.rules import (
    addressing,
    administration,
    client_address,
    files,
    keywords,
    layers,
    load,
    matching,
    modes,
    overridden,
    patterns,
    reach,
    references,
    relaxing,
    server_tls,
    sni,
    timeouts,
    tls,
)

TOPICS: Mapping[str, tuple[str, tuple[Rule, ...]]] = {
    "keywords": ("Keywords and versions", keywords.RULES),
    "references": ("Names and references", references.RULES),
    "rules": ("Rules and conditions", (*reach.RULES, *matching.RULES, *patterns.RULES, *overridden.RULES)),
    "modes": ("TCP and HTTP mode", modes.RULES),
    "sni": ("TLS passed on by name", sni.RULES),
    "server-tls": ("TLS to servers", server_tls.RULES),
    "tls": ("TLS versions and certificates", (*tls.RULES, *files.RULES)),
    "client-address": ("The client's address", client_address.RULES),
    "layers": ("Layers", layers.RULES),
    "addresses": ("Addresses", addressing.RULES),
    "timeouts": ("Timeouts", timeouts.RULES),
    "load": ("Load, checks and limits", load.RULES),
    "administration": ("Passwords and administration", administration.RULES),
    "protections": ("Protections", relaxing.RULES),
}
"""Name of a topic's page to its title and its rules."""

RULES: tuple[Rule, ...] = tuple(rule for _, rules in TOPICS.values() for rule in rules)
BY_CODE: Mapping[str, Rule] = {rule.code: rule for rule in RULES}
