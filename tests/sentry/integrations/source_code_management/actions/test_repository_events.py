"""Repositories follow what deliveries tell."""

from typing import Any

from forge_emulator import Fault, HostedRepository
from sentry.integrations.source_code_management.actions.repository_events import follow_change
from sentry.integrations.source_code_management.types import RepositoryInfo
from sentry.integrations.source_code_management.webhooks import RepositoryChangedEvent
from sentry.models import (
    Commit,
    Repository,
    RepositoryStatus,
    WebhookStatus,
)
from sentry.tasks import handle_webhook
from sentry.testutils.factories import Factories
from tests.sentry.integrations.every_host.conftest import installation_of
from tests.sentry.integrations.scene import Scene

from .webhook_scene import deliver


def repository_body(scene: Scene, name: str, action: str, **facts: object) -> dict[str, Any]:
    repository = {
        "id": int(scene.repository.external_id or 0),
        "full_name": name,
        "html_url": f"https://github.example.com/{name}",
        "default_branch": "trunk",
        **facts,
    }
    return {"action": action, "repository": repository, "sender": {"url": "http://h/"}}


def test_a_renamed_repository_follows(hooked: Scene) -> None:
    Repository.objects.filter(pk=hooked.repository.id).update(
        config={"identifier": "acme/shop", "default_branch": "old", "webhook_id": "7"}
    )
    hooked.emulator.rename_repository("acme/shop", "acme/store")
    deliver(hooked, "repository", repository_body(hooked, "acme/store", "renamed"))
    row = Repository.objects.get(pk=hooked.repository.id)
    assert row.name == "acme/store"
    assert (row.url or "").endswith("/acme/store")
    assert row.config == {"default_branch": "main", "webhook_id": "7"}
    again = Factories.create_repo(
        organization_id=hooked.organization.id, name="acme/shop", external_id="5"
    )
    assert again.name == "acme/shop"


def test_what_others_keep_while_the_host_is_asked_stays(hooked: Scene) -> None:
    """A webhook is registered after the delivery's handler has read the row."""
    read = Repository.objects.get(pk=hooked.repository.id)
    Repository.objects.filter(pk=read.pk).update(config={**read.config, "webhook_id": "7"})
    name = "acme/store"
    hooked.emulator.rename_repository("acme/shop", name)
    told = RepositoryInfo(
        name=name, identifier=name, external_id=read.external_id or "", url=f"https://h/{name}"
    )
    event = RepositoryChangedEvent(repository=told, updated_at=None)
    follow_change(read, installation_of(hooked.integration, hooked.organization.id), event)
    row = Repository.objects.get(pk=read.pk)
    assert row.name == name
    assert row.config == {"default_branch": "main", "webhook_id": "7"}


def test_a_late_delivery_of_an_earlier_name(hooked: Scene) -> None:
    """shop became store, then mall: the deliveries come the other way round."""
    hooked.emulator.rename_repository("acme/shop", "acme/mall")
    later = repository_body(hooked, "acme/mall", "renamed", updated_at="2026-01-02T00:00:00Z")
    earlier = repository_body(hooked, "acme/store", "renamed", updated_at="2026-01-01T00:00:00Z")
    deliver(hooked, "repository", later)
    deliver(hooked, "repository", earlier)
    assert Repository.objects.get(pk=hooked.repository.id).name == "acme/mall"


def test_a_late_delivery_of_a_name_that_another_one_took(hooked: Scene) -> None:
    """shop became store, then mall, and another repository is called store by now."""
    hooked.emulator.rename_repository("acme/shop", "acme/mall")
    other = HostedRepository(full_name="acme/store", path=hooked.git.path, id=4711)
    hooked.emulator.add_repository(other)
    deliver(hooked, "repository", repository_body(hooked, "acme/store", "renamed"))
    row = Repository.objects.get(pk=hooked.repository.id)
    assert row.name == "acme/mall"
    assert (row.url or "").endswith("/acme/mall")


def test_a_host_that_is_down_leaves_the_event_and_its_time(hooked: Scene) -> None:
    hooked.emulator.faults.add(Fault(kind="status", status=500))
    names = []
    for name, when in (("acme/b", "02"), ("acme/a", "01"), ("acme/c", "03")):
        told_at = f"2026-01-{when}T00:00:00Z"
        deliver(hooked, "repository", repository_body(hooked, name, "renamed", updated_at=told_at))
        names.append(Repository.objects.get(pk=hooked.repository.id).name)
    assert names == ["acme/b", "acme/b", "acme/c"]
    row = Repository.objects.get(pk=hooked.repository.id)
    assert row.config["default_branch"] == "trunk"


def test_a_name_that_no_column_holds(hooked: Scene) -> None:
    hooked.emulator.faults.add(Fault(kind="status", status=500))
    body = repository_body(hooked, "acme/" + "x" * 300, "renamed")
    assert deliver(hooked, "repository", body).status == WebhookStatus.DONE
    assert Repository.objects.get(pk=hooked.repository.id).name == "acme/shop"


def test_a_deleted_repository_is_switched_off_and_stays(hooked: Scene) -> None:
    Factories.create_commit(hooked.repository)
    hooked.emulator.remove_repository("acme/shop")
    deliver(hooked, "repository", repository_body(hooked, "acme/shop", "deleted"))
    row = Repository.objects.get(pk=hooked.repository.id)
    assert row.status == RepositoryStatus.DISABLED
    assert Commit.objects.count() == 1


def test_a_deletion_that_is_over_changes_nothing(hooked: Scene) -> None:
    """Restored since, or the delivery is an old one that somebody sends once more."""
    body = repository_body(hooked, "acme/shop", "deleted")
    assert deliver(hooked, "repository", body).status == WebhookStatus.DONE
    row = Repository.objects.get(pk=hooked.repository.id)
    assert row.status == RepositoryStatus.ACTIVE


def test_another_repository_of_the_name_is_not_the_deleted_one(hooked: Scene) -> None:
    Repository.objects.filter(pk=hooked.repository.id).update(external_id="987654")
    body = repository_body(hooked, "acme/shop", "deleted", id=987654)
    deliver(hooked, "repository", body)
    row = Repository.objects.get(pk=hooked.repository.id)
    assert row.status == RepositoryStatus.DISABLED


def test_a_renamed_repository_is_not_the_deleted_one_that_had_its_name(hooked: Scene) -> None:
    """Its own former name was taken by another one, which is gone: the row's is still there."""
    hooked.emulator.rename_repository("acme/shop", "acme/store")
    deliver(hooked, "repository", repository_body(hooked, "acme/shop", "deleted"))
    row = Repository.objects.get(pk=hooked.repository.id)
    assert row.status == RepositoryStatus.ACTIVE


def test_a_deletion_waits_for_a_host_that_is_down(hooked: Scene) -> None:
    hooked.emulator.remove_repository("acme/shop")
    hooked.emulator.faults.add(Fault(kind="status", status=500))
    body = repository_body(hooked, "acme/shop", "deleted")
    waiting = deliver(hooked, "repository", body)
    assert (waiting.status, waiting.reason) == (WebhookStatus.PENDING, "HostUnavailable")
    row = Repository.objects.get(pk=hooked.repository.id)
    assert row.status == RepositoryStatus.ACTIVE
    hooked.emulator.faults.clear()
    handle_webhook(waiting.pk)
    row.refresh_from_db()
    assert row.status == RepositoryStatus.DISABLED


def test_a_new_repository_is_not_followed(hooked: Scene) -> None:
    body = repository_body(hooked, "acme/new", "created", id=123456)
    assert deliver(hooked, "repository", body).status == WebhookStatus.DONE
    assert Repository.objects.count() == 1
