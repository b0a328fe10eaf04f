"""hapilot: one front door for every service."""

__version__ = "0.1.0"
