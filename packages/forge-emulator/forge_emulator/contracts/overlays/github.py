"""What GitHub's description says and GitHub does not do.

The payloads are named by their path below the contracts' `payloads`.
"""

from forge_emulator.contracts.overlay import Deviation

_NULL = {"type": "string", "enum": [None], "nullable": True}
_ACCOUNT = {"anyOf": [{"$ref": "#/components/schemas/simple-user"}, _NULL]}

DEVIATIONS: tuple[Deviation, ...] = (
    Deviation(
        "openapi.json#/components/schemas/commit/properties/author",
        _ACCOUNT,
        "null for an unknown address, as for the committer: go-scm/github/compare.json",
    ),
    Deviation(
        "openapi.json#/components/schemas/commit/properties/committer",
        _ACCOUNT,
        "null for an unknown address: go-scm/github/compare.json",
    ),
    Deviation(
        "openapi.json#/components/schemas/issue/properties/state_reason/enum",
        ["completed", "reopened", "not_planned", "duplicate", None],
        "null while open: octokit/scenarios/api.github.com/lock-issue/raw-fixture.json",
    ),
    Deviation(
        "openapi.json#/components/schemas/issue-search-result-item/properties/body/nullable",
        True,
        "null without a text: octokit/scenarios/api.github.com/search-issues/raw-fixture.json",
    ),
    Deviation(
        "openapi.json#/paths/~1repos~1{owner}~1{repo}~1contents~1{path}/get/responses/200/content"
        "/application~1json/schema/discriminator",
        None,
        "a directory is an array, which has no property that could tell the schemas apart",
    ),
    Deviation(
        "openapi.json#/paths/~1app~1installations/get/responses/200/content/application~1json"
        "/schema/items",
        {"$ref": "#/components/schemas/installation"},
        "the list asks that an account be a user and an enterprise at once; the operation for a"
        " single installation asks for one of them",
    ),
    Deviation(
        "openapi.json#/components/schemas/validation-error/properties/status",
        {"type": "string"},
        "an error's body repeats its status; this schema alone omits it",
    ),
)
