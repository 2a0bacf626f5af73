"""Projects and their branches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from forge_emulator import git
from forge_emulator.dialects.gitlab import serialize
from forge_emulator.dialects.gitlab.credentials import READ
from forge_emulator.dialects.gitlab.errors import ApiError, bad_parameter, not_found
from forge_emulator.dialects.gitlab.limits import API
from forge_emulator.dialects.gitlab.paging import keyset_link
from forge_emulator.dialects.gitlab.rest_users import is_user
from forge_emulator.routes import Route

if TYPE_CHECKING:
    from collections.abc import Sequence

    from werkzeug.wrappers import Response

    from forge_emulator.dialects.gitlab.call import Call
    from forge_emulator.json_types import JsonObject
    from forge_emulator.repositories import Repository

_ORDERS = ("id", "name", "path", "created_at", "updated_at", "last_activity_at")
_MOST_BY_OFFSET = 50_000


def project_json(call: Call, found: Repository, *, is_simple: bool = False) -> JsonObject:
    """A project with what git and the store know of it."""
    is_empty = not git.branches(found.git_dir)
    value = serialize.project(
        call.urls,
        found,
        default_branch=None if is_empty else found.default_branch(),
        last_activity_at=git.newest_time(found.git_dir) or found.hosted.created_at,
        is_user=is_user(call, found.hosted.owner),
    )
    if is_simple:
        return value
    issues = call.world.store.issues(found.id)
    return value | serialize.project_details(
        call.urls,
        found,
        is_member=is_member(call, found),
        open_issues=sum(issue.state == "open" for issue in issues),
        is_empty=is_empty,
    )


def is_member(call: Call, found: Repository) -> bool:
    return call.credential is not None and call.credential.identity.grants(found)


def get_project(call: Call, id: str) -> Response:  # noqa: A002 - the path's own name
    return call.answer(project_json(call, call.project(id)))


def list_projects(call: Call) -> Response:
    """Projects by membership, words and archive, in numbered pages or by keyset."""
    call.demand(READ)
    order = call.request.args.get("order_by", "created_at")
    if order not in _ORDERS:
        raise bad_parameter("order_by does not have a valid value")
    found = [each for each in call.world.repositories.all() if _is_wanted(call, each)]
    found.sort(key=lambda each: (str(_rank(each, order)), each.id))
    if order in {"id", "created_at"}:
        found.sort(key=lambda each: each.id)
    if call.request.args.get("sort", "desc") == "desc":
        found.reverse()
    simple = call.flag("simple")
    if call.request.args.get("pagination") == "keyset":
        return _keyset(call, found, order, is_simple=simple)
    if call.page_request().offset > _MOST_BY_OFFSET:
        raise ApiError(405, {"error": "Offset pagination has a maximum allowed offset of 50000"})
    return call.page(found, lambda each: project_json(call, each, is_simple=simple))


def _is_wanted(call: Call, found: Repository) -> bool:
    if not call.sees(found) or (call.flag("membership") and not is_member(call, found)):
        return False
    words = call.request.args.get("search", "").lower()
    name = found.full_name if call.flag("search_namespaces") else found.hosted.name
    archived = call.request.args.get("archived")
    if archived is not None and call.flag("archived") != found.hosted.archived:
        return False
    return words in name.lower()


def _rank(found: Repository, order: str) -> object:
    return found.hosted.name.lower() if order in {"name", "path"} else ""


def _keyset(call: Call, found: Sequence[Repository], order: str, *, is_simple: bool) -> Response:
    """The page after a record; by id alone, as GitLab has it for projects."""
    if order != "id":
        raise ApiError(
            405, {"error": "Keyset pagination is not available for this type of request"}
        )
    after, before = call.request.args.get("id_after"), call.request.args.get("id_before")
    left = [
        each
        for each in found
        if (after is None or each.id > _id(after)) and (before is None or each.id < _id(before))
    ]
    size = call.page_request().size
    shown = left[:size]
    response = call.answer([project_json(call, each, is_simple=is_simple) for each in shown])
    if len(left) > size:
        key = "id_after" if call.request.args.get("sort") == "asc" else "id_before"
        keyset_link(response, call.current, call.request.args, {key: str(shown[-1].id)})
    return response


def _id(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise bad_parameter("id_after is invalid")
    return int(text[:18])


def branch_json(call: Call, found: Repository, ref: git.Ref) -> JsonObject:
    tip = serialize.commit(call.urls, found, git.read_commit(found.git_dir, ref.oid))
    return serialize.branch(
        call.urls,
        found,
        ref,
        tip,
        default=found.default_branch(),
        may_push=is_member(call, found),
    )


def list_branches(call: Call, id: str) -> Response:  # noqa: A002 - the path's own name
    """Branches by name; `search` takes a part of it, `^` its beginning and `$` its end."""
    found = call.project(id)
    words = call.request.args.get("search", "").lower()
    branches = [ref for ref in git.branches(found.git_dir) if _fits(ref.name.lower(), words)]
    return call.page(branches, lambda ref: branch_json(call, found, ref))


def _fits(name: str, words: str) -> bool:
    if words.startswith("^"):
        return name.startswith(words[1:])
    return name.endswith(words[:-1]) if words.endswith("$") else words in name


def get_branch(call: Call, id: str, branch: str) -> Response:  # noqa: A002 - the path's own name
    found = call.project(id)
    ref = next((ref for ref in git.branches(found.git_dir) if ref.name == branch), None)
    if ref is None:
        raise not_found("Branch")
    return call.answer(branch_json(call, found, ref))


ROUTES = [
    Route("GET", "/api/v4/projects", list_projects, API),
    Route("GET", "/api/v4/projects/<id>", get_project, API),
    Route("GET", "/api/v4/projects/<id>/repository/branches", list_branches, API),
    Route("GET", "/api/v4/projects/<id>/repository/branches/<branch>", get_branch, API),
]
