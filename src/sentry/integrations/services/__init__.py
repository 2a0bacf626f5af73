"""Hybrid-cloud services of integrations."""
