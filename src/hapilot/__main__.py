"""``python -m hapilot``."""

from hapilot.cli.main import main

main()
