"""Groups of HAProxy rules, each for one job of a frontend or backend. The passes call them; they return lines, nothing else."""
