"""The endpoints: one resource per file."""
