"""Answers and deliveries that Bitbucket really sent, and what they are read as.

``golden.json`` holds the expected results alone, by the payload's path and SHA-256. To write it
anew after a change that is meant: ``python -m tests.sentry.integrations.bitbucket.test_golden``.
"""

import dataclasses
import hashlib
import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from sentry.integrations.bitbucket import parse, parse_files, parse_pulls
from sentry.integrations.bitbucket.webhooks.parse import parse_delivery
from sentry.integrations.source_code_management.json_reader import Json

pytestmark = pytest.mark.contracts

GOLDEN = Path(__file__).with_name("golden.json")
FOLDER = "payloads/go-scm/bitbucket"


def _event(name: str) -> Callable[[Any], object]:
    return lambda value: parse_delivery(name, value)


READERS: dict[str, Callable[[Any], object]] = {
    "repo.json": parse.parse_repository,
    "repos.json": parse.parse_repositories,
    "repos-2.json": parse.parse_repositories,
    "repos_filter.json": parse.parse_repositories,
    "repos_empty.json": parse.parse_repositories,
    "user.json": parse.parse_account,
    "user_workspaces.json": parse.parse_workspaces,
    "commit.json": parse.parse_commit,
    "commits.json": parse.parse_commits,
    "branches.json": parse.parse_branches,
    "branches_filter.json": parse.parse_branches,
    "tags.json": parse.parse_refs,
    "diffstat.json": parse_files.parse_changes,
    "pr_diffstat.json": parse_files.parse_changes,
    "content_list.json": lambda value: parse_files.parse_listing(value, "packages/activity"),
    "pr.json": parse_pulls.parse_pull,
    "prs.json": parse_pulls.parse_pull_numbers,
    "hook.json": parse_pulls.parse_hook,
    "hooks.json": parse_pulls.parse_hooks,
    "error.json": parse.parse_message,
    "content_fail.json": parse.parse_message,
    "webhooks/push.json": _event("repo:push"),
    "webhooks/push_branch_create.json": _event("repo:push"),
    "webhooks/push_branch_delete.json": _event("repo:push"),
    "webhooks/push_tag_create.json": _event("repo:push"),
    "webhooks/push_tag_delete.json": _event("repo:push"),
    "webhooks/pr_created.json": _event("pullrequest:created"),
    "webhooks/pr_updated.json": _event("pullrequest:updated"),
    "webhooks/pr_fulfilled.json": _event("pullrequest:fulfilled"),
    "webhooks/pr_declined.json": _event("pullrequest:rejected"),
    "webhooks/pr_comment_created.json": _event("pullrequest:comment_created"),
}
LINKED = (
    "commits.json",
    "branches.json",
    "repos.json",
    "content_list.json",
    "user_workspaces.json",
)


def plain(value: object) -> Json:
    """A value as JSON: dataclasses as objects with their kind, times as ISO 8601."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {item.name: plain(getattr(value, item.name)) for item in dataclasses.fields(value)}
        return {"kind": type(value).__name__, **{f"_{key}": item for key, item in fields.items()}}
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
    value = json.loads(content)
    found: dict[str, Json] = {
        "sha256": hashlib.sha256(content).hexdigest(),
        "expected": plain(READERS[name](value)),
    }
    return found | ({"next": parse.next_link(value)} if name in LINKED else {})


@pytest.mark.parametrize("name", READERS)
def test_a_recorded_payload_is_read_as_expected(contracts_dir, name):
    golden = json.loads(GOLDEN.read_text())
    assert read(contracts_dir, name) == golden[f"{FOLDER}/{name}"]


if __name__ == "__main__":
    import os

    root = Path(os.environ["CONTRACTS_DIR"])
    results = {f"{FOLDER}/{name}": read(root, name) for name in READERS}
    GOLDEN.write_text(json.dumps(results, indent=2, sort_keys=True, ensure_ascii=False) + "\n")
