"""The keywords of HAProxy's configuration language as data: where each may stand, its arguments, and in which versions.

``facts`` is derived from the manuals of 2.6 to 3.4, ``curated`` is what the manuals don't say, ``table`` answers questions about both.
"""
