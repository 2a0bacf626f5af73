"""Commits: single ones, histories, what they changed, and where two of them meet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from forge_emulator import git, tree
from forge_emulator.dialects.bitbucket import serialize, serialize_files
from forge_emulator.dialects.bitbucket.errors import ApiError
from forge_emulator.dialects.bitbucket.paging import link, numbered, page_length, unnumbered
from forge_emulator.dialects.bitbucket.places import Place
from forge_emulator.dialects.bitbucket.routes import REPOSITORY, route
from forge_emulator.diff import changes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from werkzeug.wrappers import Response

    from forge_emulator.dialects.bitbucket.call import Call
    from forge_emulator.git import Commit
    from forge_emulator.json_types import JsonObject
    from forge_emulator.repositories import Repository

_COMMITS, _CHANGES = 30, 500
_MOST_CHANGES = 5000


def commit_json(call: Call, found: Repository, commit: Commit) -> JsonObject:
    return serialize.commit(call.urls, found, commit, call.world.users)


def get_commit(call: Call, workspace: str, repo_slug: str, commit: str) -> Response:
    found = call.repository(workspace, repo_slug)
    oid = call.commit_id(found, commit)
    return call.answer(commit_json(call, found, git.read_commit(found.git_dir, oid)))


def list_commits(call: Call, workspace: str, repo_slug: str, revision: str = "") -> Response:
    """The history of `revision` and of every `include`, without that of every `exclude`.

    Without both it is that of all branches. `path` narrows it. A later page is reached by the
    `next` link alone: what it was made of is remembered under `ctx`.
    """
    found = call.repository(workspace, repo_slug)
    length = page_length(call, usual=_COMMITS)
    place = _place(call, found, revision)
    oids = _history(found, place, length + 1)
    commits = git.read_commits(found.git_dir, oids[:length])
    onward = None
    if len(oids) > length:
        ctx = call.places.keep(Place(facts=place.facts, offset=place.offset + length))
        number = 2 + place.offset // length
        onward = link(call, ctx=ctx, page=str(number))
    shown = (commit_json(call, found, commit) for commit in commits)
    return call.answer(unnumbered(length, shown, onward))


def _place(call: Call, found: Repository, revision: str) -> Place:
    arguments = call.request.args
    if "ctx" in arguments or "page" in arguments:
        place = call.places.find(arguments.get("ctx", ""))
        if place.facts["repository"] != str(found.id):
            raise ApiError(400, "Invalid page")
        return place
    includes = [name for name in [revision, *arguments.getlist("include")] if name]
    tips = [call.commit_id(found, name) for name in includes]
    if not includes:
        tips = [ref.oid for ref in git.branches(found.git_dir)]
    cut = [call.commit_id(found, name) for name in arguments.getlist("exclude")]
    facts = {
        "repository": str(found.id),
        "tips": " ".join(dict.fromkeys(tips)),
        "cut": " ".join(dict.fromkeys(cut)),
        "path": arguments.get("path", "").strip("/"),
    }
    return Place(facts=facts, offset=0)


def _history(found: Repository, place: Place, limit: int) -> list[str]:
    """Ids from a place on, newest first."""
    tips, cut, path = (place.facts[name] for name in ("tips", "cut", "path"))
    if not tips or (path and not tree.is_path(path)):
        return []
    without = [f"^{oid}" for oid in cut.split()]
    narrow = [path] if path else []
    counts = (f"--skip={place.offset}", f"--max-count={limit}")
    out = git.run(found.git_dir, "rev-list", *counts, *tips.split(), *without, "--", *narrow)
    return git.text(out).split()


def list_changes(call: Call, workspace: str, repo_slug: str, spec: str) -> Response:
    """What a commit changed against its first parent, or what the first of two has more.

    `source..destination` stands the other way round than in git. With `topic` (and by default,
    where Bitbucket merges first) the source is held against where the two met, without it against
    the destination itself.
    """
    found = call.repository(workspace, repo_slug)
    after, before = _sides(call, found, spec)
    listed = changes(found.git_dir, before, after)
    wanted = call.request.args.getlist("path")
    if wanted:
        listed = [each for each in listed if each.path in wanted or each.previous_path in wanted]
    return call.answer(
        numbered(
            call,
            listed,
            lambda each: serialize_files.change(call.urls, found, each, before=before, after=after),
            usual=_CHANGES,
            most=_MOST_CHANGES,
        )
    )


def _sides(call: Call, found: Repository, spec: str) -> tuple[str, str | None]:
    """The state that is shown, and the one that it is held against."""
    names = spec.split("..", 1)
    source = call.commit_id(found, names[0])
    if len(names) == 1:
        parents = git.read_commit(found.git_dir, source).parents
        return source, parents[0] if parents else None
    destination = call.commit_id(found, names[1])
    if call.request.args.get("topic", "true") == "false":
        return source, destination
    return source, _meeting(found, source, destination)


def _meeting(found: Repository, first: str, second: str) -> str:
    base = git.merge_base(found.git_dir, first, second)
    if base is None:
        raise ApiError(404, "No common ancestor was found")
    return base


def get_merge_base(call: Call, workspace: str, repo_slug: str, revspec: str) -> Response:
    found = call.repository(workspace, repo_slug)
    names: Sequence[str] = revspec.split("..", 1)
    if len(names) < 2:  # noqa: PLR2004 - two sides
        raise ApiError(400, "Invalid spec")
    first, second = (call.commit_id(found, name) for name in names)
    base = git.read_commit(found.git_dir, _meeting(found, first, second))
    return call.answer(commit_json(call, found, base))


ROUTES = [
    route("GET", f"{REPOSITORY}/commit/<commit>", get_commit),
    route("GET", f"{REPOSITORY}/commits", list_commits),
    route("GET", f"{REPOSITORY}/commits/<revision>", list_commits),
    route("GET", f"{REPOSITORY}/diffstat/<spec>", list_changes),
    route("GET", f"{REPOSITORY}/merge-base/<revspec>", get_merge_base),
]
