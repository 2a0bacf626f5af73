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
# The one scope that opens nothing yet.
USELESS = "project:releases"


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
        session: whether it belongs to the signed-in user: every other credential gets 403.
        role: whether it changes a member: a program needs every scope of that member's role.
    """

    method: str
    path: str
    scopes: frozenset[str]
    answer: int | str
    send: Mapping[str, object] = field(default_factory=dict)
    project: bool = False
    session: bool = False
    role: bool = False


def _rest(
    call: str,
    scopes: str,
    answer: int = 200,
    *,
    send: Mapping[str, object] | None = None,
    project: bool = False,
    session: bool = False,
    role: bool = False,
) -> Row:
    method, path = call.split()
    return Row(
        method=method,
        path=path,
        scopes=frozenset(scopes.split()),
        answer=answer,
        send=send or {},
        project=project,
        session=session,
        role=role,
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


_REPOSITORY = {"repository_id": "{repository_id}"}
_LINE = {**_REPOSITORY, "commit_sha": "{commit_sha}", "filepath": "a.py", "line_number": 1}
_NAME = {"name": "Renamed"}
_ORG = "organizations/{organization_slug}/"
_PROJECT = f"{_ORG}projects/{{project_slug}}/"
_MAPPING = {
    "repositoryId": "{repository_id}",
    "projectId": "{project_id}",
    "integrationId": "{integration_id}",
    "stackRoot": "new/",
    "sourceRoot": "src/",
    "defaultBranch": "main",
}
_SECRET_GIVER = {"name": "deploys", "scopes": ["org:read"]}
_READ_REPOSITORY = "org:read org:integrations repository:read"
_LIST_REPOSITORIES = "org:read org:integrations org:ci repository:read"
_CHANGE_REPOSITORY = "org:write org:integrations repository:write"
_CHANGE_MAPPING = "org:read org:integrations repository:write"

_OF_ORGANIZATIONS = (
    _rest("GET organizations/", "org:read"),
    _rest("POST organizations/", "org:write", 201, send={"name": "A new one"}, session=True),
    _rest(f"GET {_ORG}", "org:read"),
    _rest(f"PUT {_ORG}", "org:write", send=_NAME),
    # it still has a project
    _rest(f"DELETE {_ORG}", "org:admin", 409),
)
_OF_MEMBERS = (
    _rest(f"GET {_ORG}members/", "member:read"),
    _rest(f"POST {_ORG}members/", "member:write", 201, send={"user": "{outsider}"}, role=True),
    _rest(f"GET {_ORG}members/me/", "member:read", session=True),
    _rest(f"DELETE {_ORG}members/me/", "member:read", 204, session=True),
    _rest(f"GET {_ORG}members/{{member_id}}/", "member:read"),
    _rest(f"PUT {_ORG}members/{{member_id}}/", "member:write", send={"role": "member"}, role=True),
    _rest(f"DELETE {_ORG}members/{{member_id}}/", "member:admin", 204, role=True),
    _rest(
        f"POST {_ORG}members/{{member_id}}/teams/{{project_team_slug}}/",
        "member:write team:write",
        201,
        role=True,
    ),
    _rest(
        f"DELETE {_ORG}members/{{member_id}}/teams/{{team_slug}}/",
        "member:write team:write",
        role=True,
    ),
)
_OF_TEAMS = (
    _rest(f"GET {_ORG}teams/", "team:read"),
    _rest(f"POST {_ORG}teams/", "team:write", 201, send={"name": "A new one"}),
    _rest(f"GET {_ORG}teams/{{team_slug}}/", "team:read"),
    _rest(f"PUT {_ORG}teams/{{team_slug}}/", "team:write", send=_NAME),
    _rest(f"DELETE {_ORG}teams/{{team_slug}}/", "team:admin", 204),
)
_OF_PROJECTS = (
    _rest(f"GET {_ORG}projects/", "project:read"),
    _rest(
        f"POST {_ORG}projects/",
        "project:write",
        201,
        send={"name": "A new one", "team": "{project_team_slug}"},
    ),
    _rest(f"GET {_PROJECT}", "project:read", project=True),
    _rest(f"PUT {_PROJECT}", "project:write", send=_NAME, project=True),
    _rest(f"DELETE {_PROJECT}", "project:admin", 204, project=True),
    _rest(f"GET {_PROJECT}teams/", "project:read", project=True),
    _rest(f"POST {_PROJECT}teams/{{team_slug}}/", "project:write", 201, project=True),
    _rest(f"DELETE {_PROJECT}teams/{{project_team_slug}}/", "project:write", 204, project=True),
)
_OF_CREDENTIALS = (
    _rest(f"GET {_ORG}api-keys/", "org:write"),
    _rest(f"POST {_ORG}api-keys/", "org:write", 201, send=_SECRET_GIVER),
    _rest(f"GET {_ORG}api-keys/{{api_key_id}}/", "org:write"),
    _rest(f"PUT {_ORG}api-keys/{{api_key_id}}/", "org:write", send=_NAME),
    _rest(f"DELETE {_ORG}api-keys/{{api_key_id}}/", "org:write", 204),
    _rest(f"GET {_ORG}org-auth-tokens/", "org:write"),
    _rest(f"POST {_ORG}org-auth-tokens/", "org:write", 201, send=_SECRET_GIVER),
    _rest(f"GET {_ORG}org-auth-tokens/{{org_token_id}}/", "org:write"),
    _rest(f"PUT {_ORG}org-auth-tokens/{{org_token_id}}/", "org:write", send=_NAME),
    _rest(f"DELETE {_ORG}org-auth-tokens/{{org_token_id}}/", "org:write", 204),
    _rest("GET api-tokens/", "org:read", session=True),
    _rest("POST api-tokens/", "org:read", 201, send=_SECRET_GIVER, session=True),
    # another user's: nobody finds it
    _rest("DELETE api-tokens/{user_token_id}/", "org:read", 404, session=True),
)
_OF_CODE = (
    _rest(f"GET {_ORG}integrations/", _READ_REPOSITORY),
    # nothing of a credential is there, so that no host is asked
    _rest(
        f"POST {_ORG}integrations/",
        "org:write org:integrations",
        400,
        send={"provider": "github", "metadata": {"x": "y"}},
    ),
    _rest(f"GET {_ORG}integrations/{{integration_id}}/", _READ_REPOSITORY),
    _rest(
        f"PUT {_ORG}integrations/{{integration_id}}/",
        "org:write org:integrations",
        400,
        send={"metadata": {"x": "y"}},
    ),
    _rest(f"GET {_ORG}repos/", _LIST_REPOSITORIES),
    # the integration is disabled, so that no host is asked
    _rest(
        f"POST {_ORG}repos/",
        _CHANGE_REPOSITORY,
        409,
        send={"integrationId": "{integration_id}", "identifier": "acme/new"},
    ),
    _rest(f"GET {_ORG}repos/{{repository_id}}/", _READ_REPOSITORY),
    _rest(f"PUT {_ORG}repos/{{repository_id}}/", _CHANGE_REPOSITORY, send={"status": "disabled"}),
    _rest(f"DELETE {_ORG}repos/{{repository_id}}/", "org:admin org:integrations", 202),
    _rest(f"POST {_ORG}repos/{{repository_id}}/webhook/", _CHANGE_REPOSITORY, 409),
    _rest(f"DELETE {_ORG}repos/{{repository_id}}/webhook/", _CHANGE_REPOSITORY, 409),
    _rest(f"GET {_ORG}repos/{{repository_id}}/commits/", _READ_REPOSITORY),
    _rest(f"GET {_ORG}code-mappings/", _LIST_REPOSITORIES),
    _rest(f"GET {_ORG}code-mappings/?project={{project_id}}", _LIST_REPOSITORIES, project=True),
    _rest(f"POST {_ORG}code-mappings/", _CHANGE_MAPPING, 201, send=_MAPPING, project=True),
    _rest(f"GET {_ORG}code-mappings/{{mapping_id}}/", _LIST_REPOSITORIES, project=True),
    _rest(f"PUT {_ORG}code-mappings/{{mapping_id}}/", _CHANGE_MAPPING, send=_MAPPING, project=True),
    _rest(
        f"DELETE {_ORG}code-mappings/{{mapping_id}}/",
        "org:admin org:integrations repository:write",
        204,
        project=True,
    ),
)
REST: tuple[Row, ...] = (
    *_OF_ORGANIZATIONS,
    *_OF_MEMBERS,
    *_OF_TEAMS,
    *_OF_PROJECTS,
    *_OF_CREDENTIALS,
    *_OF_CODE,
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
    _rpc("CompareCommits", "repository:read", _REPOSITORY, "FAILED_PRECONDITION"),
    _rpc("ListTree", "repository:read", _REPOSITORY, "FAILED_PRECONDITION"),
    _rpc(
        "ListPullRequestsForCommit",
        "repository:read",
        {**_REPOSITORY, "commit_sha": "{commit_sha}"},
        "FAILED_PRECONDITION",
    ),
    _rpc("SearchCode", "repository:read", {**_REPOSITORY, "query": "a"}, "FAILED_PRECONDITION"),
    _rpc("ListIntegrations", "repository:read", {}),
    _rpc(
        "SyncRepositories",
        "repository:write",
        {"integration_id": "{integration_id}"},
        "FAILED_PRECONDITION",
    ),
    _rpc("GetSyncJob", "repository:read", {"sync_job_id": "{sync_job_id}"}),
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
