"""``hapilot demo``: the quickstart site with stand-in servers on this machine, started, explained and tried."""
