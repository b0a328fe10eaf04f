"""The evaluator: reads a configuration tree as HAProxy does and follows one simulated connection through it.

``evaluator.Evaluator(config, evaluator.Around(…)).run(connection)`` gives a ``trace.Trace``. Nothing is sent
anywhere; that the answers are HAProxy's own is tested against real ones.
"""
