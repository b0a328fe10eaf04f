"""HAProxy's configuration language, both ways: as files that people write, and as trees that programs build and follow.

``parser`` makes a lossless ``document`` of a file, ``reading`` reads documents as one HAProxy would and makes a ``tree`` of them;
``keywords`` says what each version knows. ``render`` builds a :class:`~hapilot.languages.haproxy.tree.Config` and ``printer``
prints it; ``explain`` lets ``evaluate`` follow connections through the same tree.
"""
