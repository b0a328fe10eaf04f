"""The only stage that touches a HAProxy process: finds, checks, starts, asks, reloads and stops it, and keeps its files.

In: a :class:`hapilot.render.bundle.Bundle` and plain values. Out: what runs, as frozen values. Called by ``reconcile`` and ``cli``.
"""
