"""Issues, their comments, labels and assignees."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, cast, get_args

from werkzeug.wrappers import Response

from forge_emulator.dialects.github import serialize, serialize_issues
from forge_emulator.dialects.github.call import optional_text, text_list
from forge_emulator.dialects.github.errors import ApiError, invalid, missing_field, not_found
from forge_emulator.routes import Route
from forge_emulator.store import State, StateReason

if TYPE_CHECKING:
    from forge_emulator.dialects.github.call import Call
    from forge_emulator.json_types import JsonObject
    from forge_emulator.repositories import Repository
    from forge_emulator.store import Comment, Issue

_LONGEST_TITLE = 256
_LONGEST_BODY = 65_536
_SORTS = {"created": "created_at", "updated": "updated_at"}


def issue_json(call: Call, found: Repository, issue: Issue) -> JsonObject:
    store = call.world.store
    labels = {label.name: label for label in store.labels(found.id)}
    comments = len(store.comments(found.id, issue.number))
    return serialize_issues.issue(call.urls, found, issue, labels, comments=comments)


def create_issue(call: Call, owner: str, repo: str) -> Response:
    """A new issue; raises 422 for a bad field, 410 where issues are off."""
    found = _with_issues(call.writable(owner, repo))
    body = call.body()
    if not optional_text(body, "title"):
        raise missing_field("Issue", "title")
    issue = call.world.store.create_issue(
        repository_id=found.id,
        title=_title(body) or "",
        body=_text(body, "Issue"),
        author=call.login,
        now=call.now,
        labels=_labels(body) or (),
        assignees=_assignees(call, found, body) or (),
    )
    response = call.answer(issue_json(call, found, issue), 201)
    response.autocorrect_location_header = False
    response.headers["Location"] = f"{call.urls.repository(found)}/issues/{issue.number}"
    return response


def list_issues(call: Call, owner: str, repo: str) -> Response:
    """Issues by `state`, `labels`, `creator`, `assignee` and `since`, newest first."""
    found = _with_issues(call.repository(owner, repo))
    arguments = call.request.args
    state = _choice(arguments.get("state", "open"), ("open", "closed", "all"), "state")
    sort = _choice(arguments.get("sort", "created"), ("created", "updated", "comments"), "sort")
    order = _choice(arguments.get("direction", "desc"), ("asc", "desc"), "direction")
    wanted = {name.lower() for name in arguments.get("labels", "").split(",") if name}
    since = _since(arguments.get("since"))
    chosen = [
        issue
        for issue in call.world.store.issues(found.id)
        if state in {"all", issue.state}
        and wanted <= {name.lower() for name in issue.labels}
        and (since is None or issue.updated_at >= since)
        and arguments.get("creator", issue.author) == issue.author
        and _assigned(issue, arguments.get("assignee", "*any"))
    ]
    chosen.sort(key=lambda issue: _rank(call, issue, sort), reverse=order == "desc")
    return call.page(chosen, lambda issue: issue_json(call, found, issue))


def _rank(call: Call, issue: Issue, sort: str) -> tuple[float, int]:
    if sort == "comments":
        return len(call.world.store.comments(issue.repository_id, issue.number)), issue.id
    when: datetime = getattr(issue, _SORTS[sort])
    return when.timestamp(), issue.id


def _assigned(issue: Issue, wanted: str) -> bool:
    if wanted == "none":
        return not issue.assignees
    if wanted == "*":
        return bool(issue.assignees)
    return wanted == "*any" or wanted in issue.assignees


def get_issue(call: Call, owner: str, repo: str, number: int) -> Response:
    found = _with_issues(call.repository(owner, repo))
    return call.answer(issue_json(call, found, _issue(call, found, number)))


def update_issue(call: Call, owner: str, repo: str, number: int) -> Response:
    """Change what the body names; null empties a body and keeps everything else."""
    found = _with_issues(call.writable(owner, repo))
    issue = _issue(call, found, number)
    body = call.body()
    labels, assignees = _labels(body), _assignees(call, found, body)
    issue = replace(
        _with_state(call, issue, body),
        title=_title(body) or issue.title,
        body=_text(body, "Issue") if "body" in body else issue.body,
        labels=issue.labels if labels is None else labels,
        assignees=issue.assignees if assignees is None else assignees,
        updated_at=call.now,
    )
    return call.answer(issue_json(call, found, call.world.store.save_issue(issue)))


def _with_state(call: Call, issue: Issue, body: Mapping[str, object]) -> Issue:
    state, reason = optional_text(body, "state"), optional_text(body, "state_reason")
    if state is not None and state not in get_args(State):
        raise invalid("Issue", "state", value=state)
    if reason is not None and reason not in get_args(StateReason):
        raise invalid("Issue", "state_reason", value=reason)
    if state is None or state == issue.state:
        return issue
    usual = "completed" if state == "closed" else "reopened"
    return replace(
        issue,
        state=cast("State", state),
        state_reason=cast("StateReason", reason or usual),
        closed_at=call.now if state == "closed" else None,
    )


def list_comments(call: Call, owner: str, repo: str, number: int) -> Response:
    found = _with_issues(call.repository(owner, repo))
    issue = _issue(call, found, number)
    since = _since(call.request.args.get("since"))
    every = call.world.store.comments(found.id, issue.number)
    chosen = [comment for comment in every if since is None or comment.updated_at >= since]
    return call.page(chosen, lambda each: serialize_issues.comment(call.urls, found, each))


def create_comment(call: Call, owner: str, repo: str, number: int) -> Response:
    found = _with_issues(call.writable(owner, repo))
    issue = _issue(call, found, number)
    text = _text(call.body(), "IssueComment")
    if not text:
        raise missing_field("IssueComment", "body")
    comment = call.world.store.create_comment(
        issue=issue, body=text, author=call.login, now=call.now
    )
    return call.answer(serialize_issues.comment(call.urls, found, comment), 201)


def get_comment(call: Call, owner: str, repo: str, comment_id: int) -> Response:
    found = _with_issues(call.repository(owner, repo))
    comment = _comment(call, found, comment_id)
    return call.answer(serialize_issues.comment(call.urls, found, comment))


def update_comment(call: Call, owner: str, repo: str, comment_id: int) -> Response:
    found = _with_issues(call.writable(owner, repo))
    comment = _comment(call, found, comment_id)
    text = _text(call.body(), "IssueComment")
    if not text:
        raise missing_field("IssueComment", "body")
    changed = call.world.store.save_comment(replace(comment, body=text, updated_at=call.now))
    return call.answer(serialize_issues.comment(call.urls, found, changed))


def list_labels(call: Call, owner: str, repo: str) -> Response:
    found = call.repository(owner, repo)
    labels = call.world.store.labels(found.id)
    return call.page(labels, lambda each: serialize_issues.label(call.urls, found, each))


def list_assignees(call: Call, owner: str, repo: str) -> Response:
    found = call.repository(owner, repo)
    return call.page(assignable(call, found), lambda login: serialize.user(call.urls, login))


def assignable(call: Call, found: Repository) -> list[str]:
    """The logins that an issue may be given to: every account that the host knows."""
    known = {*call.world.credentials.logins(), *call.world.users.values()}
    return sorted(known | {found.hosted.owner})


def _with_issues(found: Repository) -> Repository:
    if not found.hosted.has_issues:
        raise ApiError(410)
    return found


def _issue(call: Call, found: Repository, number: int) -> Issue:
    try:
        return call.world.store.issue(found.id, number)
    except KeyError as error:
        raise not_found() from error


def _comment(call: Call, found: Repository, comment_id: int) -> Comment:
    try:
        return call.world.store.comment(found.id, comment_id)
    except KeyError as error:
        raise not_found() from error


def _title(body: Mapping[str, object]) -> str | None:
    title = optional_text(body, "title")
    if title is not None and len(title) > _LONGEST_TITLE:
        raise invalid("Issue", "title", "too_long")
    return title


def _text(body: Mapping[str, object], resource: str) -> str | None:
    text = optional_text(body, "body")
    if text is not None and len(text) > _LONGEST_BODY:
        raise invalid(resource, "body", message="body is too long (maximum is 65536 characters)")
    return text


def _labels(body: Mapping[str, object]) -> tuple[str, ...] | None:
    """Names, from texts or from objects with a name."""
    value = body.get("labels")
    if isinstance(value, list):
        value = [each.get("name") if isinstance(each, Mapping) else each for each in value]
    return text_list({"labels": value}, "labels")


def _assignees(call: Call, found: Repository, body: Mapping[str, object]) -> tuple[str, ...] | None:
    single = optional_text(body, "assignee")
    names = text_list(body, "assignees") if single is None else (single,)
    known = {login.lower(): login for login in assignable(call, found)}
    for name in names or ():
        if name.lower() not in known:
            raise invalid("Issue", "assignees", value=name)
    return None if names is None else tuple(dict.fromkeys(known[name.lower()] for name in names))


def _choice(value: str, allowed: tuple[str, ...], field: str) -> str:
    if value not in allowed:
        raise invalid("Issue", field, value=value)
    return value


def _since(value: str | None) -> datetime | None:
    if not value:
        return None
    try:
        when = datetime.fromisoformat(value)
    except ValueError as error:
        raise invalid("Issue", "since", value=value) from error
    if when.tzinfo is None:
        raise invalid("Issue", "since", value=value)
    return when


_ISSUES = "/repos/<owner>/<repo>/issues"

ROUTES = [
    Route("POST", _ISSUES, create_issue),
    Route("GET", _ISSUES, list_issues),
    Route("GET", f"{_ISSUES}/<int:number>", get_issue),
    Route("PATCH", f"{_ISSUES}/<int:number>", update_issue),
    Route("GET", f"{_ISSUES}/<int:number>/comments", list_comments),
    Route("POST", f"{_ISSUES}/<int:number>/comments", create_comment),
    Route("GET", f"{_ISSUES}/comments/<int:comment_id>", get_comment),
    Route("PATCH", f"{_ISSUES}/comments/<int:comment_id>", update_comment),
    Route("GET", "/repos/<owner>/<repo>/labels", list_labels),
    Route("GET", "/repos/<owner>/<repo>/assignees", list_assignees),
]
