"""Running and Bundle to Plan: what has to be done to a HAProxy that runs, each step with its reason. Pure; does nothing itself."""
