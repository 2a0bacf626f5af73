"""GitLab's calls about issues: path, call, parse."""

from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from itertools import islice

from sentry.integrations.gitlab import parse_issues
from sentry.integrations.gitlab.names import Project, issue_of, project_of
from sentry.integrations.gitlab.source_urls import SourceUrls
from sentry.integrations.source_code_management.errors import (
    HostRejected,
    InvalidArgument,
    ScmError,
)
from sentry.integrations.source_code_management.http import HostSession
from sentry.integrations.source_code_management.http_answers import HostResponse
from sentry.integrations.source_code_management.http_paths import route
from sentry.integrations.source_code_management.issue_markers import with_marker
from sentry.integrations.source_code_management.json_reader import Json
from sentry.integrations.source_code_management.types import (
    IssueCommentInfo,
    IssueInfo,
    IssueState,
    NewIssue,
    RepositoryRef,
)

_PER_PAGE = 100
_ISSUE_PAGES = 10
_MOST_FOUND = 50
_FIRST_ERROR = 400
_REFUSALS = frozenset({int(HTTPStatus.BAD_REQUEST), int(HTTPStatus.UNPROCESSABLE_ENTITY)})
_CLOCK_DRIFT = timedelta(minutes=5)  # between GitLab's clock and ours
_NOBODY = 0  # GitLab's number for it
_EVENTS = {IssueState.CLOSED: "close", IssueState.OPEN: "reopen"}


class GitLabIssues:
    """Opens, reads and changes issues, over a client's session."""

    def __init__(self, session: HostSession, urls: SourceUrls) -> None:
        """Shares the client's session."""
        self._session = session
        self._urls = urls

    def create(self, issue: NewIssue) -> IssueInfo:
        """Opens an issue; sent once, whatever happens."""
        project = project_of(issue.repo)
        body: dict[str, Json] = {
            "title": issue.title,
            "description": with_marker(issue.description, issue.marker),
        }
        if issue.labels:
            body["labels"] = list(issue.labels)
        if issue.assignee:
            body["assignee_ids"] = [self._user_id(issue.assignee)]
        answer = self._session.post_json(
            project.route("/issues"),
            resource="repository",
            json=body,
            passed=_REFUSALS,
        )
        if answer.status >= _FIRST_ERROR:
            raise _refusal(answer)
        return parse_issues.parse_issue(answer.json(), issue.repo.identifier)

    def find_by_marker(
        self, repo: RepositoryRef, marker: str, *, since: datetime
    ) -> IssueInfo | None:
        """The issue with this marker among the newest 1,000 that were opened since then."""
        since = since.astimezone(UTC) - _CLOCK_DRIFT
        pages = self._session.pages(
            project_of(repo).route("/issues"),
            resource="repository",
            query={
                "created_after": since.strftime("%Y-%m-%dT%H:%M:%SZ"),
                "order_by": "created_at",
                "sort": "desc",
                "per_page": _PER_PAGE,
            },
        )
        for page in islice(pages, _ISSUE_PAGES):
            for item in parse_issues.parse_issues(page.json(), repo.identifier):
                if item.created_at < since:
                    return None
                if item.marker == marker:
                    return item.issue
        return None

    def get(self, key: str) -> IssueInfo:
        """One issue by "group/name#number"."""
        repo, number = issue_of(key)
        where = Project(address=repo).route("/issues/{number}", number=number)
        answer = self._session.get_json(where, resource="issue")
        return parse_issues.parse_issue(answer.json(), repo)

    def page_of(self, key: str) -> str:
        """The issue's page."""
        return self._urls.of_issue(*issue_of(key))

    def search(self, repo: RepositoryRef, query: str) -> list[IssueInfo]:
        """Issues whose titles or descriptions hold the words, newest first.

        Out of the project's own list, which lags behind nothing.
        """
        options: dict[str, str | int] = {
            "order_by": "created_at",
            "sort": "desc",
            "per_page": _MOST_FOUND,
        }
        if query.strip():
            options["search"] = query
        where = project_of(repo).route("/issues")
        answer = self._session.get_json(where, resource="repository", query=options)
        listed = parse_issues.parse_issues(answer.json(), repo.identifier)
        return [item.issue for item in listed[:_MOST_FOUND]]

    def comment(self, key: str, body: str) -> IssueCommentInfo:
        """Comments on an issue; sent once, whatever happens."""
        repo, number = issue_of(key)
        where = Project(address=repo).route("/issues/{number}/notes", number=number)
        answer = self._session.post_json(where, resource="issue", json={"body": body})
        return parse_issues.parse_note(answer.json(), self.page_of(key))

    def assign(self, key: str, assignee: str) -> IssueInfo:
        """Makes one account the only assignee. GitLab drops whom it may not assign."""
        number = self._user_id(assignee) if assignee else _NOBODY
        issue = self._update(key, {"assignee_ids": [number]})
        if assignee and assignee.casefold() not in {name.casefold() for name in issue.assignees}:
            raise InvalidArgument("assignee", "the host does not accept it")
        return issue

    def set_state(self, key: str, state: IssueState) -> IssueInfo:
        """Closes or reopens an issue."""
        return self._update(key, {"state_event": _EVENTS[state]})

    def _update(self, key: str, change: Json) -> IssueInfo:
        repo, number = issue_of(key)
        answer = self._session.request(
            "PUT",
            Project(address=repo).route("/issues/{number}", number=number),
            resource="issue",
            json=change,
            repeatable=True,  # it says what shall be, not what shall change
            passed=_REFUSALS,
        )
        if answer.status >= _FIRST_ERROR:
            raise _refusal(answer)
        return parse_issues.parse_issue(answer.json(), repo)

    def _user_id(self, username: str) -> int:
        """The number of an account.

        Raises:
            InvalidArgument: GitLab knows none of this name.
        """
        answer = self._session.get_json(
            route("/users"), resource="user", query={"username": username}
        )
        number = parse_issues.parse_user_id(answer.json(), username)
        if number is None:
            raise InvalidArgument("assignee", "the host knows no such account")
        return number


def _refusal(answer: HostResponse) -> ScmError:
    """Why GitLab did not open or change an issue."""
    fields = parse_issues.parse_rejected_fields(answer.json())
    if fields:
        return InvalidArgument(fields[0], "the host does not accept it")
    return HostRejected("the host rejected the issue", status=answer.status)
