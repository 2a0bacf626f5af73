"""Tools without a domain: one topic per module."""
