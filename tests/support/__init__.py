"""Real stand-in servers, byte-level clients and throw-away certificates for the tests. Nothing here knows hapilot."""
