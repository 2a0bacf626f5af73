"""The server's credentials are GitHub's: a token, or an App's installation."""

from sentry.integrations.github.auth import InstallationAuth, TokenAuth, installation_auth

__all__ = ["InstallationAuth", "TokenAuth", "installation_auth"]
