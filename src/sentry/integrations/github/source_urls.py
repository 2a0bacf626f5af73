"""Links to source code on GitHub, both ways. Pure."""

from sentry.integrations.source_code_management.source_links import BranchInPathLinks


class SourceUrls(BranchInPathLinks):
    """Makes and reads the URLs of one GitHub's pages."""
