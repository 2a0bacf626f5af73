"""Who calls, the projects of an organization, and their repositories."""

from __future__ import annotations

from typing import TYPE_CHECKING

from forge_emulator import git
from forge_emulator.dialects.vsts import serialize
from forge_emulator.dialects.vsts.call import project_of
from forge_emulator.dialects.vsts.ids import guid
from forge_emulator.routes import Route

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from forge_emulator.dialects.vsts.call import Call
    from forge_emulator.json_types import JsonObject
    from forge_emulator.repositories import Repository


def connection_data(call: Call) -> Response:
    """The account that a credential stands for."""
    login = call.identity.login
    account: JsonObject = {
        "id": guid("user", login),
        "descriptor": f"Microsoft.IdentityModel.Claims.ClaimsIdentity;{login}",
        "subjectDescriptor": f"aad.{guid('descriptor', login)}",
        "providerDisplayName": login,
        "isActive": True,
        "properties": {"Account": {"$type": "System.String", "$value": login}},
        "resourceVersion": 2,
        "metaTypeId": 0,
    }
    return call.answer(
        {
            "authenticatedUser": account,
            "authorizedUser": account,
            "instanceId": guid("organization", call.root.rpartition("/")[2].lower()),
            "deploymentId": guid("deployment", ""),
            "deploymentType": "hosted",
            "locationServiceData": {"serviceOwner": guid("service", ""), "lastChangeId": 1},
        }
    )


def list_projects(call: Call) -> Response:
    """Pages of projects; where more follow, a header holds the token to ask with."""
    cap = call.world.page_size_cap
    size = min(call.number("$top", cap), cap)
    start = call.number("continuationToken", call.number("$skip", 0))
    every = call.projects()
    shown = [serialize.project(call.root, each) for each in every[start : start + size]]
    return call.listed(shown, token=str(start + size) if start + size < len(every) else "")


def get_project(call: Call, project: str) -> Response:
    found = call.project(project)
    team: JsonObject = {"id": guid("team", found.id), "name": f"{found.name} Team"}
    return call.answer(serialize.project(call.root, found) | {"defaultTeam": team})


def repository_json(call: Call, found: Repository) -> JsonObject:
    branches = {ref.name for ref in git.branches(found.git_dir)}
    branch = found.default_branch()
    owner = project_of(found)
    return serialize.repository(call.root, found, owner, branch if branch in branches else None)


def list_repositories(call: Call, project: str) -> Response:
    """All of a project at once."""
    found = call.repositories(call.project(project))
    return call.listed([repository_json(call, each) for each in found])


def get_repository(call: Call, project: str, repo: str) -> Response:
    return call.answer(repository_json(call, call.repository(project, repo)))


REPOSITORIES = "/<organization>/<project>/_apis/git/repositories"

ROUTES = [
    Route("GET", "/<organization>/_apis/connectionData", connection_data, ""),
    Route("GET", "/<organization>/_apis/projects", list_projects, "vso.project"),
    Route("GET", "/<organization>/_apis/projects/<project>", get_project, "vso.project"),
    Route("GET", REPOSITORIES, list_repositories, "vso.code"),
    Route("GET", f"{REPOSITORIES}/<repo>", get_repository, "vso.code"),
]
