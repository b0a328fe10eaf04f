"""Faults and risks of a HAProxy configuration: what is wrong, at which line, why, and what to do instead.

``run.lint`` takes documents and gives findings; ``fix.mend`` rewrites what is provably safe. Every rule is data in ``rules``, from which
the documentation is made as well. Pure: who calls it reads the files, and hands in what may be asked about certificates.
"""
