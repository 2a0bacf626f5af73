"""Commits: lists, single ones, what they changed, comparisons, and their pull requests."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from forge_emulator import git
from forge_emulator.dialects.bitbucket_server import serialize
from forge_emulator.dialects.bitbucket_server.errors import ApiError, no_commit
from forge_emulator.dialects.bitbucket_server.paging import CHANGES_CAP, frame, page
from forge_emulator.dialects.bitbucket_server.rest_repositories import REPO
from forge_emulator.diff import changes
from forge_emulator.routes import Route

if TYPE_CHECKING:
    from collections.abc import Sequence

    from werkzeug.wrappers import Response

    from forge_emulator.dialects.bitbucket_server.call import Call
    from forge_emulator.json_types import JsonObject
    from forge_emulator.repositories import Repository

_ID = re.compile(r"[0-9a-fA-F]{4,64}")


def list_commits(call: Call, key: str, slug: str) -> Response:
    """The history of `until`, newest first, perhaps of one path alone, less that of `since`."""
    found = call.repository(key, slug)
    arguments = call.request.args
    until = call.commit(found, arguments.get("until", ""))
    path = arguments.get("path", "")
    if path and arguments.get("followRenames") == "true":
        oids = git.list_commits_following(found.git_dir, until, path)
    else:
        oids = git.list_commits(found.git_dir, until, path=path)
    if "since" in arguments:
        since = call.commit(found, arguments["since"])
        known = set(git.list_commits(found.git_dir, since))
        oids = [oid for oid in oids if oid not in known]
    return _page_of_commits(call, found, oids)


def _page_of_commits(call: Call, found: Repository, oids: Sequence[str]) -> Response:
    wanted = call.wanted()
    chosen = oids[wanted.start : wanted.start + wanted.limit]
    commits = git.read_commits(found.git_dir, chosen)
    about = frame(wanted, len(chosen), is_last=wanted.start + wanted.limit >= len(oids))
    shown = [serialize.commit(call.urls, commit, call.world.users) for commit in commits]
    return call.answer(page(shown, about))


def _by_id(found: Repository, commit_id: str) -> str:
    """A commit by its id or an abbreviation; the name of a ref is none here."""
    slug = found.hosted.name
    if not _ID.fullmatch(commit_id):
        raise no_commit(commit_id, slug)
    try:
        oid = git.resolve_commit(found.git_dir, commit_id)
    except git.AmbiguousRevisionError as error:
        message = f"Commit '{commit_id}' is ambiguous in repository '{slug}'."
        raise ApiError(400, message, "ArgumentValidationException") from error
    except git.RevisionError as error:
        raise no_commit(commit_id, slug) from error
    if not oid.startswith(commit_id.lower()):
        raise no_commit(commit_id, slug)
    return oid


def get_commit(call: Call, key: str, slug: str, commit_id: str) -> Response:
    found = call.repository(key, slug)
    commit = git.read_commit(found.git_dir, _by_id(found, commit_id))
    return call.answer(serialize.commit(call.urls, commit, call.world.users))


def list_commit_changes(call: Call, key: str, slug: str, commit_id: str) -> Response:
    """What a commit changed against `since`, its first parent unless said otherwise."""
    found = call.repository(key, slug)
    oid = _by_id(found, commit_id)
    since = call.request.args.get("since", "")
    parents = git.read_commit(found.git_dir, oid).parents
    before = call.commit(found, since) if since else (parents[0] if parents else None)
    return _page_of_changes(call, found, before, oid)


def _page_of_changes(call: Call, found: Repository, before: str | None, after: str) -> Response:
    """A page of files. There is nothing behind the first thousand, and the page says so."""
    every = changes(found.git_dir, before, after)
    wanted = call.wanted(CHANGES_CAP)
    chosen = every[:CHANGES_CAP][wanted.start : wanted.start + wanted.limit]
    end = wanted.start + len(chosen)
    about = frame(wanted, len(chosen), is_last=end >= len(every))
    if end >= CHANGES_CAP:
        about["nextPageStart"] = None
    around: JsonObject = {"fromHash": before, "toHash": after, "properties": {}}
    shown = [serialize.change(call.urls, found, change, after) for change in chosen]
    return call.answer({**around, **page(shown, about)})


def _compared(call: Call, found: Repository) -> tuple[str, str]:
    """The source and the target of a comparison: what `from` and `to` name."""
    source = call.commit(found, call.request.args.get("from", ""))
    return source, call.commit(found, call.request.args.get("to", ""))


def compare_commits(call: Call, key: str, slug: str) -> Response:
    """Commits that the source has and the target has not, newest first."""
    found = call.repository(key, slug)
    source, target = _compared(call, found)
    oids = git.commits_between(found.git_dir, target, source)
    return _page_of_commits(call, found, oids[::-1])


def compare_changes(call: Call, key: str, slug: str) -> Response:
    """What the source changed since it left the target."""
    found = call.repository(key, slug)
    source, target = _compared(call, found)
    base = git.merge_base(found.git_dir, target, source)
    if base is None:
        raise no_commit(f"{target}...{source}", slug)
    return _page_of_changes(call, found, base, source)


def list_commit_pull_requests(call: Call, key: str, slug: str, commit_id: str) -> Response:
    found = call.repository(key, slug)
    oid = _by_id(found, commit_id)
    pulls = call.world.store.pulls_with(found.id, oid)
    return call.page(pulls, lambda pull: serialize.pull_request(call.urls, found, pull))


_COMMIT = f"{REPO}/commits/<commit_id>"

ROUTES = [
    Route("GET", f"{REPO}/commits", list_commits),
    Route("GET", _COMMIT, get_commit),
    Route("GET", f"{_COMMIT}/changes", list_commit_changes),
    Route("GET", f"{_COMMIT}/pull-requests", list_commit_pull_requests),
    Route("GET", f"{REPO}/compare/commits", compare_commits),
    Route("GET", f"{REPO}/compare/changes", compare_changes),
]
