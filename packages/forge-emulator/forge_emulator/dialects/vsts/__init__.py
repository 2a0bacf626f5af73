"""Azure DevOps: its REST services, Entra's tokens and git over HTTP, under one address.

The first segment of a path is the organization, which may have any name; a repository's owner is
its project.
"""

from forge_emulator.dialects.vsts.dialect import AzureDevOps

__all__ = ["AzureDevOps"]
