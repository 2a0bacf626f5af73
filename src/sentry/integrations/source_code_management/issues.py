"""The capability of issues (tickets, work items) on a host."""

from datetime import datetime
from typing import Protocol, runtime_checkable

from sentry.integrations.source_code_management.types import IssueInfo, NewIssue


@runtime_checkable
class SourceCodeIssueIntegration(Protocol):
    """Opens and reads issues."""

    def create_issue(self, issue: NewIssue) -> IssueInfo:
        """Opens an issue. Never retried blindly: a second call opens a second one.

        Raises:
            NotFound: no such repository.
            InvalidArgument: the host does not accept a field.
        """
        ...

    def find_issue_by_marker(self, repo: str, marker: str, *, since: datetime) -> IssueInfo | None:
        """The issue that carries the marker, among those opened since then; None where none does.

        Reads the list of issues, not the host's search, which lags.
        """
        ...

    def get_issue(self, key: str) -> IssueInfo:
        """One issue by the platform's key for it.

        Raises:
            NotFound: no such issue.
        """
        ...

    def get_issue_url(self, key: str) -> str:
        """The issue's page. Makes no host request."""
        ...
