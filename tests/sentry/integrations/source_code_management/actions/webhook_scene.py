"""Deliveries into the inbox, and what git says of what they become."""

import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import Any

from sentry.integrations.source_code_management.actions.webhook_inbox import Outcome, accept
from sentry.integrations.source_code_management.webhooks import WebhookRequest
from sentry.models import (
    Commit,
    CommitFileChange,
    WebhookPayload,
)
from sentry.testutils.tasks import run_due_tasks
from tests.sentry.integrations.scene import ADA, LINUS, GitTruth, Scene

SECRET = "a-secret-of-webhooks"
ZERO = "0" * 40


def deliver(scene: Scene, event: str, body: dict[str, Any], *, times: int = 1) -> WebhookPayload:
    """Puts a delivery into the inbox and handles what is due."""
    raw = json.dumps(body).encode()
    digest = hmac.new(SECRET.encode(), raw, hashlib.sha256).hexdigest()
    headers = {
        "x-github-event": event,
        "x-github-delivery": hashlib.sha256(raw + event.encode()).hexdigest(),
        "x-hub-signature-256": f"sha256={digest}",
    }
    request = WebhookRequest(headers=headers, body=raw)
    outcome = accept(provider="github", integration_id=scene.integration.pk, request=request)
    assert outcome is Outcome.STORED
    for _ in range(times):
        run_due_tasks()
    return WebhookPayload.objects.latest("pk")


def told(scene: Scene, event: str) -> list[dict[str, Any]]:
    """What the emulator sends now of an event, as a list of bodies."""
    sent = scene.emulator.wait_for_deliveries()
    return [
        json.loads(each.delivery.body) for each in sent if each.headers["x-github-event"] == event
    ]


def push_body(
    scene: Scene, before: str, after: str, commits: list[dict[str, Any]], branch="main"
) -> dict[str, Any]:
    return {
        "ref": f"refs/heads/{branch}",
        "before": before,
        "after": after,
        "commits": commits,
        "repository": {"id": int(scene.repository.external_id or 0)},
        "sender": {"url": f"{scene.emulator.url}/users/ada"},
    }


def bare(git: GitTruth, sha: str) -> dict[str, Any]:
    """A commit of a push as git tells it, without its files."""
    name, email, when, message = git("show", "-s", "--format=%an%x00%ae%x00%cI%x00%B", sha).split(
        "\0"
    )
    return {
        "id": sha,
        "message": message.strip("\n"),
        "timestamp": when,
        "author": {"name": name, "email": email},
    }


def changes_in_git(git: GitTruth, sha: str) -> dict[str, str]:
    out = git(
        "diff-tree", "--root", "-r", "-z", "--no-renames", "--name-status", "--no-commit-id",
        "--diff-merges=first-parent", sha,
    )  # fmt: skip
    parts = out.split("\0")[:-1]
    return dict(zip(parts[1::2], parts[::2], strict=True))


def assert_stored(scene: Scene, shas: list[str], *, with_files: bool = True) -> None:
    """The table says of these commits what git says, and holds no others."""
    git = scene.git
    rows = {row.key: row for row in Commit.objects.select_related("author")}
    assert set(rows) == set(shas)
    for sha in shas:
        name, email, seconds, message = git(
            "show", "-s", "--format=%an%x00%ae%x00%ct%x00%B", sha
        ).split("\0")
        row = rows[sha]
        assert (row.author_name, row.author_email) == (name, email)
        assert row.author is not None
        assert row.author.email == email.lower()
        assert row.date_added == datetime.fromtimestamp(int(seconds), UTC)
        assert (row.message or "").strip() == message.strip()
        assert row.repository_id == scene.repository.id
        stored = CommitFileChange.objects.filter(commit=row).values_list("filename", "type")
        assert dict(stored) == (changes_in_git(git, sha) if with_files else {})
    ids = {scene.organization.id}
    assert set(CommitFileChange.objects.values_list("organization_id", flat=True)) <= ids


def grow(git: GitTruth) -> list[str]:
    """More history: a move, a removal, names outside ASCII, and a merge; its commits."""
    start = git.head()
    git.commit("Grüße ☃\n\nBody", {"neu/ä b.txt": b"1\n", "x.txt": b"1\n2\n3\n"}, LINUS)
    git("mv", "README.md", "LIESMICH.md")
    git.commit("Move", {"x.txt": b"1\n2\n4\n"})
    git("rm", "-q", "x.txt")
    git.commit("Remove", {})
    git("checkout", "-q", "-b", "side", "HEAD~2")
    git.commit("Side", {"side.py": b"s\n"}, LINUS)
    git("checkout", "-q", "main")
    people = {"GIT_AUTHOR_NAME": ADA[0], "GIT_AUTHOR_EMAIL": ADA[1]}
    people |= {"GIT_COMMITTER_NAME": ADA[0], "GIT_COMMITTER_EMAIL": ADA[1]}
    git("merge", "-q", "--no-ff", "-m", "Merge side", "side", **people)
    return git("rev-list", f"{start}..HEAD").split()
