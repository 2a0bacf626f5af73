"""What GitLab's description says and GitLab does not do.

The description was generated from the source code: where that says no type, it says "string", and
a list of entities shows as one entity. The payloads are named by their path below the contracts'
`payloads`.
"""

from collections.abc import Iterable

from forge_emulator.contracts.overlay import Deviation

_SCHEMAS = "openapi.json#/components/schemas"
_PATHS = "openapi.json#/paths/~1api~1v4"
_PROJECT = f"{_PATHS}~1projects~1{{id}}"
_ANSWER = "get/responses/200/content/application~1json/schema"

_BOOLEAN = {"type": "boolean", "nullable": True}
_INTEGER = {"type": "integer", "nullable": True}
_TEXT = {"type": "string", "nullable": True}
_TEXTS = {"type": "array", "items": {"type": "string"}}
_USER = "#/components/schemas/API_Entities_UserBasic"
_USERS = {"type": "array", "items": {"$ref": _USER}}
_TASKS = {
    "type": "object",
    "properties": {"count": {"type": "integer"}, "completed_count": {"type": "integer"}},
}


def _typed(entity: str, value: object, reason: str, names: Iterable[str]) -> list[Deviation]:
    """Properties of one entity that are of another type."""
    return [Deviation(f"{_SCHEMAS}/{entity}/properties/{name}", value, reason) for name in names]


def _list_of(entity: str) -> dict[str, object]:
    return {"type": "array", "items": {"$ref": f"#/components/schemas/{entity}"}}


def _parameter(name: str, value: object, *, place: str = "query") -> dict[str, object]:
    needed = {"required": True} if place == "path" else {}
    return {"name": name, "in": place, "schema": value, **needed}


def _operation(schema: object, *parameters: object, status: int = 200) -> dict[str, object]:
    content = {"application/json": {"schema": schema}}
    answers = {str(status): {"description": "OK", "content": content}}
    return {"parameters": list(parameters), "responses": answers}


_PAGES = (_parameter("page", {"type": "integer"}), _parameter("per_page", {"type": "integer"}))
_PROJECT_ID = _parameter("id", {"type": "string"}, place="path")
_ISSUE_IID = _parameter("issue_iid", {"type": "integer"}, place="path")
_NOTE = {
    "type": "object",
    "properties": {
        **dict.fromkeys(("id", "noteable_id", "noteable_iid", "project_id"), _INTEGER),
        **dict.fromkeys(("type", "body", "noteable_type", "imported_from"), _TEXT),
        **dict.fromkeys(("system", "resolvable", "confidential", "internal"), _BOOLEAN),
        **{
            name: {"type": "string", "format": "date-time"} for name in ("created_at", "updated_at")
        },
        "imported": _BOOLEAN,
        "author": {"$ref": _USER},
        "commands_changes": {"type": "object"},
    },
}
_NEW_NOTE = {
    **_operation(_NOTE, _PROJECT_ID, _ISSUE_IID, status=201),
    "requestBody": {
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["body"],
                    "properties": {"body": {"type": "string"}},
                }
            }
        }
    },
}
_NEW_SYSTEM_HOOK = {
    **_operation({"type": "object"}, status=201),
    "requestBody": {"content": {"application/json": {"schema": {"type": "object"}}}},
}
_BLAME = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["commit", "lines"],
        "properties": {
            "lines": {"type": "array", "items": {"type": "string"}},
            "commit": {
                "type": "object",
                "required": ["id", "message", "authored_date", "author_name", "author_email"],
                "properties": {
                    **{
                        name: {"type": "string"}
                        for name in (
                            "id",
                            "message",
                            "author_name",
                            "author_email",
                            "committer_name",
                            "committer_email",
                        )
                    },
                    **{
                        name: {"type": "string", "format": "date-time"}
                        for name in ("authored_date", "committed_date")
                    },
                    "parent_ids": {"type": "array", "items": {"type": "string"}},
                },
            },
        },
    },
}

DEVIATIONS: tuple[Deviation, ...] = (
    # --- requests --------------------------------------------------------------------------------
    Deviation(
        f"{_PATHS}~1projects/get/parameters/33",
        _parameter("pagination", {"type": "string", "enum": ["keyset"]}),
        'the documentation\'s "Keyset-based pagination" has it for projects, ordered by id',
    ),
    *(
        Deviation(
            f"{_PROJECT}~1repository~1files~1{{file_path}}~1blame/get/parameters/{number}/required",
            False,
            "GitLab blames the whole file without a range (the contracts' README)",
        )
        for number in (3, 4)
    ),
    *(
        Deviation(
            f"{_SCHEMAS}/{name}/properties/signing_token",
            _TEXT,
            'newer than the description: merge request 231325, "Expose token presence flags and'
            ' signing token in Webhooks API"',
        )
        for name in ("postApiV4ProjectsIdHooks", "putApiV4ProjectsIdHooksHookId")
    ),
    *_typed(
        "API_Entities_ProjectHook",
        _BOOLEAN,
        "newer than the description: merge request 231325, as above",
        ("token_present", "signing_token_present"),
    ),
    # --- operations that are not described -------------------------------------------------------
    Deviation(
        f"{_PATHS}~1user",
        {"get": _operation({"type": "object", "required": ["id", "username"]})},
        'not in this selection of paths; the documentation\'s "Users API"',
    ),
    Deviation(
        f"{_PATHS}~1users",
        {
            "get": _operation(
                _list_of("API_Entities_UserBasic"),
                _parameter("username", {"type": "string"}),
                _parameter("search", {"type": "string"}),
                *_PAGES,
            )
        },
        'not in this selection of paths; the documentation\'s "Users API"',
    ),
    Deviation(
        f"{_PROJECT}~1issues~1{{issue_iid}}~1notes",
        {
            "get": _operation({"type": "array", "items": _NOTE}, _PROJECT_ID, _ISSUE_IID, *_PAGES),
            "post": _NEW_NOTE,
        },
        'not in this selection of paths; "Notes API", go-scm/gitlab/issue_note.json',
    ),
    Deviation(
        f"{_PATHS}~1hooks",
        {"post": _NEW_SYSTEM_HOOK},
        'not in this selection of paths; the documentation\'s "System hooks API"',
    ),
    # --- answers ---------------------------------------------------------------------------------
    Deviation(
        f"{_PROJECT}~1repository~1files~1{{file_path}}~1blame/get/responses/200/content",
        {"application/json": {"schema": _BLAME}},
        'the description has no schema; the documentation\'s "Get file blame history"',
    ),
    Deviation(
        f"{_PATHS}~1projects/{_ANSWER}/items",
        {"$ref": "#/components/schemas/API_Entities_ProjectWithAccess"},
        "without `simple` the list shows whole projects: go-scm/gitlab/repos.json",
    ),
    Deviation(
        f"{_PROJECT}~1repository~1tree/{_ANSWER}",
        _list_of("API_Entities_TreeObject"),
        "a list: go-scm/gitlab/content_list.json",
    ),
    Deviation(
        f"{_PROJECT}~1issues/{_ANSWER}",
        _list_of("API_Entities_Issue"),
        "a list: go-scm/gitlab/issues.json",
    ),
    *_typed(
        "API_Entities_ProjectAccess",
        _INTEGER,
        "numbers in the documentation's examples",
        ("access_level", "notification_level"),
    ),
    *_typed(
        "API_Entities_ProjectHook",
        _INTEGER,
        "numbers: go-scm/gitlab/hooks.json",
        ("id", "project_id"),
    ),
    *_typed(
        "API_Entities_Issue",
        _INTEGER,
        "numbers: go-scm/gitlab/issue.json, and the documentation's examples",
        ("upvotes", "downvotes", "merge_requests_count", "user_notes_count", "moved_to_id"),
    ),
    *_typed(
        "API_Entities_Issue",
        _BOOLEAN,
        "true or false in the documentation's examples",
        ("has_tasks", "imported"),
    ),
    *_typed("API_Entities_Issue", _USERS, "a list: go-scm/gitlab/issue.json", ("assignees",)),
    *_typed(
        "API_Entities_MergeRequestBasic",
        _INTEGER,
        "numbers: go-scm/gitlab/merge.json",
        (
            "upvotes",
            "downvotes",
            "user_notes_count",
            "source_project_id",
            "target_project_id",
            "approvals_before_merge",
        ),
    ),
    *_typed(
        "API_Entities_MergeRequestBasic",
        _BOOLEAN,
        "true or false: go-scm/gitlab/merge.json, and the documentation's examples",
        (
            "blocking_discussions_resolved",
            "discussion_locked",
            "draft",
            "force_remove_source_branch",
            "has_conflicts",
            "merge_when_pipeline_succeeds",
            "should_remove_source_branch",
            "squash",
            "squash_on_merge",
            "work_in_progress",
            "imported",
        ),
    ),
    *_typed(
        "API_Entities_MergeRequestBasic",
        _USERS,
        "lists in the documentation's examples",
        ("assignees", "reviewers"),
    ),
    *_typed(
        "API_Entities_MergeRequestBasic",
        _TEXTS,
        "a list: go-scm/gitlab/merge.json",
        ("labels",),
    ),
    *(
        Deviation(
            f"{_SCHEMAS}/{name}/properties/task_completion_status",
            _TASKS,
            "two counts in the documentation's examples",
        )
        for name in ("API_Entities_Issue", "API_Entities_MergeRequestBasic")
    ),
)
