"""Reads what Azure DevOps answers about work items. Pure and total.

Shapes: Azure DevOps' published description of version 7.1. Everything here raises HostUnavailable
for a shape that the description does not allow, unless it says otherwise.
"""

import re
from dataclasses import dataclass
from datetime import datetime

from sentry.integrations.source_code_management.errors import InvalidArgument
from sentry.integrations.source_code_management.json_reader import (
    Json,
    JsonObject,
    as_object,
    as_objects,
)
from sentry.integrations.source_code_management.types import IssueState
from sentry.integrations.vsts.html_text import split_marker, to_text
from sentry.integrations.vsts.parse import listed, parse_project_of

DESCRIPTION = "System.Description"
# Where the forms of bugs show what other types have in their description.
REPRO_STEPS = "Microsoft.VSTS.TCM.ReproSteps"
FIELDS = (
    "System.Id",
    "System.TeamProject",
    "System.WorkItemType",
    "System.Title",
    "System.State",
    "System.AssignedTo",
    "System.CreatedDate",
    DESCRIPTION,
    REPRO_STEPS,
)
_CLOSED = frozenset({"Completed", "Removed"})
_KEY = re.compile(r"(?P<project>[^#/]+)#(?P<number>[1-9][0-9]{0,9})")
_MARKER = re.compile(r"[A-Za-z0-9_\-]*")
_MAX_NUMBER = 2**31 - 1
# The host's names of a work item's fields, and ours.
_OURS = {
    "System.Title": "title",
    "Title": "title",
    DESCRIPTION: "description",
    REPRO_STEPS: "description",
    "System.Tags": "labels",
    "Tags": "labels",
    "System.AssignedTo": "assignee",
    "Assigned To": "assignee",
}
_NAMED_FIELD = re.compile(r"field '?(?P<name>Title|Tags|Assigned To)\b")


@dataclass(frozen=True, kw_only=True, slots=True)
class WorkItem:
    """A work item; ``state`` and ``kind`` are the process's own names."""

    number: int
    project: str
    kind: str
    state: str
    title: str
    description: str
    marker: str
    assignee: str
    created_at: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class WorkItemState:
    """A state of a type of work items, in the process's order, and what it means."""

    name: str
    category: str

    @property
    def meaning(self) -> IssueState:
        """Whether a work item in this state still asks for something."""
        return IssueState.CLOSED if self.category in _CLOSED else IssueState.OPEN


def parse_issue_key(key: str) -> tuple[str, int]:
    """Takes "project#7" apart.

    Raises:
        InvalidArgument: it is none.
    """
    match = _KEY.fullmatch(key)
    if match is None or int(match["number"]) > _MAX_NUMBER:
        raise InvalidArgument("key", "must be project#number")
    return parse_project_of(match["project"], field_name="key"), int(match["number"])


def checked_marker(marker: str) -> str:
    """The marker, if it can be told apart from what stands around it.

    Raises:
        InvalidArgument: it cannot.
    """
    if not _MARKER.fullmatch(marker):
        raise InvalidArgument("marker", "must be letters, digits, - or _")
    return marker


def parse_work_item(value: Json) -> WorkItem:
    """One work item."""
    return _work_item(as_object(value, "work item"))


def parse_work_items(value: Json) -> list[WorkItem]:
    """POST /workitemsbatch; those that are gone are null there, and left out."""
    answer = as_object(value, "work items")
    items = answer.get("value")
    if isinstance(items, list):
        items = [item for item in items if item is not None]
    return [_work_item(item) for item in as_objects(items, "work items.value")]


def _work_item(item: JsonObject) -> WorkItem:
    fields = item.object("fields")
    html = fields.optional_text(DESCRIPTION) or fields.optional_text(REPRO_STEPS) or ""
    shown, marker = split_marker(html)
    return WorkItem(
        number=item.integer("id"),
        project=fields.text("System.TeamProject"),
        kind=fields.text("System.WorkItemType"),
        state=fields.text("System.State"),
        title=fields.text("System.Title"),
        description=to_text(shown),
        marker=marker,
        assignee=_account(fields.get("System.AssignedTo")),
        created_at=fields.optional_time("System.CreatedDate"),
    )


def _account(value: Json) -> str:
    """The name that signs an account in; older versions give one text for it."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    account = as_object(value, "work item.fields.System.AssignedTo")
    return account.optional_text("uniqueName") or account.optional_text("displayName") or ""


def parse_numbers(value: Json) -> list[int]:
    """The work items that POST /wiql found, in its order."""
    return [item.integer("id") for item in as_object(value, "query").objects("workItems")]


def parse_states(value: Json) -> tuple[WorkItemState, ...]:
    """GET /workitemtypes/{type}/states."""
    return tuple(
        WorkItemState(name=item.text("name"), category=item.optional_text("category") or "")
        for item in listed(value, "states")
    )


def parse_comment_id(value: Json) -> int:
    """The id of a comment."""
    return as_object(value, "comment").integer("id")


def parse_rejected_field(value: Json) -> str:
    """The field of an issue, by our names, that a 400 complains of; "" where it names none."""
    error = as_object(value, "error")
    more = error.get("customProperties")
    faults = more.get("RuleValidationErrors") if isinstance(more, dict) else None
    for fault in faults if isinstance(faults, list) else ():
        name = fault.get("fieldReferenceName") if isinstance(fault, dict) else None
        if isinstance(name, str) and name in _OURS:
            return _OURS[name]
    message = error.get("message")
    match = _NAMED_FIELD.search(message) if isinstance(message, str) else None
    return _OURS[match["name"]] if match else ""
