"""Pushes become commits, against git itself: over an emulated host."""

from datetime import timedelta

from forge_emulator import Fault
from sentry.models import (
    Commit,
    CommitAuthor,
    CommitFileChange,
    TaskRecord,
    WebhookPayload,
    WebhookStatus,
)
from sentry.tasks import handle_webhook
from sentry.testutils.helpers.options import override_options
from tests.sentry.integrations.scene import Scene

from .webhook_scene import ZERO, assert_stored, bare, changes_in_git, deliver, grow, push_body


def test_what_a_delivery_holds_needs_no_host(hooked: Scene) -> None:
    git = hooked.git
    before = git.head()
    shas = grow(git)
    commits = []
    for sha in reversed(shas):
        by_type: dict[str, list[str]] = {"A": [], "D": [], "M": []}
        for path, kind in changes_in_git(git, sha).items():
            by_type[kind].append(path)
        lists = {"added": by_type["A"], "removed": by_type["D"], "modified": by_type["M"]}
        commits.append(bare(git, sha) | lists)
    row = deliver(hooked, "push", push_body(hooked, before, git.head(), commits))
    assert row.status == WebhookStatus.DONE
    assert hooked.emulator.requests == []
    assert_stored(hooked, shas)


def test_files_that_a_delivery_does_not_hold_are_asked_for(hooked: Scene) -> None:
    git = hooked.git
    before = git.head()
    shas = grow(git)
    commits = [bare(git, sha) for sha in reversed(shas)]
    deliver(hooked, "push", push_body(hooked, before, git.head(), commits))
    assert_stored(hooked, shas)


def test_a_push_that_is_cut_off_is_compared(hooked: Scene, monkeypatch) -> None:
    monkeypatch.setattr("sentry.integrations.github.webhooks.parse._MOST_COMMITS", 1)
    git = hooked.git
    before = git.head()
    shas = grow(git)
    deliver(hooked, "push", push_body(hooked, before, git.head(), [bare(git, shas[0])]))
    assert_stored(hooked, shas)


def test_a_new_branch_that_is_cut_off_is_walked(hooked: Scene, monkeypatch) -> None:
    monkeypatch.setattr("sentry.integrations.github.webhooks.parse._MOST_COMMITS", 1)
    git = hooked.git
    grow(git)
    deliver(hooked, "push", push_body(hooked, ZERO, git.head(), [bare(git, git.head())]))
    assert_stored(hooked, git.shas())
    asked = len(hooked.emulator.requests)
    more = git.commit("More", {"more.txt": b"m"})
    deliver(hooked, "push", push_body(hooked, ZERO, more, [bare(git, more)], branch="other"))
    assert_stored(hooked, git.shas())
    assert len(hooked.emulator.requests) - asked <= 3


def test_a_base_that_is_gone(hooked: Scene, monkeypatch) -> None:
    monkeypatch.setattr("sentry.integrations.github.webhooks.parse._MOST_COMMITS", 0)
    git = hooked.git
    deliver(hooked, "push", push_body(hooked, "d" * 40, git.head(), []))
    assert_stored(hooked, git.shas())


def test_what_is_asked_of_the_host_is_bounded(hooked: Scene, monkeypatch) -> None:
    monkeypatch.setattr("sentry.integrations.github.webhooks.parse._MOST_COMMITS", 0)
    git = hooked.git
    before = git.shas()[-1]
    for number in range(6):
        git.commit(f"C{number}", {f"{number}.txt": b"x"})
    with override_options({"webhooks.commits-per-push": 2}):
        deliver(hooked, "push", push_body(hooked, before, git.head(), []))
    assert Commit.objects.count() == 2
    assert len(hooked.emulator.requests) <= 4
    with override_options({"webhooks.commits-per-push": 0}):
        deliver(hooked, "push", push_body(hooked, before, git.head(), [], branch="b"))
    assert Commit.objects.count() == 2


def test_files_of_one_commit_are_bounded(hooked: Scene) -> None:
    git = hooked.git
    before = git.head()
    names = [f"f{number:03}" for number in range(20)] + ["d/" + "x" * 600]
    after = "e" * 40
    commit = bare(git, before) | {"id": after, "added": names, "removed": [], "modified": []}
    with override_options({"webhooks.files-per-commit": 7}):
        deliver(hooked, "push", push_body(hooked, before, after, [commit]))
    assert CommitFileChange.objects.count() == 7


def test_a_failing_host_leaves_what_the_delivery_held_and_is_asked_again(hooked: Scene) -> None:
    git = hooked.git
    before = git.head()
    shas = grow(git)
    commits = [bare(git, sha) for sha in reversed(shas)]
    hooked.emulator.faults.add(Fault(kind="status", status=503, match="/commits"))
    row = deliver(hooked, "push", push_body(hooked, before, git.head(), commits))
    assert_stored(hooked, shas, with_files=False)
    assert (row.status, row.reason, row.attempts) == (0, "HostUnavailable", 1)
    (record,) = TaskRecord.objects.all()
    assert record.status == 0
    hooked.emulator.faults.clear()
    handle_webhook(row.pk)
    row.refresh_from_db()
    assert row.status == WebhookStatus.DONE
    assert_stored(hooked, shas)


def test_a_limit_is_waited_for(hooked: Scene) -> None:
    git = hooked.git
    before = git.head()
    after = git.commit("C", {"c.txt": b"c"})
    hooked.emulator.faults.add(
        Fault(kind="rate_limit_secondary", status=429, seconds=1000, match="/commits")
    )
    deliver(hooked, "push", push_body(hooked, before, after, [bare(git, after)]))
    (record,) = TaskRecord.objects.all()
    assert record.available_at - record.date_added > timedelta(seconds=900)


def test_a_broken_credential_loses_nothing_that_was_delivered(hooked: Scene) -> None:
    git = hooked.git
    before = git.head()
    after = git.commit("C", {"c.txt": b"c"})
    hooked.integration.metadata = hooked.integration.metadata | {"token": "ghp_revoked"}
    hooked.integration.save()
    row = deliver(hooked, "push", push_body(hooked, before, after, [bare(git, after)]))
    assert (row.status, row.reason) == (WebhookStatus.PENDING, "IntegrationBroken")
    assert_stored(hooked, [after], with_files=False)


def test_a_host_that_says_no_ends_it(hooked: Scene) -> None:
    git = hooked.git
    before = git.head()
    after = git.commit("C", {"c.txt": b"c"})
    hooked.emulator.faults.add(Fault(kind="status", status=403, match="/commits"))
    row = deliver(hooked, "push", push_body(hooked, before, after, [bare(git, after)]))
    assert row.status == WebhookStatus.DONE
    assert_stored(hooked, [after], with_files=False)


def test_a_push_that_is_handled_twice(hooked: Scene) -> None:
    git = hooked.git
    before = git.head()
    shas = grow(git)
    body = push_body(hooked, before, git.head(), [bare(git, sha) for sha in reversed(shas)])
    row = deliver(hooked, "push", body)
    WebhookPayload.objects.filter(pk=row.pk).delete()
    asked = len(hooked.emulator.requests)
    deliver(hooked, "push", body)
    assert_stored(hooked, shas)
    assert len(hooked.emulator.requests) == asked
    assert CommitAuthor.objects.count() == 2


def test_branches_that_end_and_tags_are_nothing(hooked: Scene) -> None:
    git = hooked.git
    deliver(hooked, "push", push_body(hooked, git.head(), ZERO, []))
    tag = push_body(hooked, ZERO, git.head(), [bare(git, git.head())])
    deliver(hooked, "push", tag | {"ref": "refs/tags/v1"})
    assert not Commit.objects.exists()
