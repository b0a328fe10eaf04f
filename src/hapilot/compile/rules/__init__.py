"""Groups of HAProxy rules, each for one job of a frontend. Called by ``passes.frontends``; they return lines, nothing else."""
