"""Reads what GitLab answers about issues and accounts. Pure and total, as ``parse``."""

from dataclasses import dataclass
from datetime import datetime

from sentry.integrations.source_code_management.issue_markers import split_marker
from sentry.integrations.source_code_management.json_reader import (
    Json,
    JsonObject,
    as_object,
    as_objects,
)
from sentry.integrations.source_code_management.types import (
    IssueCommentInfo,
    IssueInfo,
    IssueState,
)

# GitLab's names of an issue's fields, and ours.
_FIELDS = {
    "title": "title",
    "description": "description",
    "labels": "labels",
    "assignee_ids": "assignee",
    "assignees": "assignee",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class ListedIssue:
    """An issue in a list: what finding one by its marker needs beside the issue itself."""

    issue: IssueInfo
    marker: str
    created_at: datetime


def parse_issue(value: Json, repo: str) -> IssueInfo:
    """One issue. Its key has its project's present path; ``repo`` where GitLab tells none."""
    return _listed(as_object(value, "issue"), repo).issue


def parse_issues(value: Json, repo: str) -> list[ListedIssue]:
    """A page of issues of a project, as ``parse_issue``."""
    return [_listed(item, repo) for item in as_objects(value, "issues")]


def _listed(item: JsonObject, repo: str) -> ListedIssue:
    number, state = item.integer("iid"), item.text("state")
    repo = _home_of(item) or repo
    description, marker = split_marker(item.optional_text("description") or "")
    assignees = [] if item.get("assignees") is None else item.objects("assignees")
    issue = IssueInfo(
        key=f"{repo}#{number}",
        title=item.text("title"),
        description=description,
        web_url=item.text("web_url"),
        metadata={"repo": repo, "number": str(number), "state": state},
        state=IssueState.CLOSED if state == "closed" else IssueState.OPEN,
        assignees=tuple(user.text("username") for user in assignees),
    )
    return ListedIssue(issue=issue, marker=marker, created_at=item.time("created_at"))


def _home_of(issue: JsonObject) -> str:
    """The path of an issue's project; "" from a GitLab before 12.6."""
    references = issue.optional_object("references")
    full = (references and references.optional_text("full")) or ""
    return full.partition("#")[0]


def parse_note(value: Json, issue_url: str) -> IssueCommentInfo:
    """A comment; its page is a place on the issue's."""
    number = as_object(value, "note").integer("id")
    return IssueCommentInfo(id=str(number), web_url=f"{issue_url}#note_{number}")


def parse_user_id(value: Json, username: str) -> int | None:
    """The number of the account of exactly this name, letter case ignored; None without one."""
    for user in as_objects(value, "users"):
        if user.text("username").casefold() == username.casefold():
            return user.integer("id")
    return None


def parse_rejected_fields(value: Json) -> list[str]:
    """The fields of an issue, by our names, that a 400 or 422 complains of.

    A model's complaint is an object by field, a parameter's one is a text that begins with it.
    """
    answer = as_object(value, "error")
    message, error = answer.get("message"), answer.get("error")
    names = list(message) if isinstance(message, dict) else []
    if isinstance(error, str):
        names.append(error.partition(" ")[0].partition("[")[0])
    return [_FIELDS[name] for name in names if name in _FIELDS]
