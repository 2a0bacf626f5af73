"""What Bitbucket Data Center's description says and Bitbucket Data Center does not do.

The payloads are named by their path below the contracts' `payloads`.
"""

from __future__ import annotations

from forge_emulator.contracts.overlay import Deviation

_SCHEMAS = "openapi-9.4.json#/components/schemas"
_REPO = "openapi-9.4.json#/paths/~1api~1latest~1projects~1{projectKey}~1repos~1{repositorySlug}"
_JSON = "get/responses/200/content/application~1json;charset=UTF-8/schema"
_USER = {"$ref": "#/components/schemas/RestApplicationUser"}
_HASH = {"type": "string", "nullable": True}
_NUMBER = {"type": "integer"}
_MERGE = {
    "type": "object",
    "properties": {"mergeCommit": {"$ref": "#/components/schemas/RestMinimalCommit"}},
}
_PAGE = {
    "size": _NUMBER,
    "limit": _NUMBER,
    "isLastPage": {"type": "boolean"},
    "start": _NUMBER,
    "nextPageStart": {"type": "integer", "nullable": True},
}
_PATH = {
    "type": "object",
    "required": ["components", "name", "toString"],
    "properties": {
        "components": {"type": "array", "items": {"type": "string"}},
        "parent": {"type": "string"},
        "name": {"type": "string"},
        "extension": {"type": "string"},
        "toString": {"type": "string"},
    },
}
_SPAN = {
    "type": "object",
    "required": ["author", "authorTimestamp", "commitHash", "lineNumber", "spannedLines"],
    "properties": {
        "author": _USER,
        "authorTimestamp": _NUMBER,
        "commitHash": {"type": "string"},
        "displayCommitHash": {"type": "string"},
        "commitId": {"type": "string"},
        "commitDisplayId": {"type": "string"},
        "fileName": {"type": "string"},
        "lineNumber": _NUMBER,
        "spannedLines": _NUMBER,
    },
}
_LINE = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}
_CHILD = {
    "type": "object",
    "properties": {
        "path": _PATH,
        "contentId": {"type": "string"},
        "type": {"type": "string"},
        "size": _NUMBER,
    },
}
_BROWSED = {
    "type": "object",
    "properties": {
        **_PAGE,
        "lines": {"type": "array", "items": _LINE},
        "blame": {"type": "array", "items": _SPAN},
        "values": {"type": "array", "items": _SPAN},
        "binary": {"type": "boolean"},
        "path": _PATH,
        "type": {"type": "string"},
        "revision": {"type": "string"},
        "children": {
            "type": "object",
            "properties": {**_PAGE, "values": {"type": "array", "items": _CHILD}},
        },
    },
}
_HOOKS = {
    "type": "object",
    "required": ["values", "isLastPage"],
    "properties": {
        **_PAGE,
        "values": {"type": "array", "items": {"$ref": "#/components/schemas/RestWebhook"}},
    },
}


def _pages_too(operation: str, parameters: int, reason: str) -> tuple[Deviation, ...]:
    """`start` and `limit` for an operation that has this many parameters without them."""
    return tuple(
        Deviation(
            f"{operation}/get/parameters/{parameters + index}",
            {"in": "query", "name": name, "required": False, "schema": {"type": "number"}},
            reason,
        )
        for index, name in enumerate(("start", "limit"))
    )


DEVIATIONS: tuple[Deviation, ...] = (
    Deviation(
        f"{_REPO}/get/responses/301",
        {"description": "The repository has another name."},
        "a former name leads on (RepositoryMovedException of the host's API for plugins)",
    ),
    Deviation(
        f"{_SCHEMAS}/RestErrorMessage/properties/context/nullable",
        True,
        "null where no field is wrong: go-scm/stash/error.json",
    ),
    Deviation(
        f"{_SCHEMAS}/RestErrorMessage/properties/exceptionName/nullable",
        True,
        "null for some errors: bitbucket-rest/errors.json",
    ),
    Deviation(
        f"{_SCHEMAS}/RestCommit/properties/author",
        _USER,
        "the account, where one has the address: go-scm/stash/commit.json",
    ),
    Deviation(
        f"{_SCHEMAS}/RestCommit/properties/committer",
        _USER,
        "the account, where one has the address: go-scm/stash/commit.json",
    ),
    Deviation(
        f"{_SCHEMAS}/RestBranch/properties/isDefault",
        {"type": "boolean"},
        "described as `default`, sent as `isDefault`: go-scm/stash/branches.json",
    ),
    Deviation(
        f"{_SCHEMAS}/RestRepository/properties/project/properties/owner",
        _USER,
        "a personal project has an owner: bitbucket-rest/repository-fork.json",
    ),
    Deviation(
        f"{_SCHEMAS}/RestChange/properties/path",
        _PATH,
        "a path is also sent whole, as `toString`: go-scm/stash/changes.json",
    ),
    Deviation(
        f"{_SCHEMAS}/RestChange/properties/srcPath",
        _PATH,
        "a path is also sent whole, as `toString`: bitbucket-rest/pull-request-changes.json",
    ),
    Deviation(
        f"{_SCHEMAS}/RestChange/properties/properties",
        {"type": "object"},
        "sent, not described: go-scm/stash/changes.json",
    ),
    *(
        Deviation(
            f"{_REPO}{path}/{_JSON}/properties/{name}",
            schema,
            "a page of changes names the two commits: go-scm/stash/changes.json",
        )
        for path in ("~1commits~1{commitId}~1changes", "~1compare~1changes")
        for name, schema in (("fromHash", _HASH), ("toHash", _HASH), ("properties", {}))
    ),
    Deviation(
        f"{_SCHEMAS}/RestPullRequest/properties/author",
        {"$ref": "#/components/schemas/RestPullRequestParticipant"},
        "sent, not described: go-scm/stash/pr.json",
    ),
    Deviation(
        f"{_SCHEMAS}/RestPullRequest/properties/properties",
        _MERGE,
        "the commit that merged it: go-scm/stash/webhooks/pr_merged.json",
    ),
    *(
        Deviation(
            f"{_SCHEMAS}/RestWebhook/properties/{name}",
            _NUMBER,
            "sent, not described: go-scm/stash/webhook.json",
        )
        for name in ("id", "createdDate", "updatedDate")
    ),
    Deviation(
        f"{_REPO}~1webhooks/{_JSON}",
        _HOOKS,
        "the page has no schema: go-scm/stash/webhooks.json",
    ),
    *_pages_too(f"{_REPO}~1webhooks", 4, "the answer is a page: go-scm/stash/webhooks.json"),
    Deviation(
        f"{_REPO}~1browse~1{{path}}/{_JSON}",
        _BROWSED,
        "the answer has no schema: bitbucket-rest/line-page-with-blame.json, line-page.json",
    ),
    Deviation(
        f"{_REPO}~1browse/{_JSON}",
        _BROWSED,
        "the answer has no schema: bitbucket-rest/line-page.json",
    ),
    *_pages_too(
        f"{_REPO}~1browse~1{{path}}",
        8,
        "'a page of content', and the answer is one: bitbucket-rest/line-page-with-blame.json",
    ),
)
