"""What Bitbucket Cloud's description says and Bitbucket Cloud does not do.

Payloads are named by their path below the contracts' `payloads`; `intro` is the introduction to
the REST API on developer.atlassian.com.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from forge_emulator.contracts.overlay import Deviation

if TYPE_CHECKING:
    from collections.abc import Iterator

_PATHS = "openapi.json#/paths"
_SCHEMAS = "openapi.json#/components/schemas"
_REPOSITORY = "~1repositories~1{workspace}~1{repo_slug}"

# Lists, by where their query's parameters stand, and how many are described there.
_LISTS = {
    "~1repositories~1{workspace}/parameters": 1,
    f"{_REPOSITORY}~1commits/parameters": 2,
    f"{_REPOSITORY}~1commits~1{{revision}}/parameters": 3,
    f"{_REPOSITORY}~1diffstat~1{{spec}}/parameters": 8,
    f"{_REPOSITORY}~1hooks/parameters": 2,
    f"{_REPOSITORY}~1pullrequests/parameters": 2,
    f"{_REPOSITORY}~1refs/parameters": 2,
    f"{_REPOSITORY}~1refs~1branches/parameters": 2,
    f"{_REPOSITORY}~1refs~1tags/parameters": 2,
    f"{_REPOSITORY}~1src~1{{commit}}~1{{path}}/parameters": 4,
}
# What the text of these operations describes, and their parameters leave out.
_IN_WORDS = {"commits": ("include", "exclude", "path", "ctx")}
_HOOK_BODY = {
    "content": {
        "application/json": {
            "schema": {
                "type": "object",
                "required": ["url", "events"],
                "properties": {
                    "description": {"type": "string"},
                    "url": {"type": "string"},
                    "active": {"type": "boolean"},
                    "secret": {"type": "string", "maxLength": 128},
                    "events": {"type": "array", "items": {"type": "string"}},
                },
            }
        }
    }
}
_USER_WORKSPACES = {
    "parameters": [
        {"in": "query", "name": "page", "schema": {"type": "integer"}},
        {"in": "query", "name": "pagelen", "schema": {"type": "integer"}},
    ],
    "responses": {
        "200": {
            "content": {
                "application/json": {
                    "schema": {
                        "type": "object",
                        "properties": {
                            "values": {
                                "type": "array",
                                "items": {
                                    "type": "object",
                                    "required": ["workspace"],
                                    "properties": {
                                        "type": {"type": "string"},
                                        "administrator": {"type": "boolean"},
                                        "workspace": {"$ref": "#/components/schemas/workspace"},
                                    },
                                },
                            },
                            "next": {"type": "string"},
                            "previous": {"type": "string"},
                            "page": {"type": "integer"},
                            "pagelen": {"type": "integer"},
                            "size": {"type": "integer"},
                        },
                    }
                }
            }
        }
    },
}


def _text(name: str) -> dict[str, object]:
    return {"in": "query", "name": name, "schema": {"type": "string"}}


def _query_deviations() -> Iterator[Deviation]:
    """What every list takes, and what some of them take besides."""
    for place, count in _LISTS.items():
        named = next((names for key, names in _IN_WORDS.items() if f"~1{key}" in place), ())
        for index, name in enumerate(("page", "pagelen", *named), count):
            reason = "its own text names it" if name in named[:3] else "intro, pagination"
            yield Deviation(f"{_PATHS}/{place}/{index}", _text(name), reason)


DEVIATIONS: tuple[Deviation, ...] = (
    *_query_deviations(),
    Deviation(
        f"{_PATHS}/~1workspaces~1{{workspace}}~1search~1code/get/parameters/4",
        _text("fields"),
        "the operation's own text names it",
    ),
    Deviation(
        f"{_PATHS}/~1user~1workspaces",
        {"get": _USER_WORKSPACES},
        "since 2026 in the place of /workspaces: go-scm/bitbucket/user_workspaces.json",
    ),
    Deviation(
        f"{_PATHS}/{_REPOSITORY}~1hooks/post/requestBody",
        _HOOK_BODY,
        "the operation's own example sends it",
    ),
    Deviation(
        f"{_PATHS}/{_REPOSITORY}~1hooks~1{{uid}}/put/requestBody",
        _HOOK_BODY,
        "the operation's own text lists what may be changed",
    ),
    Deviation(
        f"{_PATHS}/{_REPOSITORY}~1src/get/responses/302",
        {"description": "The listing of the main branch's root."},
        "the operation's own text says that it redirects",
    ),
    Deviation(
        f"{_PATHS}/{_REPOSITORY}~1src~1{{commit}}~1{{path}}/get/responses/200/content"
        "/application~1json/schema",
        {
            "anyOf": [
                {"$ref": "#/components/schemas/paginated_treeentries"},
                {"$ref": "#/components/schemas/commit_file"},
            ],
            "additionalProperties": True,
        },
        "the operation's own example of format=meta is a single file",
    ),
    Deviation(
        f"{_SCHEMAS}/commit_file/properties/attributes",
        {"type": "array", "items": {"type": "string"}},
        "a list in the description's own example of /src: go-scm/bitbucket/content_list.json",
    ),
    Deviation(
        f"{_SCHEMAS}/error/properties/error/properties/detail",
        {"anyOf": [{"type": "string"}, {"type": "object"}]},
        "an object with granted and required where a scope is missing: support.atlassian.com",
    ),
    Deviation(
        f"{_SCHEMAS}/diffstat/properties/old",
        {
            "anyOf": [
                {"$ref": "#/components/schemas/commit_file"},
                {"enum": [None], "nullable": True},
            ]
        },
        "null for a new file: go-scm/bitbucket/diffstat.json",
    ),
    Deviation(
        f"{_SCHEMAS}/diffstat/properties/new",
        {
            "anyOf": [
                {"$ref": "#/components/schemas/commit_file"},
                {"enum": [None], "nullable": True},
            ]
        },
        "null for a removed file: go-scm/bitbucket/diffstat.json",
    ),
)
