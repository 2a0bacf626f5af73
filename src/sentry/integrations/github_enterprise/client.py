"""The server's API is GitHub's, at other addresses (``endpoints``)."""

from sentry.integrations.github.client import GitHubClient

__all__ = ["GitHubClient"]
