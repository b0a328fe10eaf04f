"""Where a connection goes and why: a Build and a Probe in, an Explanation out. Pure.

The answer comes from following the very configuration that HAProxy runs (``languages.haproxy.evaluate``); this package only
puts the question into that form and the trace into our words.
"""
