"""Answers that GitHub really gave, and what they are read as.

``golden.json`` holds the expected results alone, by the payload's path and SHA-256. To write it
anew after a change that is meant: ``python -m tests.sentry.integrations.github.test_golden``.
"""

import dataclasses
import hashlib
import json
from datetime import datetime
from pathlib import Path

import pytest

from sentry.integrations.github import parse, parse_reads
from sentry.integrations.source_code_management.json_reader import Json

pytestmark = pytest.mark.contracts

GOLDEN = Path(__file__).with_name("golden.json")
READERS = {
    "commit": parse.parse_commit,
    "commits": parse.parse_commits,
    "repository": parse.parse_repository,
    "repositories": parse.parse_repositories,
    "file": parse.parse_file_entry,
    "issue": parse.parse_issue,
    "issues": parse.parse_issues,
    "message": parse.parse_message,
    "comment": parse.parse_comment,
    "comparison": parse_reads.parse_comparison,
    "branches": parse_reads.parse_branches,
    "pulls": parse_reads.parse_pull_requests,
}
FOLDER = "payloads/go-scm/github"
PAYLOADS = {
    "commit.json": "commit",
    "commits.json": "commits",
    "repo.json": "repository",
    "repos.json": "repositories",
    "reposWithNull.json": "repositories",
    "github_app_repos.json": "repositories",
    "content.json": "file",
    "content_empty.json": "file",
    "content_large.json": "file",
    "content_list.json": "file",
    "issue.json": "issue",
    "issues.json": "issues",
    "error.json": "message",
    "issue_comment.json": "comment",
    "compare.json": "comparison",
    "branches.json": "branches",
    "pulls.json": "pulls",
}


def plain(value: object) -> Json:
    """A value as JSON: dataclasses as objects, times as ISO 8601, bytes as their digest."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {item.name: plain(getattr(value, item.name)) for item in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {str(name): plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bytes):
        return f"{len(value)} bytes, sha256 {hashlib.sha256(value).hexdigest()}"
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
