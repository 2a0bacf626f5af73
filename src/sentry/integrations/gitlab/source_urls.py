"""Links to source code on GitLab, both ways. Pure.

GitLab puts "/-/" between a project's path and its pages, since a group may be called "blob"; the
older form without it still leads there.
"""

import re

from sentry.integrations.source_code_management.source_links import BranchInPathLinks, quoted


class SourceUrls(BranchInPathLinks):
    """Makes and reads the URLs of one GitLab's pages."""

    separator = "-/"
    views = re.compile(r"(?:-/)?(?:blob|blame|raw|tree)/(?P<rest>.+)")

    def of_issue(self, identifier: str, number: int) -> str:
        """The page of an issue."""
        return f"{self._web_url}/{quoted(identifier)}/-/issues/{number}"
