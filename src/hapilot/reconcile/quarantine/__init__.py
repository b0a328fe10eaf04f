"""A bad part of a site is left out alone, with its reason, and everything else goes live.

``parts`` says which part an error is about, ``versions`` what of it was good last, ``reducing`` makes the site without it, ``isolating``
goes round until no error is left, ``refusals`` does so where only HAProxy objects. All of these are pure. ``keeping`` reads and writes what
is remembered with each generation. Called by ``pipeline``, ``loop`` and ``occasions``; docs/decisions/0012-quarantine.md has the reasons.
"""
