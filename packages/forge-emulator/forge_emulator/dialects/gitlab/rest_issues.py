"""Issues and their notes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from forge_emulator.dialects.gitlab import serialize_issues
from forge_emulator.dialects.gitlab.call import optional_text, text_list
from forge_emulator.dialects.gitlab.errors import (
    ApiError,
    bad_parameter,
    bad_value,
    not_found,
)
from forge_emulator.dialects.gitlab.limits import API
from forge_emulator.dialects.gitlab.rest_users import accounts
from forge_emulator.dialects.gitlab.serialize import user_number
from forge_emulator.routes import Route

if TYPE_CHECKING:
    from collections.abc import Mapping

    from werkzeug.wrappers import Response

    from forge_emulator.dialects.gitlab.call import Call
    from forge_emulator.json_types import JsonObject
    from forge_emulator.repositories import Repository
    from forge_emulator.store import Issue

_LONGEST_TITLE = 255
_LONGEST_TEXT = 1_048_576
_STATES = {"opened": "open", "closed": "closed"}
_TIMES = {"created_at": "created_at", "updated_at": "updated_at"}


def issue_json(call: Call, found: Repository, issue: Issue) -> JsonObject:
    notes = len(call.world.store.comments(found.id, issue.number))
    return serialize_issues.issue(call.urls, found, issue, notes=notes)


def create_issue(call: Call, id: str) -> Response:  # noqa: A002 - the path's own name
    """A new issue. An assignee whom the host does not know is left out without a word."""
    found = _with_issues(call.writable(id))
    body = call.body()
    issue = call.world.store.create_issue(
        repository_id=found.id,
        title=_title(body) or _missing("title"),
        body=_text(body, "description"),
        author=call.login,
        now=call.now,
        labels=text_list(body, "labels") or (),
        assignees=_assignees(call, body) or (),
    )
    return call.answer(issue_json(call, found, issue), 201)


def _missing(name: str) -> str:
    raise bad_parameter(f"{name} is missing")


def list_issues(call: Call, id: str) -> Response:  # noqa: A002 - the path's own name
    """Issues by state, words, times, labels and numbers, in numbered pages."""
    found = _with_issues(call.project(id))
    order = call.request.args.get("order_by", "created_at")
    if order not in _TIMES:
        raise bad_parameter("order_by does not have a valid value")
    chosen = [each for each in call.world.store.issues(found.id) if _is_wanted(call, each)]
    chosen.sort(key=lambda each: (getattr(each, _TIMES[order]), each.id))
    if call.request.args.get("sort", "desc") == "desc":
        chosen.reverse()
    return call.page(chosen, lambda issue: issue_json(call, found, issue))


def _is_wanted(call: Call, issue: Issue) -> bool:
    arguments = call.request.args
    state = arguments.get("state", "all")
    if state not in {*_STATES, "all"}:
        raise bad_parameter("state does not have a valid value")
    after, before = _time(call, "created_after"), _time(call, "created_before")
    labels = {name for name in arguments.get("labels", "").split(",") if name}
    numbers = arguments.getlist("iids[]")
    return (
        state in {"all", *(name for name, value in _STATES.items() if value == issue.state)}
        and holds(issue, arguments.get("search", ""))
        and (after is None or issue.created_at >= after)
        and (before is None or issue.created_at <= before)
        and labels <= set(issue.labels)
        and (not numbers or str(issue.number) in numbers)
    )


def holds(issue: Issue, words: str) -> bool:
    """Whether every word stands in the title or in the description, letter case ignored."""
    text = f"{issue.title}\n{issue.body or ''}".lower()
    return all(word in text for word in words.lower().split())


def _time(call: Call, name: str) -> datetime | None:
    value = call.request.args.get(name)
    if not value:
        return None
    try:
        when = datetime.fromisoformat(value)
    except ValueError as error:
        raise bad_parameter(f"{name} is invalid") from error
    return when if when.tzinfo else when.replace(tzinfo=UTC)


def get_issue(call: Call, id: str, issue_iid: int) -> Response:  # noqa: A002 - the path's own name
    found = _with_issues(call.project(id))
    return call.answer(issue_json(call, found, _issue(call, found, issue_iid)))


def update_issue(call: Call, id: str, issue_iid: int) -> Response:  # noqa: A002 - likewise
    """Change what the body names; to close what is closed changes nothing."""
    found = _with_issues(call.writable(id))
    issue = _issue(call, found, issue_iid)
    body = call.body()
    labels, assignees = text_list(body, "labels"), _assignees(call, body)
    issue = replace(
        _with_state(call, issue, body),
        title=_title(body) or issue.title,
        body=_text(body, "description") if "description" in body else issue.body,
        labels=issue.labels if labels is None else labels,
        assignees=issue.assignees if assignees is None else assignees,
        updated_at=call.now,
    )
    return call.answer(issue_json(call, found, call.world.store.save_issue(issue)))


def _with_state(call: Call, issue: Issue, body: Mapping[str, object]) -> Issue:
    event = optional_text(body, "state_event")
    if event not in {None, "close", "reopen"}:
        raise bad_parameter("state_event does not have a valid value")
    if event == "close" and issue.state == "open":
        return replace(issue, state="closed", closed_at=call.now)
    if event == "reopen" and issue.state == "closed":
        return replace(issue, state="open", closed_at=None)
    return issue


def list_notes(call: Call, id: str, issue_iid: int) -> Response:  # noqa: A002 - likewise
    """The comments of an issue, newest first unless `sort` is asc."""
    found = _with_issues(call.project(id))
    issue = _issue(call, found, issue_iid)
    notes = call.world.store.comments(found.id, issue.number)
    if call.request.args.get("sort", "desc") == "desc":
        notes.reverse()
    return call.page(notes, lambda each: serialize_issues.note(call.urls, found, each, issue.id))


def create_note(call: Call, id: str, issue_iid: int) -> Response:  # noqa: A002 - likewise
    found = _with_issues(call.writable(id))
    issue = _issue(call, found, issue_iid)
    text = _text(call.body(), "body") or _missing("body")
    note = call.world.store.create_comment(issue=issue, body=text, author=call.login, now=call.now)
    return call.answer(serialize_issues.note(call.urls, found, note, issue.id), 201)


def _with_issues(found: Repository) -> Repository:
    if not found.hosted.has_issues:
        raise ApiError(403)
    return found


def _issue(call: Call, found: Repository, number: int) -> Issue:
    try:
        return call.world.store.issue(found.id, number)
    except KeyError as error:
        raise not_found("Issue") from error


def _title(body: Mapping[str, object]) -> str | None:
    title = optional_text(body, "title")
    if title is not None and len(title) > _LONGEST_TITLE:
        raise bad_value({"title": [f"is too long (maximum is {_LONGEST_TITLE} characters)"]})
    if title is not None and not title.strip():
        raise bad_value({"title": ["can't be blank"]})
    return title


def _text(body: Mapping[str, object], field: str) -> str | None:
    text = optional_text(body, field)
    if text is not None and len(text) > _LONGEST_TEXT:
        raise bad_value({field: [f"is too long (maximum is {_LONGEST_TEXT} characters)"]})
    return text


def _assignees(call: Call, body: Mapping[str, object]) -> tuple[str, ...] | None:
    """The logins of `assignee_ids`; 0 stands for nobody, an unknown number for nothing."""
    value = body.get("assignee_ids")
    if value is None:
        return None
    numbers = value if isinstance(value, list) else [value]
    if not all(isinstance(each, int) and not isinstance(each, bool) for each in numbers):
        raise bad_parameter("assignee_ids is invalid")
    known = {user_number(login): login for login in accounts(call)}
    return tuple(dict.fromkeys(known[each] for each in numbers if each in known))


_ISSUES = "/api/v4/projects/<id>/issues"

ROUTES = [
    Route("POST", _ISSUES, create_issue, API),
    Route("GET", _ISSUES, list_issues, API),
    Route("GET", f"{_ISSUES}/<int:issue_iid>", get_issue, API),
    Route("PUT", f"{_ISSUES}/<int:issue_iid>", update_issue, API),
    Route("GET", f"{_ISSUES}/<int:issue_iid>/notes", list_notes, API),
    Route("POST", f"{_ISSUES}/<int:issue_iid>/notes", create_note, API),
]
