"""Work items: create, read, change, query, comment; and their types' states."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from forge_emulator.dialects.vsts import serialize, wiql, workitems
from forge_emulator.dialects.vsts.errors import ApiError, bad_argument
from forge_emulator.dialects.vsts.process import first_state
from forge_emulator.routes import Route

if TYPE_CHECKING:
    from collections.abc import Mapping

    from werkzeug.wrappers import Response

    from forge_emulator.dialects.vsts.call import Call, Project
    from forge_emulator.dialects.vsts.process import Workflow
    from forge_emulator.json_types import JsonObject
    from forge_emulator.store import Issue

_PATCH = "application/json-patch+json"
_MOST_AT_ONCE = 200
_MOST_FOUND = 20_000


def _operations(call: Call) -> object:
    if call.request.mimetype != _PATCH:
        raise ApiError(415, f"Only {_PATCH} is supported.")
    return call.json()


def _workflow(call: Call, project: Project, kind: str) -> tuple[str, Workflow]:
    for name, workflow in workitems.workflows(call, project).items():
        if name.lower() == kind.lower():
            return name, workflow
    message = (
        f"VS402323: Work item type {kind} does not exist in project {project.name} or you do not"
        " have permission to access it."
    )
    raise ApiError(404, message, key="WorkItemTypeNotFoundException")


def create(call: Call, project: str, kind: str) -> Response:
    found = call.project(project)
    name, workflow = _workflow(call, found, kind)
    draft = workitems.draft(call, found, name, first_state(workflow))
    made = call.world.store.add_issue(workitems.patched(call, workflow, draft, _operations(call)))
    return call.answer(workitems.work_item(call, found, made))


def get(call: Call, project: str, number: int) -> Response:
    found = call.project(project)
    names = [name for name in call.request.args.get("fields", "").split(",") if name]
    issue = workitems.find(call, found, number)
    return call.answer(workitems.work_item(call, found, issue, names))


def update(call: Call, project: str, number: int) -> Response:
    found = call.project(project)
    issue = workitems.find(call, found, number)
    _, workflow = _workflow(call, found, issue.kind)
    changed = workitems.patched(call, workflow, issue, _operations(call))
    return call.answer(workitems.work_item(call, found, call.world.store.save_issue(changed)))


def batch(call: Call, project: str) -> Response:
    """Up to 200 work items by their ids, in that order."""
    found = call.project(project)
    body = call.body()
    ids, names = body.get("ids"), body.get("fields") or []
    if not isinstance(ids, list) or not 0 < len(ids) <= _MOST_AT_ONCE:
        raise bad_argument("VS403474: You requested more than 200 work items, or none.")
    if not isinstance(names, list):
        raise bad_argument("fields is no list.")
    known = {issue.id: issue for issue in call.world.store.issues(workitems.home(found))}
    missing = [number for number in ids if number not in known]
    if missing and body.get("errorPolicy") != "omit":
        workitems.find(call, found, missing[0])
    shown = [
        workitems.work_item(call, found, known[number], [str(name) for name in names])
        for number in ids
        if number in known
    ]
    return call.listed(shown)


def query(call: Call, project: str) -> Response:
    """The ids that a query in WIQL selects."""
    found = call.project(project)
    try:
        asked = wiql.parse(str(call.body().get("query", "")), {"@project": found.name})
    except wiql.WiqlError as error:
        message = f"TF51006: The query statement is not understood: {error}."
        raise ApiError(400, message, key="QueryException") from error
    issues = call.world.store.issues(workitems.home(found))
    rows = [(_texts(found, issue), issue.id) for issue in issues]
    chosen = [row for row in rows if asked.condition(row[0])]
    for name, falls in reversed(asked.order):
        chosen.sort(key=partial(_rank, name), reverse=falls)
    top = call.number("$top", _MOST_FOUND)
    if not top:
        raise bad_argument("$top must be positive.")
    return call.answer(
        {
            "queryType": "flat",
            "queryResultType": "workItem",
            "asOf": serialize.fine_time(call.now),
            "columns": [],
            "workItems": [
                {"id": number, "url": f"{call.root}/_apis/wit/workItems/{number}"}
                for _, number in chosen[:top]
            ],
        }
    )


def _rank(name: str, row: tuple[Mapping[str, str], int]) -> str:
    return row[0].get(name, "")


def _texts(project: Project, issue: Issue) -> dict[str, str]:
    """The fields as a query compares them; ids in such a form that they sort."""
    fields = workitems.fields_of(project, issue)
    texts = {name: value for name, value in fields.items() if isinstance(value, str)}
    return texts | {"System.Id": f"{issue.id:09}"}


def list_types(call: Call, project: str) -> Response:
    found = call.project(project)
    return call.listed(
        [
            {"name": name, "referenceName": f"Emulated.{name}", "isDisabled": False}
            for name in workitems.workflows(call, found)
        ]
    )


def list_states(call: Call, project: str, kind: str) -> Response:
    _, workflow = _workflow(call, call.project(project), kind)
    return call.listed(
        [
            {"name": name, "color": "b2b2b2", "category": category}
            for name, category in workflow.items()
        ]
    )


def create_comment(call: Call, project: str, number: int) -> Response:
    found = call.project(project)
    issue = workitems.find(call, found, number)
    text = call.body().get("text")
    if not isinstance(text, str) or not text:
        raise bad_argument("text is missing.")
    comment = call.world.store.create_comment(
        issue=issue, body=text, author=call.identity.login, now=call.now
    )
    value: JsonObject = {
        "workItemId": issue.id,
        "id": comment.id,
        "version": 1,
        "text": comment.body,
        "format": call.request.args.get("format", "html"),
        "createdBy": serialize.identity(comment.author),
        "createdDate": serialize.fine_time(comment.created_at),
        "modifiedBy": serialize.identity(comment.author),
        "modifiedDate": serialize.fine_time(comment.updated_at),
        "url": f"{call.root}/{found.id}/_apis/wit/workItems/{issue.id}/comments/{comment.id}",
    }
    return call.answer(value)


_WIT = "/<organization>/<project>/_apis/wit"
PREVIEWS = {create_comment}

ROUTES = [
    Route("POST", f"{_WIT}/workitems/$<kind>", create, "vso.work!"),
    Route("GET", f"{_WIT}/workitems/<int:number>", get, "vso.work"),
    Route("PATCH", f"{_WIT}/workitems/<int:number>", update, "vso.work!"),
    Route("POST", f"{_WIT}/workitemsbatch", batch, "vso.work"),
    Route("POST", f"{_WIT}/wiql", query, "vso.work"),
    Route("GET", f"{_WIT}/workitemtypes", list_types, "vso.work"),
    Route("GET", f"{_WIT}/workitemtypes/<kind>/states", list_states, "vso.work"),
    Route("POST", f"{_WIT}/workItems/<int:number>/comments", create_comment, "vso.work!"),
]
