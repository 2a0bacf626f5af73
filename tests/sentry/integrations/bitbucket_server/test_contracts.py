"""Every request that the client sends, and every answer, against the host's own description."""

import pytest

from .conftest import ODD, SHOP
from .test_blame import question

pytestmark = pytest.mark.contracts

CALLS = {
    "check_credential": lambda made, _: made.check_credential(),
    "get_repositories": lambda made, _: list(made.get_repositories()),
    "get_repositories by name": lambda made, _: list(made.get_repositories(query="sh")),
    "get_repository": lambda made, _: made.get_repository("ACME/shop"),
    "get_repository_default_branch": lambda made, _: made.get_repository_default_branch(SHOP),
    "get_branches": lambda made, _: list(made.get_branches(SHOP, query="feat")),
    "get_commit": lambda made, sha: made.get_commit(SHOP, sha[:9]),
    "resolve_ref": lambda made, _: made.resolve_ref(SHOP, "feature/checkout"),
    "resolve_ref of the default branch": lambda made, _: made.resolve_ref(SHOP, ""),
    "list_commits": lambda made, sha: made.list_commits(
        SHOP, sha=sha, path=ODD, page=2, per_page=1
    ),
    "compare_commits": lambda made, sha: made.compare_commits(
        SHOP, base=made.resolve_ref(SHOP, "old"), head=sha, max_commits=2
    ),
    "get_commit_changes": lambda made, sha: made.get_commit_changes(SHOP, sha=sha),
    "get_pull_requests_for_commit": lambda made, sha: made.get_pull_requests_for_commit(
        SHOP, sha=sha
    ),
    "get_file": lambda made, sha: made.get_file(SHOP, path=ODD, sha=sha, max_bytes=3),
    "get_tree": lambda made, sha: made.get_tree(SHOP, sha=sha, path="", max_entries=2),
    "get_tree of a folder": lambda made, sha: made.get_tree(
        SHOP, sha=sha, path="src", max_entries=9
    ),
    "get_blame_for_files": lambda made, sha: made.get_blame_for_files(
        [question(ODD, 1, sha), question("logo.png", 1, sha), question("src/basket.py", 2, sha)]
    ),
    "get_file_blame": lambda made, sha: list(
        made.get_file_blame(SHOP, path="src/basket.py", sha=sha)
    ),
    "register_webhook": lambda made, _: [
        made.register_webhook(SHOP, url="https://sentry.example.com/hook", secret="s")
        for _ in range(2)
    ],
    "unregister_webhook": lambda made, _: made.unregister_webhook(
        SHOP,
        webhook_id=made.register_webhook(SHOP, url="https://sentry.example.com/h", secret="s"),
    ),
}


@pytest.mark.parametrize("name", CALLS)
def test_what_passes_is_as_described(contracts_dir, installed, emulator, shop, name):
    checked = emulator.checked
    CALLS[name](installed, shop.id("main"))
    assert emulator.problems == []
    assert emulator.checked > checked or name == "get_file"
    assert {request.status for request in emulator.requests} <= {200, 204}
    assert {request.headers["user-agent"] for request in emulator.requests} == {"sentry"}
