"""One request to Bitbucket's API, with what every handler needs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from forge_emulator import git
from forge_emulator.dialects.bitbucket.errors import ApiError, lacking, no_commit, no_repository
from forge_emulator.dialects.bitbucket.urls import braced
from forge_emulator.replies import json_response

if TYPE_CHECKING:
    from datetime import datetime

    from werkzeug.wrappers import Request, Response

    from forge_emulator.dialects.bitbucket.credentials import Credential
    from forge_emulator.dialects.bitbucket.places import Places
    from forge_emulator.dialects.bitbucket.urls import Urls
    from forge_emulator.json_types import JsonValue
    from forge_emulator.repositories import Repository
    from forge_emulator.world import World

_LARGEST_BODY = 8 * 1024 * 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """A request whose credential was checked; `credential` is None for an anonymous one."""

    world: World
    request: Request
    credential: Credential | None
    urls: Urls
    places: Places
    address: str

    @property
    def now(self) -> datetime:
        return self.world.clock()

    @property
    def caller(self) -> str:
        """The name under which limits are counted."""
        if self.credential is None:
            return self.address
        return f"{self.credential.kind}:{self.credential.identity.login}"

    def authenticated(self) -> Credential:
        """Raises `ApiError` 401 when nobody calls."""
        if self.credential is None:
            raise ApiError(401)
        return self.credential

    def account(self) -> Credential:
        """A credential that stands for an account; raises `ApiError` 401 for any other."""
        found = self.authenticated()
        if found.kind == "access_token":
            raise ApiError(401)
        return found

    def demand(self, scope: str) -> None:
        """Raises `ApiError` 403 for a credential without the scope."""
        if self.credential is None or not scope:
            return
        missing = self.credential.lacks(scope)
        if missing is not None:
            raise lacking(missing, self.credential.identity.scopes)

    def sees(self, repository: Repository) -> bool:
        if self.credential is None:
            return not repository.hosted.private
        return self.credential.identity.sees(repository)

    def visible_repositories(self) -> list[Repository]:
        return [found for found in self.world.repositories.all() if self.sees(found)]

    def in_workspace(self, workspace: str) -> list[Repository]:
        """All repositories of a workspace; raises `ApiError` 404 for an unknown one."""
        mine = [
            found
            for found in self.world.repositories.all()
            if _is_named(workspace, found.hosted.owner, "workspace", found.owner_key)
        ]
        if not mine:
            raise ApiError(404, f"No workspace with identifier '{workspace}'.")
        return mine

    def repository(self, workspace: str, repo_slug: str) -> Repository:
        """The repository of that name or UUID; raises `ApiError` 404 or 403.

        A UUID finds it under any name and in any workspace, a former name does not.
        """
        for found in self.world.repositories.all():
            named = repo_slug.lower() == found.hosted.name.lower() and _is_named(
                workspace, found.hosted.owner, "workspace", found.owner_key
            )
            if named or repo_slug == braced("repository", found.id):
                if not self.sees(found):
                    raise ApiError(403)
                return found
        raise no_repository(f"{workspace}/{repo_slug}")

    def administered(self, workspace: str, repo_slug: str) -> Repository:
        """The repository, for a caller who may change its settings."""
        found = self.repository(workspace, repo_slug)
        if not self.authenticated().identity.grants(found):
            raise ApiError(403, "You do not have permission to administer this repository.")
        return found

    def commit_id(self, found: Repository, revision: str) -> str:
        """The full id of a revision; raises `ApiError` 404, or 400 for an ambiguous one."""
        try:
            return git.resolve_commit(found.git_dir, revision)
        except git.AmbiguousRevisionError as error:
            raise ApiError(400, f"The hash {revision} is ambiguous") from error
        except git.RevisionError as error:
            raise no_commit(revision) from error

    def body(self) -> dict[str, object]:
        """The JSON object that was sent; raises `ApiError` 400 or 413."""
        if (self.request.content_length or 0) > _LARGEST_BODY:
            raise ApiError(413)
        try:
            value: object = json.loads(self.request.get_data() or b"{}")
        except (ValueError, RecursionError) as error:
            raise ApiError(400, "Bad request") from error
        if not isinstance(value, dict):
            raise ApiError(400, "Bad request")
        return value

    def answer(self, value: JsonValue, status: int = 200) -> Response:
        return json_response(value, status)


def _is_named(wanted: str, name: str, kind: str, key: str | int) -> bool:
    return wanted.lower() == name.lower() or wanted == braced(kind, key)
