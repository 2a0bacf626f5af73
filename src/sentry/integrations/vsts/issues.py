"""Azure Boards' calls about work items: path, call, parse. Keys are "project#number"."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from itertools import batched

from sentry.integrations.source_code_management.errors import (
    HostRejected,
    InvalidArgument,
    NotFound,
    ScmError,
)
from sentry.integrations.source_code_management.http_answers import HostResponse
from sentry.integrations.source_code_management.http_paths import Route, route
from sentry.integrations.source_code_management.json_reader import Json
from sentry.integrations.source_code_management.types import (
    IssueCommentInfo,
    IssueInfo,
    IssueState,
    NewIssue,
    RepositoryRef,
)
from sentry.integrations.vsts import parse_issues
from sentry.integrations.vsts.api import VstsApi, type_key
from sentry.integrations.vsts.endpoints import Endpoints
from sentry.integrations.vsts.html_text import to_html
from sentry.integrations.vsts.names import project_of
from sentry.integrations.vsts.parse_issues import (
    DESCRIPTION,
    REPRO_STEPS,
    WorkItem,
    WorkItemState,
    parse_issue_key,
)

# The types to open, in the order of preference, and the field that shows the description. Every
# process that Azure DevOps comes with has one of them.
_TYPES = (("Issue", DESCRIPTION), ("Bug", REPRO_STEPS), ("Task", DESCRIPTION))
_COMMENTS_VERSION = "7.1-preview.4"
_PER_BATCH = 200
_SELECT = "SELECT [System.Id] FROM WorkItems"
_MARKED = 1000
_MOST_FOUND = 50
_CLOCK_DRIFT = timedelta(minutes=5)  # between the host's clock and ours
_NO_PROJECT = "ProjectDoesNotExist"
# Which categories of states to try, in order, for what a state is to mean.
_CATEGORIES = {
    IssueState.CLOSED: ("Completed",),
    IssueState.OPEN: ("Proposed", "InProgress", "Resolved"),
}


class VstsIssues:
    """A part of ``VstsClient``."""

    def __init__(self, api: VstsApi, endpoints: Endpoints) -> None:
        """Shares the client's services."""
        self._api = api
        self._endpoints = endpoints
        self._known_states: dict[tuple[str, str], tuple[WorkItemState, ...]] = {}

    def url(self, key: str) -> str:
        """A work item's page."""
        return self._endpoints.work_item(*parse_issue_key(key))

    def create(self, issue: NewIssue) -> IssueInfo:
        """Opens a work item of the first type that the project's process has.

        A type that it lacks is a 404, so that nothing was opened when the next one is tried;
        everything else is sent once, whatever happens.
        """
        project = project_of(issue.repo)
        operations = _operations(issue)
        for kind, field in _TYPES:
            where = _in_project(project, "/workitems/${kind}", kind=kind)
            shown = _set(field, to_html(issue.description, marker=issue.marker))
            answer = self._api.patch("POST", where, [*operations, shown])
            if answer.status == HTTPStatus.BAD_REQUEST:
                raise _refusal(answer)
            if answer.status != HTTPStatus.NOT_FOUND:
                made = parse_issues.parse_work_item(answer.json())
                return self._info(made, IssueState.OPEN)
            if type_key(answer).startswith(_NO_PROJECT):
                raise NotFound("repository")
        kinds = ", ".join(kind for kind, _ in _TYPES)
        raise HostRejected(f"the project has no work items of any of the types {kinds}", status=404)

    def find_by_marker(
        self, repo: RepositoryRef, marker: str, *, since: datetime
    ) -> IssueInfo | None:
        """The work item with this marker among the newest 1,000 that were opened since then."""
        project = project_of(repo)
        begin = (since.astimezone(UTC) - _CLOCK_DRIFT).strftime("%Y-%m-%dT%H:%M:%SZ")
        condition = f"[System.CreatedDate] >= {_literal(begin)}"
        order = "[System.CreatedDate] DESC"
        for numbers in batched(
            self._query(project, condition, order, most=_MARKED), _PER_BATCH, strict=False
        ):
            for item in self._batch(project, numbers):
                if item.marker == marker:
                    return self._with_state(item)
        return None

    def get(self, key: str) -> IssueInfo:
        """One work item."""
        return self._with_state(self._get(key))

    def search(self, repo: RepositoryRef, query: str) -> list[IssueInfo]:
        """Work items whose title or description holds every word, those last changed first."""
        project = project_of(repo)
        condition = " AND ".join(
            f"([System.Title] CONTAINS {_literal(word)}"
            f" OR [System.Description] CONTAINS WORDS {_literal(word)})"
            for word in query.split()
        )
        numbers = self._query(project, condition, "[System.ChangedDate] DESC", most=_MOST_FOUND)
        return [self._with_state(item) for item in self._batch(project, numbers)]

    def comment(self, key: str, body: str) -> IssueCommentInfo:
        """Comments on a work item, in Markdown; sent once, whatever happens."""
        project, number = parse_issue_key(key)
        answer = self._api.send(
            "POST",
            _in_project(project, "/workItems/{number}/comments", number=number),
            resource="issue",
            json={"text": body},
            query={"format": "markdown"},
            version=_COMMENTS_VERSION,
        )
        made = parse_issues.parse_comment_id(answer.json())
        return IssueCommentInfo(id=str(made), web_url=f"{self.url(key)}#{made}")

    def assign(self, key: str, assignee: str) -> IssueInfo:
        """Gives a work item to an account, by the name that signs it in, or to nobody."""
        answer = self._update(key, _set("System.AssignedTo", assignee))
        if answer.status == HTTPStatus.BAD_REQUEST:
            raise InvalidArgument("assignee", "the host does not accept it")
        return self._with_state(parse_issues.parse_work_item(answer.json()))

    def set_state(self, key: str, state: IssueState) -> IssueInfo:
        """Closes or reopens a work item by a state of its type that means it.

        Rules of the process may forbid the way to one of them; then the next one is tried.
        """
        item = self._get(key)
        states = self._states(item)
        if _meaning(states, item.state) is state:
            return self._info(item, state)
        refusal: ScmError = HostRejected("the work item's type has no state for this", status=400)
        for name in _candidates(states, state):
            answer = self._update(key, _set("System.State", name))
            if answer.status != HTTPStatus.BAD_REQUEST:
                return self._with_state(parse_issues.parse_work_item(answer.json()))
            refusal = HostRejected("the host rejected the change of state", status=400)
        raise refusal

    # --- parts -------------------------------------------------------------------------------

    def _get(self, key: str) -> WorkItem:
        project, number = parse_issue_key(key)
        where = _in_project(project, "/workitems/{number}", number=number)
        return parse_issues.parse_work_item(self._api.get(where, resource="issue").json())

    def _update(self, key: str, operation: Json) -> HostResponse:
        """Says what a field shall be, so that it may be repeated."""
        project, number = parse_issue_key(key)
        where = _in_project(project, "/workitems/{number}", number=number)
        answer = self._api.patch("PATCH", where, [operation], repeatable=True)
        if answer.status == HTTPStatus.NOT_FOUND:
            raise NotFound("issue")
        return answer

    def _query(self, project: str, condition: str, order: str, *, most: int) -> list[int]:
        """The numbers of the project's work items that fulfil a condition in WIQL."""
        conditions = " AND ".join(["[System.TeamProject] = @project", *filter(None, [condition])])
        query = f"{_SELECT} WHERE {conditions} ORDER BY {order}"
        answer = self._api.ask(
            _in_project(project, "/wiql"),
            resource="repository",
            json={"query": query},
            query={"$top": most, "timePrecision": "true"},
        )
        return parse_issues.parse_numbers(answer.json())[:most]

    def _batch(self, project: str, numbers: Sequence[int]) -> list[WorkItem]:
        """Up to 200 work items, in the order of their numbers there."""
        if not numbers:
            return []
        answer = self._api.ask(
            _in_project(project, "/workitemsbatch"),
            resource="repository",
            json={
                "ids": list(numbers),
                "fields": list(parse_issues.FIELDS),
                "errorPolicy": "omit",
            },
        )
        found = {item.number: item for item in parse_issues.parse_work_items(answer.json())}
        return [found[number] for number in numbers if number in found]

    def _states(self, item: WorkItem) -> tuple[WorkItemState, ...]:
        """The states of a work item's type, asked for once."""
        key = (item.project, item.kind)
        if key not in self._known_states:
            where = _in_project(item.project, "/workitemtypes/{kind}/states", kind=item.kind)
            answer = self._api.get(where, resource="issue")
            self._known_states[key] = parse_issues.parse_states(answer.json())
        return self._known_states[key]

    def _with_state(self, item: WorkItem) -> IssueInfo:
        return self._info(item, _meaning(self._states(item), item.state))

    def _info(self, item: WorkItem, state: IssueState) -> IssueInfo:
        return IssueInfo(
            key=f"{item.project}#{item.number}",
            title=item.title,
            description=item.description,
            web_url=self._endpoints.work_item(item.project, item.number),
            metadata={
                "project": item.project,
                "number": str(item.number),
                "type": item.kind,
                "state": item.state,
            },
            state=state,
            assignees=(item.assignee,) if item.assignee else (),
        )


def _in_project(project: str, rest: str, **values: str | int) -> Route:
    return route("/{project}/_apis/wit" + rest, project=project, **values)


def _set(field: str, value: str) -> Json:
    return {"op": "add", "path": f"/fields/{field}", "value": value}


def _operations(issue: NewIssue) -> list[Json]:
    """What a new work item has besides its description."""
    parse_issues.checked_marker(issue.marker)
    operations = [_set("System.Title", issue.title)]
    if issue.labels:
        if any(set(label) & set(";,") for label in issue.labels):
            raise InvalidArgument("labels", "must hold no comma and no semicolon")
        operations.append(_set("System.Tags", "; ".join(issue.labels)))
    if issue.assignee:
        operations.append(_set("System.AssignedTo", issue.assignee))
    return operations


def _refusal(answer: HostResponse) -> ScmError:
    """Why the host did not open a work item."""
    field = parse_issues.parse_rejected_field(answer.json())
    if field:
        return InvalidArgument(field, "the host does not accept it")
    return HostRejected("the host rejected the issue", status=answer.status)


def _literal(text: str) -> str:
    """A text as WIQL writes one."""
    doubled = text.replace("'", "''")
    return f"'{doubled}'"


def _meaning(states: Sequence[WorkItemState], name: str) -> IssueState:
    """What a state means; one that the type no longer has is open."""
    return next((each.meaning for each in states if each.name == name), IssueState.OPEN)


def _candidates(states: Sequence[WorkItemState], state: IssueState) -> Iterator[str]:
    for category in _CATEGORIES[state]:
        yield from (each.name for each in states if each.category == category)
