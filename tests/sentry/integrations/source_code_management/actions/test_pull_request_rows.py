"""Pull requests as deliveries tell of them, in any order."""

from datetime import UTC, datetime
from typing import Any

import pytest

from sentry.models import (
    PullRequest,
)
from sentry.testutils.factories import Factories
from tests.sentry.integrations.scene import Scene

from .webhook_scene import SECRET, deliver, told


def pull_body(scene: Scene, **changes: object) -> dict[str, Any]:
    pull = {
        "number": 7,
        "title": "T",
        "body": "B",
        "state": "open",
        "user": {"login": "ada"},
        "head": {"ref": "x", "sha": "a" * 40},
        "base": {"ref": "main", "sha": "b" * 40},
        "merge_commit_sha": None,
        "html_url": "https://github.example.com/acme/shop/pull/7",
        "created_at": "2026-01-01T00:00:00Z",
        "updated_at": "2026-01-01T00:00:00Z",
        "merged_at": None,
    }
    return {
        "action": "opened",
        "pull_request": pull | changes,
        "repository": {"id": int(scene.repository.external_id or 0)},
        "sender": {"url": "http://h/"},
    }


OPEN = {"updated_at": "2026-01-01T00:00:00Z"}
EDITED = {"title": "Later", "updated_at": "2026-01-02T00:00:00Z"}
CLOSED = {"state": "closed", "updated_at": "2026-01-03T00:00:00Z"}
REOPENED = {"title": "Again", "updated_at": "2026-01-04T00:00:00Z"}
MERGED = {
    "state": "closed",
    "updated_at": "2026-01-05T00:00:00Z",
    "merged_at": "2026-01-05T00:00:00Z",
    "merge_commit_sha": "c" * 40,
}


def test_a_pull_request_is_recorded(hooked: Scene) -> None:
    author = Factories.create_commit_author(
        organization_id=hooked.organization.id, external_id="github:ada"
    )
    deliver(hooked, "pull_request", pull_body(hooked))
    row = PullRequest.objects.get()
    assert (row.key, row.title, row.message, row.state) == ("7", "T", "B", "open")
    assert (row.head_branch, row.base_branch) == ("x", "main")
    assert row.author_id == author.id
    assert row.organization_id == hooked.organization.id
    assert row.date_added == datetime(2026, 1, 1, tzinfo=UTC)
    deliver(hooked, "pull_request", pull_body(hooked, **MERGED))
    row.refresh_from_db()
    assert (row.state, row.merge_commit_sha) == ("merged", "c" * 40)
    assert row.merged_at == datetime(2026, 1, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("order", "state", "title"),
    [
        ((OPEN, EDITED, CLOSED), "closed", "T"),
        ((CLOSED, EDITED, OPEN), "closed", "T"),
        ((CLOSED, REOPENED), "open", "Again"),
        ((REOPENED, CLOSED), "open", "Again"),
        ((MERGED, OPEN, EDITED, CLOSED, REOPENED), "merged", "T"),
        ((OPEN, MERGED | {"updated_at": "2025-01-01T00:00:00Z"}), "merged", "T"),
        ((CLOSED, OPEN | {"updated_at": CLOSED["updated_at"]}), "closed", "T"),
        ((OPEN, CLOSED | {"updated_at": OPEN["updated_at"]}), "closed", "T"),
        ((EDITED, EDITED | {"title": "Same second"}), "open", "Same second"),
        (
            (MERGED, MERGED | {"title": "New", "updated_at": "2026-01-06T00:00:00Z"}),
            "merged",
            "New",
        ),
    ],
)
def test_no_delivery_undoes_a_newer_one(hooked: Scene, order, state: str, title: str) -> None:
    for changes in order:
        deliver(hooked, "pull_request", pull_body(hooked, **changes))
    row = PullRequest.objects.get()
    assert (row.state, row.title) == (state, title)


def test_the_emulators_own_deliveries(hooked: Scene) -> None:
    """Every body that the emulator sends is read, and recorded as the emulator has it."""
    hook = {"url": "http://127.0.0.1:9/", "secret": SECRET, "content_type": "json"}
    repository = hooked.emulator.world.repositories.by_name("acme/shop")
    assert repository is not None
    hooked.emulator.world.store.create_hook(
        repository_id=repository.id,
        active=True,
        events=("push", "pull_request", "repository"),
        config=hook,
        now=datetime.now(UTC),
    )
    hooked.git("branch", "topic")
    pull = hooked.emulator.add_pull_request("acme/shop", title="P", head="topic", base="main~1")
    hooked.emulator.change_pull_request("acme/shop", pull.number, merge_commit="main")
    for body in told(hooked, "pull_request"):
        deliver(hooked, "pull_request", body)
    row = PullRequest.objects.get()
    assert (row.title, row.state) == ("P", "merged")
    assert row.merge_commit_sha == hooked.git.head()
