"""One request to the host's API, with what every handler needs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from forge_emulator import git
from forge_emulator.dialects.vsts.errors import (
    ApiError,
    bad_argument,
    no_project,
    no_repository,
    no_version,
)
from forge_emulator.dialects.vsts.ids import guid
from forge_emulator.replies import json_response

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from werkzeug.wrappers import Request, Response

    from forge_emulator.auth import Identity
    from forge_emulator.json_types import JsonObject, JsonValue
    from forge_emulator.repositories import Repository
    from forge_emulator.world import World

_LARGEST_BODY = 8 * 1024 * 1024
_LARGEST_NUMBER = 10_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Project:
    """A project: the owner that repositories have in common."""

    name: str
    key: str

    @property
    def id(self) -> str:
        return guid("project", self.key)


def project_of(found: Repository) -> Project:
    return Project(name=found.hosted.owner, key=found.owner_key)


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """A request whose credential was checked; `root` is the organization's own address."""

    world: World
    request: Request
    identity: Identity
    root: str

    @property
    def now(self) -> datetime:
        return self.world.clock()

    def projects(self) -> list[Project]:
        """Those of the repositories that the caller sees, by name."""
        found = {each.owner_key: project_of(each) for each in self.repositories()}
        return sorted(found.values(), key=lambda project: project.name.lower())

    def project(self, name: str) -> Project:
        """A project by its name or id; raises `ApiError` 404."""
        for project in self.projects():
            if name.lower() in {project.name.lower(), project.id}:
                return project
        raise no_project(name)

    def repositories(self, project: Project | None = None) -> list[Repository]:
        """What the caller sees, by name."""
        return [
            found
            for found in self.world.repositories.all()
            if self.identity.sees(found) and (project is None or found.owner_key == project.key)
        ]

    def repository(self, project: str, repo: str) -> Repository:
        """A repository of a project by its name or id; raises `ApiError` 404."""
        for found in self.repositories(self.project(project)):
            if repo.lower() in {found.hosted.name.lower(), repository_id(found)}:
                return found
        raise no_repository(repo)

    def repository_by_id(self, number: str) -> Repository:
        """A repository of any project; raises `ApiError` 404."""
        for found in self.repositories():
            if repository_id(found) == number:
                return found
        raise no_repository(number)

    def body(self) -> dict[str, object]:
        """The JSON object that was sent; raises `ApiError` 400 or 415."""
        if not self.request.mimetype.endswith("/json"):
            raise ApiError(415, "The request's Content-Type is not supported.")
        value = self.json()
        if not isinstance(value, dict):
            raise bad_argument("The body is no JSON object.")
        return value

    def json(self) -> object:
        """The JSON that was sent; raises `ApiError` 400 or 413."""
        if (self.request.content_length or 0) > _LARGEST_BODY:
            raise ApiError(413)
        try:
            value: object = json.loads(self.request.get_data() or b"{}")
        except (ValueError, RecursionError) as error:
            raise bad_argument("The body is no JSON.") from error
        return value

    def number(self, name: str, default: int) -> int:
        """A number of the query string that is not negative; raises `ApiError` 400."""
        return number(self.request.args, name, default)

    def flag(self, name: str) -> bool:
        return self.request.args.get(name, "").lower() == "true"

    def answer(self, value: JsonValue, status: int = 200) -> Response:
        return json_response(value, status)

    def listed(self, values: Sequence[JsonObject], *, token: str = "") -> Response:
        """A list in its envelope; `token` says where the next page begins."""
        response = self.answer({"count": len(values), "value": values})
        if token:
            response.headers["x-ms-continuationtoken"] = token
        return response


def repository_id(found: Repository) -> str:
    return guid("repository", found.id)


def commit_of(found: Repository, kind: str, version: str) -> str:
    """The commit that a version descriptor names; raises `ApiError` 400 or 404.

    The default branch without a version. Abbreviations are no versions here.
    """
    if not version:
        kind, version = "branch", found.default_branch()
    prefixes = {"branch": "refs/heads/", "tag": "refs/tags/"}
    if kind == "commit":
        if not git.is_full_id(version.lower()):
            raise bad_argument(f"The expression '{version}' is no SHA-1.")
        known = git.object_type(found.git_dir, version)
        oid = known[0] if known else None
    elif kind in prefixes:
        oid = git.all_refs(found.git_dir).get(prefixes[kind] + version)
    else:
        raise bad_argument(f"'{kind}' is no type of version.")
    try:
        if oid is not None:
            return git.resolve_commit(found.git_dir, oid)
        if kind == "branch" and version == found.default_branch():
            return git.resolve_head(found.git_dir)  # a detached HEAD without branches
    except git.RevisionError:
        pass
    raise no_version(kind, version)


def described(arguments: Mapping[str, object], prefix: str) -> tuple[str, str]:
    """(type, version) of the descriptor whose fields begin with `prefix`."""
    kind = arguments.get(f"{prefix}versionType") or "branch"
    version = arguments.get(f"{prefix}version") or ""
    return str(kind), str(version)


def number(arguments: Mapping[str, object], name: str, default: int) -> int:
    """A number among a query's or a body's values; raises `ApiError` 400."""
    value = str(arguments.get(name, default))
    if not (value.isascii() and value.isdigit()):
        raise bad_argument(f"'{value}' is no value of {name}.")
    return min(int(value[:9]), _LARGEST_NUMBER)


def page_of(root: str, found: Repository) -> str:
    """The page of a repository for people, below the organization's address."""
    return f"{root}/{quote(found.hosted.owner)}/_git/{quote(found.hosted.name)}"
