"""Answers and deliveries that Azure DevOps really gave, and what they are read as.

``golden.json`` holds the expected results alone, by the payload's path and SHA-256. To write it
anew after a change that is meant: ``python -m tests.sentry.integrations.vsts.test_golden``.
"""

import dataclasses
import hashlib
import json
from datetime import datetime
from pathlib import Path

import pytest

from sentry.integrations.source_code_management.json_reader import Json, as_object
from sentry.integrations.source_code_management.webhooks import WebhookRequest
from sentry.integrations.vsts import parse, parse_hooks, parse_reads
from sentry.integrations.vsts.webhooks.receiver import VstsWebhookReceiver

pytestmark = pytest.mark.contracts

GOLDEN = Path(__file__).with_name("golden.json")
RECEIVER = VstsWebhookReceiver()


def _delivery(value: Json) -> object:
    request = WebhookRequest(headers={}, body=json.dumps(value).encode())
    return [RECEIVER.delivery_id(request), RECEIVER.events(request)]


READERS = {
    "branches": parse_reads.parse_branches,
    "commit": parse.parse_commit,
    "commits": parse.parse_commits,
    "diff": parse_reads.parse_diff,
    "item": parse.parse_object_id,
    "tree": lambda value: parse_reads.parse_tree(value, ""),
    "projects": parse.parse_projects,
    "pull request": lambda value: parse_reads.pull_request_of(as_object(value, "pull")),
    "repository": parse.parse_repository,
    "repositories": parse.parse_repositories,
    "subscription": parse_hooks.parse_subscription,
    "subscriptions": parse_hooks.parse_subscriptions,
    "delivery": _delivery,
}
FOLDER = "payloads/go-scm/azure"
PAYLOADS = {
    "branches.json": "branches",
    "branches_filter.json": "branches",
    "commit.json": "commit",
    "commits.json": "commits",
    "compare.json": "diff",
    "content.json": "item",
    "content_list.json": "tree",
    "hook.json": "subscription",
    "hooks.json": "subscriptions",
    "pr.json": "pull request",
    "projects.json": "projects",
    "repo.json": "repository",
    "repos.json": "repositories",
    "tags.json": "branches",
    "webhooks/issue_comment.json": "delivery",
    "webhooks/pr_created.json": "delivery",
    "webhooks/pr_merged.json": "delivery",
    "webhooks/pr_updated.json": "delivery",
    "webhooks/push.json": "delivery",
}


def plain(value: object) -> Json:
    """A value as JSON: dataclasses as objects, times as ISO 8601."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {item.name: plain(getattr(value, item.name)) for item in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {str(name): plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, datetime):
        return value.isoformat()
    assert value is None or isinstance(value, str | int | bool)
    return value


def read(folder: Path, name: str) -> dict[str, Json]:
    content = (folder / FOLDER / name).read_bytes()
    return {
        "sha256": hashlib.sha256(content).hexdigest(),
        "expected": plain(READERS[PAYLOADS[name]](json.loads(content))),
    }


@pytest.mark.parametrize("name", PAYLOADS)
def test_a_recorded_answer_is_read_as_expected(contracts_dir, name):
    golden = json.loads(GOLDEN.read_text())
    assert read(contracts_dir, name) == golden[f"{FOLDER}/{name}"]


if __name__ == "__main__":
    import os

    root = Path(os.environ["CONTRACTS_DIR"])
    results = {f"{FOLDER}/{name}": read(root, name) for name in PAYLOADS}
    GOLDEN.write_text(json.dumps(results, indent=2, sort_keys=True, ensure_ascii=False) + "\n")
