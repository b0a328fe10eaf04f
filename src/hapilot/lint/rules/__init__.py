"""The rules of lint, one module for each topic; ``RULES`` in :mod:`catalogue` is all of them."""
