"""Build to Bundle: the files HAProxy reads, as bytes. Pure; writes nothing."""
