"""What every stage may use: origins, diagnostics, errors, secrets and names. Pure; imports nothing of hapilot."""
