"""What Azure DevOps' description says and Azure DevOps does not do.

The payloads are named by their path below the contracts' `payloads`.
"""

from forge_emulator.contracts.overlay import Deviation

_LINK = {"type": "object", "properties": {"href": {"type": "string"}}}
_LINKS = {"type": "object", "nullable": True, "additionalProperties": _LINK}
_ITEMS = "git.json#/paths/~1{organization}~1{project}~1_apis~1git~1repositories~1{repositoryId}"
_VERSION = {
    "name": "api-version",
    "in": "query",
    "required": True,
    "schema": {"type": "string", "enum": ["7.1-preview.1"]},
}
_ITEM = {"$ref": "#/components/schemas/GitItem"}
_LIST = {
    "type": "object",
    "required": ["count", "value"],
    "properties": {"count": {"type": "integer"}, "value": {"type": "array", "items": _ITEM}},
}
_ORGANIZATION, _PROJECT = (
    {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
    for name in ("organization", "project")
)
_SIGN_IN = {"description": "a page to sign in on", "content": {"text/html": {}}}
_WIQL = "workItemTracking.json#/paths/~1{organization}~1{project}~1_apis~1wit~1wiql"

DEVIATIONS: tuple[Deviation, ...] = (
    *(
        Deviation(
            f"{name}.json#/components/schemas/ReferenceLinks",
            _LINKS,
            "links stand in it by their names, not under `links`: go-scm/azure/content.json",
        )
        for name in ("git", "core", "serviceHooks", "workItemTracking")
    ),
    Deviation(
        "git.json#/components/schemas/Change/properties/item",
        {"$ref": "#/components/schemas/GitItem"},
        "the generic T is an object of the kind of the change: go-scm/azure/compare.json",
    ),
    Deviation(
        "git.json#/components/schemas/Change/properties/changeType",
        {"type": "string"},
        "its values are flags, joined by commas where several hold: `edit, rename`, and `delete,"
        " sourceRename` for the place that a file left",
    ),
    Deviation(
        f"{_ITEMS}~1items/get/responses/200/content/application~1json/schema",
        {"anyOf": [_LIST, _ITEM]},
        "one path serves the list and the single item, which `path` asks for:"
        " go-scm/azure/content.json and content_list.json",
    ),
    Deviation(
        f"{_ITEMS}~1items/get/responses/203",
        _SIGN_IN,
        "what the host answers to a token that it does not accept, in place of a 401; the"
        " description tells no such status",
    ),
    Deviation(
        "workItemTracking.json#/components/schemas/JsonPatchOperation/properties/value",
        {"nullable": True},
        "its own text says: either a primitive or a JToken; the host's examples send strings",
    ),
    Deviation(
        "workItemTracking.json#/components/schemas/JsonPatchDocument/type",
        "array",
        "it is to be an object and, by its `allOf`, an array of operations at once; RFC 6902 has"
        " the array",
    ),
    Deviation(
        _WIQL,
        {
            "parameters": [_ORGANIZATION, _PROJECT],
            "post": {
                "parameters": [
                    {"name": "$top", "in": "query", "schema": {"type": "integer"}},
                    {"name": "timePrecision", "in": "query", "schema": {"type": "boolean"}},
                    {"$ref": "#/components/parameters/api-Version"},
                ],
                "requestBody": {
                    "content": {
                        "application/json": {"schema": {"$ref": "#/components/schemas/Wiql"}}
                    }
                },
                "responses": {
                    "200": {
                        "description": "as with a team",
                        "content": {
                            "application/json": {
                                "schema": {"$ref": "#/components/schemas/WorkItemQueryResult"}
                            }
                        },
                    }
                },
            },
        },
        "the team in the path may be left out, as the host's reference of Query By Wiql says; the"
        " description cannot express that",
    ),
    Deviation(
        "core.json#/paths/~1{organization}~1_apis~1connectionData",
        {
            "get": {
                "parameters": [_VERSION],
                "responses": {
                    "200": {
                        "description": "the account",
                        "content": {"application/json": {"schema": {"type": "object"}}},
                    },
                    "203": _SIGN_IN,
                },
            }
        },
        "the location service, whose description is not among these, tells whose a credential is;"
        " to one that it does not accept it shows the page to sign in on",
    ),
)
