"""What Bitbucket has taken down: lists across workspaces, issue trackers and wikis."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from forge_emulator.dialects.bitbucket.errors import ApiError
from forge_emulator.dialects.bitbucket.routes import REPOSITORY, route

if TYPE_CHECKING:
    from forge_emulator.dialects.bitbucket.call import Call


def gone(_call: Call, **_variables: str) -> NoReturn:
    raise ApiError(410)


_PATHS = (
    "/repositories",
    "/workspaces",
    "/user/permissions/repositories",
    "/user/permissions/workspaces",
    f"{REPOSITORY}/issues",
    f"{REPOSITORY}/issues/<path:rest>",
    f"{REPOSITORY}/wiki",
    f"{REPOSITORY}/wiki/<path:rest>",
)

ROUTES = [
    route(method, path, gone, scope="")
    for path in _PATHS
    for method in ("GET", "POST", "PUT", "DELETE")
]
