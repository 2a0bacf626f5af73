"""Bases of endpoints: what stands in the path is resolved here, once."""
