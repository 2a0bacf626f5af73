"""Pull requests of commits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from forge_emulator.dialects.vsts import serialize
from forge_emulator.dialects.vsts.call import project_of, repository_id
from forge_emulator.dialects.vsts.errors import bad_argument
from forge_emulator.dialects.vsts.ids import guid
from forge_emulator.dialects.vsts.rest_projects import REPOSITORIES
from forge_emulator.routes import Route

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from forge_emulator.dialects.vsts.call import Call
    from forge_emulator.json_types import JsonObject
    from forge_emulator.repositories import Repository
    from forge_emulator.store import PullRequest


def pull_request(root: str, found: Repository, pull: PullRequest) -> JsonObject:
    """A pull request as lists show it."""
    owner = project_of(found)
    api = serialize.api_url(root, found, owner)
    value: JsonObject = {
        "repository": {
            "id": repository_id(found),
            "name": found.hosted.name,
            "url": api,
            "project": serialize.project(root, owner),
        },
        "pullRequestId": pull.number,
        "codeReviewId": pull.number,
        "status": _status(pull),
        "createdBy": serialize.identity(pull.author),
        "creationDate": serialize.fine_time(pull.created_at),
        "title": pull.title,
        "sourceRefName": f"refs/heads/{pull.head}",
        "targetRefName": f"refs/heads/{pull.base}",
        "mergeStatus": "succeeded",
        "isDraft": False,
        "mergeId": guid("merge", pull.id),
        "lastMergeSourceCommit": _tip(api, pull.head_oid),
        "lastMergeTargetCommit": _tip(api, pull.base_oid),
        "reviewers": [],
        "url": f"{api}/pullRequests/{pull.number}",
        "supportsIterations": True,
    }
    if pull.body:
        value["description"] = pull.body
    if pull.merge_commit:
        value["lastMergeCommit"] = _tip(api, pull.merge_commit)
    closed = pull.merged_at or pull.closed_at
    return value if closed is None else value | {"closedDate": serialize.fine_time(closed)}


def _tip(api: str, oid: str) -> JsonObject:
    return {"commitId": oid, "url": f"{api}/commits/{oid}"}


def _status(pull: PullRequest) -> str:
    if pull.merged_at is not None:
        return "completed"
    return "active" if pull.closed_at is None else "abandoned"


def query(call: Call, project: str, repo: str) -> Response:
    """For each query, pull requests by commit: those that hold it, or that it merged."""
    found = call.repository(project, repo)
    queries = call.body().get("queries")
    if not isinstance(queries, list):
        raise bad_argument("queries is missing.")
    results = [_run(call, found, each) for each in queries]
    return call.answer({"queries": queries, "results": results})


def _run(call: Call, found: Repository, asked: object) -> JsonObject:
    if not isinstance(asked, Mapping) or asked.get("type") not in {"commit", "lastMergeCommit"}:
        raise bad_argument("A query has no type.")
    merges = asked["type"] == "lastMergeCommit"
    results: JsonObject = {}
    for oid in asked.get("items") or []:
        pulls = [
            pull_request(call.root, found, pull)
            for pull in call.world.store.pulls_with(found.id, str(oid))
            if (pull.merge_commit == oid if merges else oid in pull.commits)
        ]
        if pulls:
            results[str(oid)] = pulls
    return results


ROUTES = [Route("POST", f"{REPOSITORIES}/<repo>/pullrequestquery", query, "vso.code")]
