"""Pull requests: those of a repository, and those that a commit went through."""

from __future__ import annotations

from typing import TYPE_CHECKING

from forge_emulator.dialects.bitbucket import serialize_pulls
from forge_emulator.dialects.bitbucket.errors import ApiError
from forge_emulator.dialects.bitbucket.paging import numbered
from forge_emulator.dialects.bitbucket.routes import REPOSITORY, route

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from forge_emulator.dialects.bitbucket.call import Call

_OF_COMMIT = 30


def list_pulls(call: Call, workspace: str, repo_slug: str) -> Response:
    """Newest first; the open ones, unless `state` asks for others."""
    found = call.repository(workspace, repo_slug)
    states = call.request.args.getlist("state") or ["OPEN"]
    pulls = [
        pull
        for pull in reversed(call.world.store.pulls(found.id))
        if serialize_pulls.state_of(pull) in states
    ]
    return call.answer(
        numbered(
            call, pulls, lambda each: serialize_pulls.pull_request(call.urls, found, each), most=50
        )
    )


def get_pull(call: Call, workspace: str, repo_slug: str, number: int) -> Response:
    found = call.repository(workspace, repo_slug)
    try:
        pull = call.world.store.pull(found.id, number)
    except KeyError as error:
        raise ApiError(404, "Pull request not found") from error
    return call.answer(serialize_pulls.pull_request(call.urls, found, pull))


def list_pulls_of_commit(call: Call, workspace: str, repo_slug: str, commit: str) -> Response:
    """Those that brought a commit; each with no more than its number and title."""
    found = call.repository(workspace, repo_slug)
    pulls = call.world.store.pulls_with(found.id, call.commit_id(found, commit))
    page = numbered(
        call,
        pulls,
        lambda each: serialize_pulls.pull_stub(call.urls, found, each),
        usual=_OF_COMMIT,
    )
    return call.answer(page)


_PULLS = f"{REPOSITORY}/pullrequests"

ROUTES = [
    route("GET", _PULLS, list_pulls, scope="pullrequest"),
    route("GET", f"{_PULLS}/<int:number>", get_pull, scope="pullrequest"),
    route(
        "GET",
        f"{REPOSITORY}/commit/<commit>/pullrequests",
        list_pulls_of_commit,
        scope="pullrequest",
    ),
]
