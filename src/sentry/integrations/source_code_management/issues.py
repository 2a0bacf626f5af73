"""The capability of issues (tickets, work items) on a host."""

from datetime import datetime
from typing import Protocol, runtime_checkable

from sentry.integrations.source_code_management.types import (
    IssueCommentInfo,
    IssueInfo,
    IssueState,
    NewIssue,
    RepositoryRef,
)


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

    def find_issue_by_marker(
        self, repo: RepositoryRef, marker: str, *, since: datetime
    ) -> IssueInfo | None:
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

    def search_issues(self, repo: RepositoryRef, query: str) -> list[IssueInfo]:
        """Issues of a repository that fit the words, as the host orders them; at most 50.

        Args:
            repo: where to look, as ``NewIssue.repo`` names it.
            query: words; "" for the newest ones.

        Raises:
            NotFound: no such repository.
        """
        ...

    def create_issue_comment(self, key: str, body: str) -> IssueCommentInfo:
        """Comments on an issue, in Markdown. Never retried blindly.

        Raises:
            NotFound: no such issue.
        """
        ...

    def assign_issue(self, key: str, assignee: str) -> IssueInfo:
        """Makes one account of the host the issue's only assignee; "" makes it nobody's.

        Raises:
            NotFound: no such issue.
            InvalidArgument: the host knows no such account, or may not assign it (``assignee``).
        """
        ...

    def set_issue_state(self, key: str, state: IssueState) -> IssueInfo:
        """Closes or reopens an issue; one that is so already stays as it is.

        Raises:
            NotFound: no such issue.
        """
        ...
