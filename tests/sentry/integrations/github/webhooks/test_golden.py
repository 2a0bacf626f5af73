"""Deliveries that GitHub really made, and what they are read as.

``golden.json`` holds the expected events alone, by the payload's path and SHA-256. To write it anew
after a change that is meant: ``python -m tests.sentry.integrations.github.webhooks.test_golden``.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from sentry.integrations.github.webhooks.receiver import GitHubWebhookReceiver
from sentry.integrations.source_code_management.webhooks import WebhookRequest
from tests.sentry.integrations.github.test_golden import plain

pytestmark = pytest.mark.contracts

GOLDEN = Path(__file__).with_name("golden.json")
EXAMPLES = "payloads/octokit/webhooks-examples.json"
FOLDER = "payloads/go-scm/github/webhooks"
PAYLOADS = {
    "push.json": "push",
    "push_branch_create.json": "push",
    "push_branch_delete.json": "push",
    "push_tag.json": "push",
    "push_tag_delete.json": "push",
    "pr_closed.json": "pull_request",
    "pr_edited.json": "pull_request",
    "pr_labeled.json": "pull_request",
    "pr_opened.json": "pull_request",
    "pr_ready_for_review.json": "pull_request",
    "pr_reopened.json": "pull_request",
    "pr_sync.json": "pull_request",
    "pr_unlabeled.json": "pull_request",
    "branch_create.json": "create",
    "comment.json": "issue_comment",
    "merge_group_destroyed.json": "merge_group",
    "release_created.json": "release",
    "tag_delete.json": "delete",
}


def read(event: str, body: bytes) -> Any:
    """The delivery's events by their classes' names."""
    request = WebhookRequest(headers={"x-github-event": event}, body=body)
    found = GitHubWebhookReceiver().events(request)
    return [{type(each).__name__: plain(each)} for each in found]


def results(root: Path) -> dict[str, Any]:
    found = {}
    for name, event in PAYLOADS.items():
        content = (root / FOLDER / name).read_bytes()
        found[f"{FOLDER}/{name}"] = _entry(content, read(event, content))
    content = (root / EXAMPLES).read_bytes()
    examples = {
        f"{each['name']} {number}": read(each["name"], json.dumps(example).encode())
        for each in json.loads(content)
        for number, example in enumerate(each["examples"])
    }
    found[EXAMPLES] = _entry(content, {name: told for name, told in examples.items() if told})
    return found


def _entry(content: bytes, expected: Any) -> dict[str, Any]:
    return {"sha256": hashlib.sha256(content).hexdigest(), "expected": expected}


def test_recorded_deliveries_are_read_as_expected(contracts_dir):
    golden = json.loads(GOLDEN.read_text(encoding="utf-8"))
    assert results(contracts_dir) == golden
    kinds = {name.split()[0] for name in golden[EXAMPLES]["expected"]}
    assert kinds == {
        "installation",
        "installation_repositories",
        "pull_request",
        "push",
        "repository",
    }


if __name__ == "__main__":
    import os

    text = json.dumps(
        results(Path(os.environ["CONTRACTS_DIR"])), indent=2, sort_keys=True, ensure_ascii=False
    )
    GOLDEN.write_text(f"{text}\n", encoding="utf-8")
