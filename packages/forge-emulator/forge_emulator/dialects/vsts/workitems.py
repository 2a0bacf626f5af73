"""Work items over the store's issues: a project's, with a type, a state and fields.

An issue's `kind` is the type, its `status` the state; its labels are the tags. Ids count over the
whole organization.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import quote

from forge_emulator.dialects.vsts import process, serialize
from forge_emulator.dialects.vsts.errors import ApiError, bad_argument, rule_broken
from forge_emulator.repositories import stable_number
from forge_emulator.store import Issue

if TYPE_CHECKING:
    from datetime import datetime

    from forge_emulator.dialects.vsts.call import Call, Project
    from forge_emulator.dialects.vsts.process import Workflow
    from forge_emulator.json_types import JsonObject

_FIELD = re.compile(r"/fields/(?P<name>[\w.]+)")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_LONGEST_TITLE = 255
_NAMES = {"System.Title": "Title", "System.State": "State", "System.AssignedTo": "Assigned To"}
_WRITABLE = {
    *_NAMES,
    "System.Tags",
    "System.History",
    process.DESCRIPTION,
    process.REPRO_STEPS,
}


def home_of(key: str) -> int:
    """The number under which the store keeps a project's issues, by the project's key."""
    return stable_number(f"project:{key}")


def home(project: Project) -> int:
    return home_of(project.key)


def workflows(call: Call, project: Project) -> dict[str, Workflow]:
    """The types of the project's process, by name."""
    return dict(process.PROCESSES[call.world.workflows.get(project.name, "Basic")])


def draft(call: Call, project: Project, kind: str, state: str) -> Issue:
    """A work item that has neither an id nor a title yet."""
    return Issue(
        id=0,
        number=0,
        repository_id=home(project),
        title="",
        body=None,
        author=call.identity.login,
        created_at=call.now,
        updated_at=call.now,
        kind=kind,
        status=state,
    )


def find(call: Call, project: Project, number: int) -> Issue:
    """A work item of a project; raises `ApiError` 404."""
    for issue in call.world.store.issues(home(project)):
        if issue.id == number:
            return issue
    message = f"TF401232: Work item {number} does not exist, or you do not have permissions."
    raise ApiError(404, message, key="WorkItemUnauthorizedAccessException")


def fields_of(project: Project, issue: Issue, *, comments: int = 0) -> JsonObject:
    """Every field that has a value."""
    value: JsonObject = {
        "System.Id": issue.id,
        "System.AreaPath": project.name,
        "System.TeamProject": project.name,
        "System.IterationPath": project.name,
        "System.WorkItemType": issue.kind,
        "System.State": issue.status,
        "System.Reason": "Added to backlog",
        "System.CreatedDate": serialize.fine_time(issue.created_at),
        "System.CreatedBy": serialize.identity(issue.author),
        "System.ChangedDate": serialize.fine_time(issue.updated_at),
        "System.ChangedBy": serialize.identity(issue.author),
        "System.CommentCount": comments,
        "System.Title": issue.title,
    }
    if issue.body:
        shown = process.REPRO_STEPS if issue.kind == "Bug" else process.DESCRIPTION
        value[shown] = issue.body
    if issue.assignees:
        value["System.AssignedTo"] = serialize.identity(issue.assignees[0])
    if issue.labels:
        value["System.Tags"] = "; ".join(issue.labels)
    return value


def work_item(call: Call, project: Project, issue: Issue, names: Sequence[str] = ()) -> JsonObject:
    """A work item, of its fields only those that are named where some are."""
    comments = len(call.world.store.comments(home(project), issue.number))
    fields = fields_of(project, issue, comments=comments)
    if names:
        fields = {name: value for name, value in fields.items() if name in names}
    url = f"{call.root}/{project.id}/_apis/wit/workItems/{issue.id}"
    value: JsonObject = {"id": issue.id, "rev": 1 + comments, "fields": fields, "url": url}
    if not names:
        page = f"{call.root}/{quote(project.name)}/_workitems/edit/{issue.id}"
        value["_links"] = {"self": {"href": url}, "html": {"href": page}}
    return value


def patched(call: Call, workflow: Workflow, issue: Issue, operations: object) -> Issue:
    """The issue after a JSON Patch (RFC 6902); raises `ApiError` 400."""
    if not isinstance(operations, list):
        raise bad_argument("You must pass a valid patch document in the body of the request.")
    for operation in operations:
        name, value = _operation(operation)
        issue = _changed(call, workflow, issue, name, value)
    if not issue.title:
        raise rule_broken("System.Title", "Title", "Required, InvalidEmpty")
    return replace(issue, updated_at=call.now)


def _operation(operation: object) -> tuple[str, str]:
    if not isinstance(operation, Mapping):
        raise bad_argument("An operation of the patch is no object.")
    match = _FIELD.fullmatch(str(operation.get("path", "")))
    if match is None or operation.get("op") not in {"add", "replace", "remove"}:
        raise bad_argument("An operation of the patch has no known path.")
    if match["name"] not in _WRITABLE:
        message = f"TF51535: Cannot find field {match['name']}."
        raise ApiError(400, message, key="WorkItemTrackingFieldDefinitionNotFoundException")
    removed = operation["op"] == "remove"
    return match["name"], "" if removed else str(operation.get("value", ""))


def _changed(call: Call, workflow: Workflow, issue: Issue, name: str, value: str) -> Issue:
    match name:
        case "System.Title":
            if len(value) > _LONGEST_TITLE:
                raise rule_broken(name, "Title", "InvalidTooLong")
            return replace(issue, title=value)
        case "System.State":
            return _in_state(workflow, issue, value, call.now)
        case "System.AssignedTo":
            return replace(issue, assignees=_account(call, value))
        case "System.Tags":
            tags = [tag.strip() for tag in value.split(";") if tag.strip()]
            return replace(issue, labels=tuple(dict.fromkeys(tags)))
        case process.DESCRIPTION | process.REPRO_STEPS:
            return replace(issue, body=_COMMENT.sub("", value))  # as the host cleans its HTML
        case _:
            return issue


def _in_state(workflow: Workflow, issue: Issue, state: str, now: datetime) -> Issue:
    if state not in workflow:
        raise rule_broken("System.State", "State", "HasValues, LimitedToValues, InvalidListValue")
    closed = process.is_closed(workflow, state)
    return replace(
        issue,
        status=state,
        state="closed" if closed else "open",
        closed_at=now if closed else None,
    )


def _account(call: Call, name: str) -> tuple[str, ...]:
    """The one account of that name; raises `ApiError` 400 where the host knows none."""
    if not name:
        return ()
    world = call.world
    known = {*world.credentials.logins(), *world.users.values(), *world.users}
    for account in sorted(known):
        if account.lower() == name.lower():
            return (account,)
    raise rule_broken("System.AssignedTo", "Assigned To", "HasValues, InvalidIdentity")
