"""Hybrid-cloud services of authentication."""
