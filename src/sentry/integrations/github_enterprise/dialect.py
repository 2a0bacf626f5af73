"""How GitHub Enterprise Server speaks HTTP: as GitHub does. Pure.

Its limits are off unless its owner switches them on: the headers that tell of them may be absent.
"""

from sentry.integrations.github.dialect import GitHubDialect


class GitHubEnterpriseDialect(GitHubDialect):
    """Fulfils ``HostDialect``."""

    provider = "github_enterprise"
