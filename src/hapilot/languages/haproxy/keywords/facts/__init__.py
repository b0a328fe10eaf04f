"""Facts about keywords, made from HAProxy's manuals by ``tools/derive_keywords.py``; read through :mod:`table`."""
