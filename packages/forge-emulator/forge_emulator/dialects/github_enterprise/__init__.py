"""GitHub Enterprise Server."""

from forge_emulator.dialects.github_enterprise.dialect import GitHubEnterprise

__all__ = ["GitHubEnterprise"]
