"""The commands: one noun per module. None of them loads Django before it runs."""
