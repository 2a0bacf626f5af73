"""GitHub's calls about issues: path, call, parse."""

from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from itertools import islice

from sentry.integrations.github import parse, parse_reads
from sentry.integrations.github.names import in_repository
from sentry.integrations.github.reads import quoted
from sentry.integrations.github.repositories import GitHubRepositories
from sentry.integrations.source_code_management.errors import (
    HostRejected,
    InvalidArgument,
    ScmError,
)
from sentry.integrations.source_code_management.http import HostSession
from sentry.integrations.source_code_management.http_answers import HostResponse
from sentry.integrations.source_code_management.http_paths import Route, route
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
_INVALID = HTTPStatus.UNPROCESSABLE_ENTITY
_REFUSALS = frozenset({int(HTTPStatus.GONE), int(_INVALID)})
_CLOCK_DRIFT = timedelta(minutes=5)  # between GitHub's clock and ours


class GitHubIssues:
    """A part of ``GitHubClient``.

    An issue's key holds the name that its repository has when the issue is told. What is asked by
    a key alone goes by that name.
    """

    def __init__(self, session: HostSession, repositories: GitHubRepositories) -> None:
        """Shares the client's session."""
        self._session = session
        self._repositories = repositories

    def create(self, issue: NewIssue) -> IssueInfo:
        """Opens an issue; sent once, whatever happens."""
        body: dict[str, Json] = {
            "title": issue.title,
            "body": with_marker(issue.description, issue.marker),
        }
        if issue.labels:
            body["labels"] = list(issue.labels)
        if issue.assignee:
            body["assignees"] = [issue.assignee]
        answer = self._session.post_json(
            in_repository(issue.repo, "/issues"),
            resource="repository",
            json=body,
            passed=_REFUSALS,
        )
        if answer.status >= _FIRST_ERROR:
            raise _no_issue(answer)
        return parse.parse_issue(answer.json())

    def find_by_marker(
        self, repo: RepositoryRef, marker: str, *, since: datetime
    ) -> IssueInfo | None:
        """The issue with this marker among the newest 1,000 that were opened since then."""
        since = since.astimezone(UTC) - _CLOCK_DRIFT
        pages = self._session.pages(
            in_repository(repo, "/issues"),
            resource="repository",
            query={
                "state": "all",
                "sort": "created",
                "direction": "desc",
                "since": since.strftime("%Y-%m-%dT%H:%M:%SZ"),
                "per_page": _PER_PAGE,
            },
        )
        for page in islice(pages, _ISSUE_PAGES):
            for item in parse.parse_issues(page.json()):
                if item.created_at < since:
                    return None
                if item.marker == marker and not item.is_pull_request:
                    return item.issue
        return None

    def get(self, key: str) -> IssueInfo:
        """One issue by "owner/name#number"."""
        where = _where(key)
        return parse.parse_issue(self._session.get_json(where, resource="issue").json())

    def search(self, repo: RepositoryRef, query: str) -> list[IssueInfo]:
        """Issues that hold every word; without any, the newest."""
        words = [quoted(word) for word in query.split()]
        if not words:
            where = in_repository(repo, "/issues")
            options: dict[str, str | int] = {"state": "all", "per_page": _PER_PAGE}
            found = self._session.get_json(where, resource="repository", query=options).json()
        else:
            name = self._repositories.current_name(repo).identifier
            text = " ".join([*words, f"repo:{name}", "is:issue"])
            answer = self._session.get_json(
                route("/search/issues"),
                resource="repository",
                query={"q": text, "per_page": _MOST_FOUND},
            )
            found = parse_reads.parse_found_issues(answer.json())
        listed = parse.parse_issues(found)
        return [item.issue for item in listed if not item.is_pull_request][:_MOST_FOUND]

    def comment(self, key: str, body: str) -> IssueCommentInfo:
        """Comments on an issue; sent once, whatever happens."""
        where = _where(key, "/comments")
        answer = self._session.post_json(where, resource="issue", json={"body": body})
        return parse.parse_comment(answer.json())

    def assign(self, key: str, assignee: str) -> IssueInfo:
        """Makes one login the only assignee. GitHub drops whom it may not assign, or says 422."""
        answer = self._update(key, {"assignees": [assignee] if assignee else []})
        refused = InvalidArgument("assignee", "the host does not accept it")
        if answer.status >= _FIRST_ERROR:
            raise refused
        issue = parse.parse_issue(answer.json())
        if assignee and assignee.lower() not in {name.lower() for name in issue.assignees}:
            raise refused
        return issue

    def set_state(self, key: str, state: IssueState) -> IssueInfo:
        """Closes or reopens an issue."""
        answer = self._update(key, {"state": state.value})
        if answer.status >= _FIRST_ERROR:
            raise _no_issue(answer)
        return parse.parse_issue(answer.json())

    def _update(self, key: str, change: Json) -> HostResponse:
        return self._session.request(
            "PATCH",
            _where(key),
            resource="issue",
            json=change,
            repeatable=True,  # it says what shall be, not what shall change
            passed=frozenset({int(_INVALID)}),
        )


def _where(key: str, rest: str = "") -> Route:
    """A path below the issue of a key."""
    name, number = parse.parse_issue_key(key)
    repo = RepositoryRef(identifier=name.identifier)
    return in_repository(repo, "/issues/{number}" + rest, number=number)


def _no_issue(answer: HostResponse) -> ScmError:
    """Why GitHub did not open an issue."""
    if answer.status == HTTPStatus.GONE:
        return HostRejected("the repository's issues are switched off", status=answer.status)
    fields = parse.parse_rejected_fields(answer.json())
    if fields:
        return InvalidArgument(fields[0], "the host does not accept it")
    return HostRejected("the host rejected the issue", status=answer.status)
