"""Answers and deliveries that GitLab really sent, and what they are read as.

``golden.json`` holds the expected results alone, by the payload's path and SHA-256. To write it
anew after a change that is meant: ``python -m tests.sentry.integrations.gitlab.test_golden``.
"""

import dataclasses
import hashlib
import json
from datetime import datetime
from pathlib import Path

import pytest

from sentry.integrations.gitlab import parse, parse_issues, parse_reads
from sentry.integrations.gitlab.webhooks.parse import parse_delivery, parse_hook, parse_hooks
from sentry.integrations.source_code_management.json_reader import Json

pytestmark = pytest.mark.contracts

GOLDEN = Path(__file__).with_name("golden.json")
FOLDER = "payloads/go-scm/gitlab"
REPO = "example/example"
READERS = {
    "commit": parse.parse_commit,
    "commits": parse.parse_commits,
    "repository": parse.parse_repository,
    "repositories": parse.parse_repositories,
    "user": lambda value: parse.parse_user_check(value, None),
    "users": lambda value: parse_issues.parse_user_id(value, "john_smith"),
    "comparison": lambda value: parse_reads.parse_comparison(value, ""),
    "changes": parse_reads.parse_changes,
    "tree": parse_reads.parse_tree,
    "branches": parse_reads.parse_branches,
    "merge_requests": parse_reads.parse_merge_requests,
    "issue": lambda value: parse_issues.parse_issue(value, REPO),
    "issues": lambda value: parse_issues.parse_issues(value, REPO),
    "note": lambda value: parse_issues.parse_note(value, "https://gitlab.com/i"),
    "hook": parse_hook,
    "hooks": parse_hooks,
    "delivery": lambda value: parse_delivery(value, instance="https://gitlab.com"),
}
PAYLOADS = {
    "commit.json": "commit",
    "commits.json": "commits",
    "repo.json": "repository",
    "repos.json": "repositories",
    "repos_filter.json": "repositories",
    "user.json": "user",
    "user_search.json": "users",
    "compare.json": "comparison",
    "commit_diff.json": "changes",
    "content_list.json": "tree",
    "branches.json": "branches",
    "branches_filter.json": "branches",
    "merges.json": "merge_requests",
    "issue.json": "issue",
    "issues.json": "issues",
    "issue_note.json": "note",
    "hook.json": "hook",
    "hooks.json": "hooks",
    **{
        f"webhooks/{name}.json": "delivery"
        for name in (
            "branch_create",
            "branch_delete",
            "branch_delete_subgroup",
            "issue_create",
            "merge_request_subgroup",
            "pipeline_hook",
            "pull_request_close",
            "pull_request_create",
            "pull_request_merge",
            "pull_request_reopen",
            "push",
            "push_merge",
            "push_subgroup",
            "tag_create",
            "tag_delete",
        )
    },
}


def plain(value: object) -> Json:
    """A value as JSON: dataclasses as objects, times as ISO 8601."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        shown = {item.name: plain(getattr(value, item.name)) for item in dataclasses.fields(value)}
        return {"is": type(value).__name__, **shown}
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
def test_a_recorded_payload_is_read_as_expected(contracts_dir, name):
    golden = json.loads(GOLDEN.read_text())
    assert read(contracts_dir, name) == golden[f"{FOLDER}/{name}"]


if __name__ == "__main__":
    import os

    root = Path(os.environ["CONTRACTS_DIR"])
    results = {f"{FOLDER}/{name}": read(root, name) for name in PAYLOADS}
    GOLDEN.write_text(json.dumps(results, indent=2, sort_keys=True, ensure_ascii=False) + "\n")
