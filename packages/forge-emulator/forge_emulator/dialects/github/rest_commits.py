"""Commits: lists, single ones with their files, comparisons, and their pull requests."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from werkzeug.wrappers import Response

from forge_emulator import git, tree
from forge_emulator.dialects.github import serialize, serialize_issues
from forge_emulator.dialects.github.errors import ApiError, invalid, not_found
from forge_emulator.dialects.github.rest_repositories import repository_json
from forge_emulator.diff import changes
from forge_emulator.paging import Page, PageRequest, cut, page_request
from forge_emulator.routes import Route

if TYPE_CHECKING:
    from forge_emulator.dialects.github.call import Call
    from forge_emulator.diff import FileChange
    from forge_emulator.git import Commit
    from forge_emulator.json_types import JsonObject
    from forge_emulator.repositories import Repository

_FILES_A_PAGE = 300
_FILES_AT_ALL = 3000
_COMPARED_COMMITS = 250
_SHA_TYPE = "application/vnd.github.sha"


def find_commit(found: Repository, revision: str) -> str:
    """The full id of a revision; raises `ApiError` 422, as GitHub does, or 409 when empty."""
    try:
        return git.resolve_commit(found.git_dir, revision)
    except git.RevisionError as error:
        if not git.branches(found.git_dir):
            raise ApiError(409) from error
        raise ApiError(422, f"No commit found for SHA: {revision}") from error


def commit_json(call: Call, found: Repository, commit: Commit) -> JsonObject:
    return serialize.commit(call.urls, found, commit, call.world.users)


def list_commits(call: Call, owner: str, repo: str) -> Response:
    found = call.repository(owner, repo)
    arguments, request = call.request.args, call.page_request()
    path = arguments.get("path", "").strip("/")
    since, until = _time(call, "since"), _time(call, "until")
    tip = _tip(found, arguments.get("sha") or found.default_branch())
    if path and not tree.is_path(path):
        return call.answer([])
    oids = git.list_commits(
        found.git_dir, tip, path=path, since=since, until=until,
        skip=request.offset, limit=request.size,
    )  # fmt: skip
    total = git.count_commits(found.git_dir, tip, path=path, since=since, until=until)
    commits = git.read_commits(found.git_dir, oids)
    response = call.answer([commit_json(call, found, commit) for commit in commits])
    call.link(response, Page(items=commits, total=total, request=request))
    return response


def _tip(found: Repository, revision: str) -> str:
    try:
        return find_commit(found, revision)
    except ApiError as error:
        raise (error if error.status == 409 else not_found()) from error  # noqa: PLR2004 - empty


def _time(call: Call, name: str) -> datetime | None:
    value = call.request.args.get(name)
    if not value:
        return None
    try:
        when = datetime.fromisoformat(value)
    except ValueError as error:
        raise invalid("Commit", name) from error
    return when if when.tzinfo else when.replace(tzinfo=UTC)


def get_commit(call: Call, owner: str, repo: str, ref: str) -> Response:
    """A commit with its changes against its first parent; files come in pages of 300."""
    found = call.repository(owner, repo)
    oid = find_commit(found, ref)
    if _SHA_TYPE in call.request.headers.get("Accept", ""):
        return Response(oid, content_type=f"{_SHA_TYPE}; charset=utf-8")
    commit = git.read_commit(found.git_dir, oid)
    before = commit.parents[0] if commit.parents else None
    changed = changes(found.git_dir, before, oid)
    page = cut(changed[:_FILES_AT_ALL], _files_request(call))
    value = commit_json(call, found, commit)
    value["stats"] = serialize.stats(changed)
    value["files"] = _files(call, found, oid, page)
    response = call.answer(value)
    call.link(response, page)
    return response


def _files_request(call: Call) -> PageRequest:
    return page_request(call.request.args, default=_FILES_A_PAGE, cap=_FILES_A_PAGE)


def _files(call: Call, found: Repository, oid: str, page: Page[FileChange]) -> list[JsonObject]:
    return [serialize.file_change(call.urls, found, oid, change) for change in page.items]


def compare(call: Call, owner: str, repo: str, basehead: str) -> Response:
    """`base...head`: the commits that head has and base has not, and what they changed together.

    Who asks for no page gets the newest commits, and else the oldest first.
    """
    found = call.repository(owner, repo)
    names = [part.removeprefix(f"{found.hosted.owner}:") for part in basehead.split("...", 1)]
    if len(names) < 2:  # noqa: PLR2004 - two sides
        raise not_found()
    base, head = (_tip(found, name) for name in names)
    fork = git.merge_base(found.git_dir, base, head)
    if fork is None:
        raise ApiError(404, f"No common ancestor between {names[0]} and {names[1]}.")
    ahead = git.commits_between(found.git_dir, base, head)
    behind = len(git.commits_between(found.git_dir, head, base))
    request = page_request(call.request.args, default=_COMPARED_COMMITS, cap=_COMPARED_COMMITS)
    is_paged = not {"page", "per_page"}.isdisjoint(call.request.args)
    page = cut(ahead if is_paged else ahead[-_COMPARED_COMMITS:], request)
    first, middle, *rest = git.read_commits(found.git_dir, [base, fork, *page.items])
    files = changes(found.git_dir, fork, head)[:_FILES_A_PAGE] if request.number == 1 else []
    api = f"{call.urls.repository(found)}/compare/{names[0]}...{names[1]}"
    html = call.urls.page(found, "compare", f"{names[0]}...{names[1]}")
    response = call.answer(
        {
            "url": api,
            "html_url": html,
            "permalink_url": call.urls.page(found, "compare", f"{base[:12]}...{head[:12]}"),
            "diff_url": f"{html}.diff",
            "patch_url": f"{html}.patch",
            "base_commit": commit_json(call, found, first),
            "merge_base_commit": commit_json(call, found, middle),
            "status": _relation(len(ahead), behind),
            "ahead_by": len(ahead),
            "behind_by": behind,
            "total_commits": len(ahead),
            "commits": [commit_json(call, found, commit) for commit in rest],
            "files": [serialize.file_change(call.urls, found, head, change) for change in files],
        }
    )
    call.link(response, page)
    return response


def _relation(ahead: int, behind: int) -> str:
    if ahead and behind:
        return "diverged"
    if ahead:
        return "ahead"
    return "behind" if behind else "identical"


def get_git_commit(call: Call, owner: str, repo: str, commit_sha: str) -> Response:
    found = call.repository(owner, repo)
    known = git.object_type(found.git_dir, commit_sha) if git.is_full_id(commit_sha) else None
    if known is None or known[1] != "commit":
        raise not_found()
    commit = git.read_commit(found.git_dir, known[0])
    return call.answer(serialize.git_commit(call.urls, found, commit))


def list_pulls_of_commit(call: Call, owner: str, repo: str, commit_sha: str) -> Response:
    found = call.repository(owner, repo)
    pulls = call.world.store.pulls_with(found.id, find_commit(found, commit_sha))
    shown = repository_json(call, found)
    return call.page(
        pulls, lambda pull: serialize_issues.pull_request(call.urls, found, pull, shown)
    )


ROUTES = [
    Route("GET", "/repos/<owner>/<repo>/commits", list_commits),
    Route("GET", "/repos/<owner>/<repo>/commits/<path:commit_sha>/pulls", list_pulls_of_commit),
    Route("GET", "/repos/<owner>/<repo>/commits/<path:ref>", get_commit),
    Route("GET", "/repos/<owner>/<repo>/compare/<path:basehead>", compare),
    Route("GET", "/repos/<owner>/<repo>/git/commits/<commit_sha>", get_git_commit),
]
