"""GitLab, as a service and self-managed: REST v4, OAuth's token endpoint and git over HTTP."""

from forge_emulator.dialects.gitlab.dialect import GitLab

__all__ = ["GitLab"]
