"""OUT: tells others how hapilot is. Knows neither the stages nor HAProxy: what there is to tell comes in as values."""
