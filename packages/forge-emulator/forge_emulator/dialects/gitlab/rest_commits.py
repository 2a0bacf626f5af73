"""Commits: lists, single ones, their changes and merge requests, comparisons and merge bases."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from forge_emulator import git, tree
from forge_emulator.dialects.gitlab import serialize, serialize_issues
from forge_emulator.dialects.gitlab.errors import bad_parameter, bad_value, not_found
from forge_emulator.dialects.gitlab.limits import API
from forge_emulator.diff import changes
from forge_emulator.paging import Page
from forge_emulator.routes import Route

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from forge_emulator.dialects.gitlab.call import Call
    from forge_emulator.diff import FileChange
    from forge_emulator.json_types import JsonObject
    from forge_emulator.repositories import Repository

MOST_FILES = 1000  # of one diff, as GitLab starts
_REFS = 2  # that a merge base needs


def find_commit(found: Repository, revision: str) -> str:
    """The full id of a branch, tag, id or unambiguous abbreviation; raises `ApiError` 404."""
    try:
        if revision == "HEAD":
            return git.resolve_head(found.git_dir)
        return git.resolve_commit(found.git_dir, revision)
    except git.RevisionError as error:
        raise not_found("Commit") from error


def commit_json(call: Call, found: Repository, oid: str) -> JsonObject:
    return serialize.commit(call.urls, found, git.read_commit(found.git_dir, oid))


def list_commits(call: Call, id: str) -> Response:  # noqa: A002 - the path's own name
    """The history of a ref, newest first. How many there are is not told."""
    found = call.project(id)
    arguments, request = call.request.args, call.page_request()
    path = arguments.get("path", "").strip("/")
    since, until = _time(call, "since"), _time(call, "until")
    if not git.branches(found.git_dir):
        raise not_found("Repository")
    tip = find_commit(found, arguments.get("ref_name") or found.default_branch())
    if path and not tree.is_path(path):
        return call.answer([])
    oids = git.list_commits(
        found.git_dir, tip, path=path, since=since, until=until,
        skip=request.offset, limit=request.size + 1,
    )  # fmt: skip
    commits = git.read_commits(found.git_dir, oids[: request.size])
    response = call.answer([serialize.commit(call.urls, found, commit) for commit in commits])
    page = Page(items=commits, total=request.offset + len(oids), request=request)
    call.page_headers(response, page, with_total=False)
    return response


def _time(call: Call, name: str) -> datetime | None:
    value = call.request.args.get(name)
    if not value:
        return None
    try:
        when = datetime.fromisoformat(value)
    except ValueError as error:
        raise bad_parameter(f"{name} is invalid") from error
    return when if when.tzinfo else when.replace(tzinfo=UTC)


def get_commit(call: Call, id: str, sha: str) -> Response:  # noqa: A002 - the path's own name
    """A commit; with its stats unless the caller does not want them."""
    found = call.project(id)
    oid = find_commit(found, sha)
    value = commit_json(call, found, oid)
    if call.flag("stats", default=True):
        value["stats"] = serialize.stats(_changes(found, oid))
    return call.answer(value | {"status": None, "project_id": found.id, "last_pipeline": None})


def _changes(found: Repository, oid: str) -> list[FileChange]:
    """What a commit changed against its first parent."""
    parents = git.read_commit(found.git_dir, oid).parents
    return changes(found.git_dir, parents[0] if parents else None, oid)


def list_changes(call: Call, id: str, sha: str) -> Response:  # noqa: A002 - the path's own name
    found = call.project(id)
    return call.page(_changes(found, find_commit(found, sha)), serialize.diff)


def list_merge_requests(call: Call, id: str, sha: str) -> Response:  # noqa: A002 - likewise
    """The merge requests that brought a commit."""
    found = call.project(id)
    state = call.request.args.get("state", "all")
    every = call.world.store.pulls_with(found.id, find_commit(found, sha))
    chosen = [each for each in every if state in {"all", serialize_issues.state_of(each)}]
    return call.page(chosen, lambda each: serialize_issues.merge_request(call.urls, found, each))


def compare(call: Call, id: str) -> Response:  # noqa: A002 - the path's own name
    """`from` to `to`: the commits of one that the other has not, and what they changed together.

    Without a common ancestor the changes are those between the two.
    """
    found = call.project(id)
    names = call.argument("from"), call.argument("to")
    base, head = (_side(found, name) for name in names)
    fork = base if call.flag("straight") else git.merge_base(found.git_dir, base, head) or base
    commits = [
        serialize.commit(call.urls, found, commit)
        for commit in git.read_commits(
            found.git_dir, git.commits_between(found.git_dir, base, head)
        )
    ]
    files = changes(found.git_dir, fork, head)[:MOST_FILES]
    return call.answer(
        {
            "commit": commits[-1] if commits else None,
            "commits": list(commits),
            "diffs": [serialize.diff(change) for change in files],
            "compare_timeout": False,
            "compare_same_ref": base == head,
            "web_url": call.urls.page(found, "compare", f"{base}...{head}"),
        }
    )


def _side(found: Repository, name: str) -> str:
    try:
        return git.resolve_commit(found.git_dir, name)
    except git.RevisionError as error:
        raise not_found("Ref") from error


def get_merge_base(call: Call, id: str) -> Response:  # noqa: A002 - the path's own name
    """The best common ancestor of the first two refs, which come as one text or as a list."""
    found = call.project(id)
    refs = call.request.args.getlist("refs[]") or call.argument("refs").split(",")
    if len(refs) < _REFS:
        raise bad_value("Provide at least 2 refs")
    oids = [_known(found, ref) for ref in refs]
    fork = git.merge_base(found.git_dir, oids[0], oids[1])
    if fork is None:
        raise not_found("Merge Base")
    return call.answer(commit_json(call, found, fork))


def _known(found: Repository, ref: str) -> str:
    try:
        return git.resolve_commit(found.git_dir, ref)
    except git.RevisionError as error:
        raise bad_value(f"Could not find ref: {ref}") from error


_REPOSITORY = "/api/v4/projects/<id>/repository"

ROUTES = [
    Route("GET", f"{_REPOSITORY}/commits", list_commits, API),
    Route("GET", f"{_REPOSITORY}/commits/<sha>", get_commit, API),
    Route("GET", f"{_REPOSITORY}/commits/<sha>/diff", list_changes, API),
    Route("GET", f"{_REPOSITORY}/commits/<sha>/merge_requests", list_merge_requests, API),
    Route("GET", f"{_REPOSITORY}/compare", compare, API),
    Route("GET", f"{_REPOSITORY}/merge_base", get_merge_base, API),
]
