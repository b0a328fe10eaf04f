"""The only place that knows all stages: preparing a site, verifying it with HAProxy, and the loop that keeps it running."""
