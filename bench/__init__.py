"""Side-by-side measurements: what hapilot renders against other ways to do the same, in one run on one machine.

``python -m bench`` measures the rows of :mod:`bench.rows`, prints a table and writes JSON below ``bench/results``. A contender
is a file in :mod:`bench.contenders`, a row a file in :mod:`bench.rows`. Nothing here is installed with hapilot.
"""
