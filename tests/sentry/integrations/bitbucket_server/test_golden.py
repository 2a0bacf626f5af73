"""Answers and deliveries that servers really sent, and what they are read as.

``golden.json`` holds the expected results alone, by the payload's path and SHA-256. To write it
anew after a change that is meant:
``python -m tests.sentry.integrations.bitbucket_server.test_golden``.
"""

import dataclasses
import hashlib
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from sentry.integrations.bitbucket_server import parse, parse_blame
from sentry.integrations.bitbucket_server.endpoints import server_endpoints
from sentry.integrations.bitbucket_server.webhooks.receiver import BitbucketServerReceiver
from sentry.integrations.source_code_management.json_reader import Json
from sentry.integrations.source_code_management.webhooks import WebhookRequest

pytestmark = pytest.mark.contracts

GOLDEN = Path(__file__).with_name("golden.json")
ENDPOINTS = server_endpoints(base_url="http://example.com:7990", web_url=None)
PAGE = "http://example.com:7990/projects/PRJ/repos/my-repo"
STASH = "payloads/go-scm/stash"
REST = "payloads/bitbucket-rest"


def values(value: Any) -> Json:
    """What a page holds; its frame is read on the way."""
    return parse.parse_page(value).values


def delivery(value: Any) -> Any:
    request = WebhookRequest(
        headers={"x-event-key": value["eventKey"]}, body=json.dumps(value).encode()
    )
    return BitbucketServerReceiver().events(request)


READERS: dict[str, Any] = {
    "branches": lambda value: parse.parse_branches(values(value)),
    "changes": lambda value: parse.parse_changes(values(value)),
    "commit": lambda value: parse.parse_commit(value, PAGE),
    "commits": lambda value: parse.parse_commits(values(value), PAGE),
    "default_branch": parse.parse_default_branch,
    "errors": parse.parse_errors,
    "hook": parse.parse_hook,
    "hooks": lambda value: parse.parse_hooks(values(value)),
    "lines": parse_blame.parse_blame,
    "paths": lambda value: parse.parse_paths(values(value)),
    "pull_request": lambda value: parse.parse_pull_requests([value], PAGE),
    "pull_requests": lambda value: parse.parse_pull_requests(values(value), PAGE),
    "repository": lambda value: parse.parse_repository(value, ENDPOINTS),
    "repositories": lambda value: [
        parse.parse_repository(item, ENDPOINTS) for item in parse.parse_page(value).values
    ],
    "delivery": delivery,
}
PAYLOADS = {
    f"{STASH}/branches.json": "branches",
    f"{STASH}/branches_filter.json": "branches",
    f"{STASH}/changes.json": "changes",
    f"{STASH}/commit.json": "commit",
    f"{STASH}/commits.json": "commits",
    f"{STASH}/compare.json": "changes",
    f"{STASH}/content_list.json": "paths",
    f"{STASH}/default_branch.json": "default_branch",
    f"{STASH}/error.json": "errors",
    f"{STASH}/pr.json": "pull_request",
    f"{STASH}/pr_change.json": "changes",
    f"{STASH}/pr_iso_dates.json": "pull_request",
    f"{STASH}/prs.json": "pull_requests",
    f"{STASH}/repo.json": "repository",
    f"{STASH}/repos.json": "repositories",
    f"{STASH}/repos_filter.json": "repositories",
    f"{STASH}/webhook.json": "hook",
    f"{STASH}/webhooks.json": "hooks",
    **{
        f"{STASH}/webhooks/{name}.json": "delivery"
        for name in (
            "pr_declined",
            "pr_declined_iso_dates",
            "pr_deleted",
            "pr_from_ref_updated",
            "pr_merged",
            "pr_merged_iso_dates",
            "pr_modified_meta",
            "pr_modified_toref",
            "pr_open",
            "pr_open_iso_dates",
            "push",
            "push_branch_create",
            "push_branch_delete",
            "push_tag_create",
            "push_tag_delete",
            "push_v5",
        )
    },
    f"{REST}/branch-list.json": "branches",
    f"{REST}/branch-list-error.json": "errors",
    f"{REST}/commit.json": "commit",
    f"{REST}/commit-error.json": "errors",
    f"{REST}/errors.json": "errors",
    f"{REST}/files-page.json": "paths",
    f"{REST}/line-page-with-blame.json": "lines",
    f"{REST}/pull-request-changes.json": "changes",
    f"{REST}/pull-request-commits.json": "commits",
    f"{REST}/pull-request-merge.json": "pull_request",
    f"{REST}/pull-request-page.json": "pull_requests",
    f"{REST}/repository.json": "repository",
    f"{REST}/repository-not-exist.json": "errors",
    f"{REST}/repository-page-full.json": "repositories",
    f"{REST}/repository-page-truncated.json": "repositories",
    f"{REST}/repository-webhook-page.json": "hooks",
    f"{REST}/repository-fork.json": "repository",
}


def plain(value: object) -> Json:
    """A value as JSON: dataclasses as objects with their kind, times as ISO 8601."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        shown = {item.name: plain(getattr(value, item.name)) for item in dataclasses.fields(value)}
        return {"class": type(value).__name__, **shown}
    if isinstance(value, dict):
        return {str(name): plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, datetime):
        return value.isoformat()
    assert value is None or isinstance(value, str | int | bool)
    return value


def read(folder: Path, name: str) -> dict[str, Json]:
    content = (folder / name).read_bytes()
    return {
        "sha256": hashlib.sha256(content).hexdigest(),
        "expected": plain(READERS[PAYLOADS[name]](json.loads(content))),
    }


@pytest.mark.parametrize("name", PAYLOADS)
def test_a_recorded_answer_is_read_as_expected(contracts_dir, name):
    golden = json.loads(GOLDEN.read_text())
    assert read(contracts_dir, name) == golden[name]


if __name__ == "__main__":
    import os

    root = Path(os.environ["CONTRACTS_DIR"])
    results = {name: read(root, name) for name in PAYLOADS}
    GOLDEN.write_text(json.dumps(results, indent=2, sort_keys=True, ensure_ascii=False) + "\n")
