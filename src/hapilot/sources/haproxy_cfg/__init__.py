"""HAProxy configurations that people bring, read from disk: their files in HAProxy's order, and the certificates they name."""
