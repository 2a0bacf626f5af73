"""Who may do what, as people expect it: written by hand, and not read from the platform's own table.

A row says which scopes open a method, what it then answers in the caller's organization, and where
in it a project is named. All else follows from rules that hold for every row:

* without a credential that the door takes: 401 (UNAUTHENTICATED);
* with one that has none of the scopes: 403 (PERMISSION_DENIED), whatever is asked for;
* another organization, or a thing of another organization: 404 (NOT_FOUND);
* a project that no team of a member or an admin works on: 404; managers, owners and programs see
  every project of their organization.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

# What each role may do, in full. A session has all of it, a user token what it shares with it.
_MEMBER = "org:read project:read team:read member:read event:read event:write repository:read"
_ADMIN = (
    f"{_MEMBER} project:write project:admin project:releases team:write team:admin"
    " repository:write org:integrations"
)
_MANAGER = f"{_ADMIN} org:write member:write member:admin"
_OWNER = f"{_MANAGER} org:admin org:ci event:admin repository:admin"
ROLES: Mapping[str, frozenset[str]] = {
    "member": frozenset(_MEMBER.split()),
    "admin": frozenset(_ADMIN.split()),
    "manager": frozenset(_MANAGER.split()),
    "owner": frozenset(_OWNER.split()),
}
SEE_EVERY_PROJECT = frozenset({"manager", "owner"})
EVERY_SCOPE = ROLES["owner"]


def opens(scope: str, wanted: frozenset[str]) -> bool:
    """Whether a credential with this one scope holds one of those wanted."""
    noun, _, verb = scope.partition(":")
    held = {"admin": ("admin", "write", "read"), "write": ("write", "read")}.get(verb, (verb,))
    return any(f"{noun}:{each}" in wanted for each in held)


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One method of a REST path, or one RPC, with one way to ask for something.

    In ``path`` and ``send``, ``{project_id}`` and the like stand for what the scene has.

    Attributes:
        method: the HTTP method; "RPC".
        path: below ``/api/0/``; the RPC's name.
        scopes: any one of them opens it.
        answer: what a caller with one of them gets: an HTTP status, or an RPC's status.
        send: the body of the request, or the RPC's message.
        project: whether a project is named: one of a foreign team is then not found.
    """

    method: str
    path: str
    scopes: frozenset[str]
    answer: int | str
    send: Mapping[str, object] = field(default_factory=dict)
    project: bool = False


def _rest(
    call: str,
    scopes: str,
    answer: int = 200,
    *,
    send: Mapping[str, object] | None = None,
    project: bool = False,
) -> Row:
    method, path = call.split()
    return Row(
        method=method,
        path=path,
        scopes=frozenset(scopes.split()),
        answer=answer,
        send=send or {},
        project=project,
    )


def _rpc(
    name: str,
    scope: str,
    send: Mapping[str, object],
    answer: str = "OK",
    *,
    project: bool = False,
) -> Row:
    scopes = frozenset({scope})
    return Row(method="RPC", path=name, scopes=scopes, answer=answer, send=send, project=project)


_ORG = "organizations/{organization_slug}/"
_REPOSITORY = {"repository_id": "{repository_id}"}
_LINE = {**_REPOSITORY, "commit_sha": "{commit_sha}", "filepath": "a.py", "line_number": 1}

REST: tuple[Row, ...] = (
    _rest("GET organizations/", "org:read org:write org:admin"),
    _rest(f"GET {_ORG}", "org:read org:write org:admin"),
    _rest(f"GET {_ORG}repos/", "org:read org:integrations org:ci repository:read"),
    _rest(f"GET {_ORG}repos/{{repository_id}}/", "org:read org:integrations repository:read"),
    _rest(
        f"GET {_ORG}repos/{{repository_id}}/commits/", "org:read org:integrations repository:read"
    ),
    _rest(f"GET {_ORG}code-mappings/", "org:read org:integrations org:ci repository:read"),
    _rest(
        f"GET {_ORG}code-mappings/?project={{project_id}}",
        "org:read org:integrations org:ci repository:read",
        project=True,
    ),
    _rest(
        f"POST {_ORG}code-mappings/",
        "org:read org:integrations repository:write",
        201,
        send={
            "repositoryId": "{repository_id}",
            "projectId": "{project_id}",
            "integrationId": "{integration_id}",
            "stackRoot": "new/",
            "sourceRoot": "src/",
            "defaultBranch": "main",
        },
        project=True,
    ),
)

# The scene's repository has a stored commit; its integration is disabled, so that no host is asked.
RPC: tuple[Row, ...] = (
    _rpc("ListRepositories", "repository:read", {}),
    _rpc("GetRepository", "repository:read", _REPOSITORY),
    _rpc("GetCommit", "repository:read", {**_REPOSITORY, "commit_sha": "{commit_sha}"}),
    _rpc("ListCommits", "repository:read", _REPOSITORY, "FAILED_PRECONDITION"),
    _rpc("GetCommitContext", "repository:read", _LINE, "FAILED_PRECONDITION"),
    _rpc("BatchGetCommitContext", "repository:read", {"requests": [_LINE]}),
    _rpc(
        "StreamFileBlame",
        "repository:read",
        {**_REPOSITORY, "commit_sha": "{commit_sha}", "filepath": "a.py"},
        "FAILED_PRECONDITION",
    ),
    _rpc("GetFile", "repository:read", {**_REPOSITORY, "path": "a.py"}, "FAILED_PRECONDITION"),
    _rpc("GetCapabilities", "repository:read", _REPOSITORY),
    _rpc("GetCapabilities", "repository:read", {"integration_id": "{integration_id}"}),
    _rpc(
        "CreateCodeMapping",
        "repository:write",
        {
            "project_id": "{project_id}",
            **_REPOSITORY,
            "stack_root": "new/",
            "source_root": "src/",
            "default_branch": "main",
        },
        project=True,
    ),
    _rpc(
        "DeriveCodeMappings",
        "repository:write",
        {"project_id": "{project_id}", "stacktrace_paths": ["a.py"]},
        "UNIMPLEMENTED",
        project=True,
    ),
    _rpc(
        "CreateExternalIssue",
        "event:write",
        {
            "integration_id": "{integration_id}",
            "title": "A ticket",
            "metadata": {"repo": "acme/api"},
        },
        "FAILED_PRECONDITION",
    ),
    _rpc(
        "LinkExternalIssue",
        "event:write",
        {"group_id": "{group_id}", "external_issue_id": "{external_issue_id}"},
        "FAILED_PRECONDITION",
        project=True,
    ),
)
