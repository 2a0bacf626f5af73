"""Flags that stay: what an operator may switch for good."""

from collections.abc import Mapping

from sentry.features.manager import FeatureManager

_PROVIDERS: Mapping[str, str] = {
    "github": "GitHub",
    "github_enterprise": "GitHub Enterprise Server",
    "gitlab": "GitLab",
    "bitbucket": "Bitbucket Cloud",
    "bitbucket_server": "Bitbucket Data Center",
    "vsts": "Azure DevOps",
}


def register_features(manager: FeatureManager) -> None:
    """Registers the permanent flags."""
    for key, name in _PROVIDERS.items():
        manager.add(
            f"organizations:integrations-{key}", default=True, help=f"{name} as a provider."
        )
