"""HAProxy's configuration language: the tree, its printer and quoting, and an evaluator that reads it as HAProxy does.

``render`` builds a :class:`~hapilot.languages.haproxy.tree.Config` and prints it; ``explain`` evaluates the same tree.
"""
