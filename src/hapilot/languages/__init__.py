"""The languages of other programs: trees, printers, quoting and what their words mean. They know nothing of hapilot's model."""
