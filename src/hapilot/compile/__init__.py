"""From a Site to a Build: the one place where our words become HAProxy's. Pure.

``compile.compile_site`` is the way in; ``build`` holds the values that come out.
"""
