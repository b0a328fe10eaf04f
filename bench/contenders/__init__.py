"""Who competes: one file for each, with a :class:`bench.values.Contender` that writes its own configuration."""
