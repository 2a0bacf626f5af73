"""What a host tells of an App's installation: broken, mended, more repositories."""

from typing import Any
from urllib.parse import urlsplit

import pytest

from forge_emulator.faults import Fault
from sentry.models import Integration, SyncJob
from sentry.models.webhookpayload import WebhookStatus
from tests.sentry.integrations.scene import Scene

from .webhook_scene import deliver

NUMBER = 4711
REJECTION = "the host rejected the integration's credential"


@pytest.fixture
def installed(hooked: Scene) -> Scene:
    """The scene's integration, by the name that deliveries give an installation."""
    hooked.integration.external_id = f"{urlsplit(hooked.emulator.url).netloc}:{NUMBER}"
    hooked.integration.save()
    return hooked


def body(scene: Scene, action: str, number: int = NUMBER) -> dict[str, Any]:
    return {
        "action": action,
        "installation": {"id": number},
        "sender": {"url": f"{scene.emulator.url}/users/ada"},
    }


def reject(scene: Scene) -> None:
    scene.emulator.faults.add(Fault(kind="status", status=401, match="/user"))


def reason() -> str | None:
    return Integration.objects.get().broken_reason


@pytest.mark.parametrize("action", ["deleted", "suspend"])
def test_one_that_the_host_gave_up_is_broken(installed: Scene, action: str) -> None:
    reject(installed)
    row = deliver(installed, "installation", body(installed, action))
    assert (row.status, reason()) == (WebhookStatus.DONE, REJECTION)


@pytest.mark.parametrize("action", ["deleted", "suspend"])
def test_the_host_has_the_last_word(installed: Scene, action: str) -> None:
    """A delivery may be an old one."""
    deliver(installed, "installation", body(installed, action))
    assert reason() is None


def test_one_that_the_host_takes_up_again_is_mended(installed: Scene) -> None:
    Integration.objects.update(broken_reason="it is suspended", broken_at="2026-01-02T03:04:05Z")
    deliver(installed, "installation", body(installed, "unsuspend"))
    assert reason() is None


def test_one_that_is_still_rejected_stays_broken(installed: Scene) -> None:
    Integration.objects.update(broken_reason="it is suspended", broken_at="2026-01-02T03:04:05Z")
    reject(installed)
    deliver(installed, "installation", body(installed, "unsuspend"))
    assert reason() == REJECTION


def test_a_host_that_does_not_answer_is_asked_later(installed: Scene) -> None:
    installed.emulator.faults.add(Fault(kind="status", status=500, match="/user"))
    row = deliver(installed, "installation", body(installed, "suspend"))
    assert (row.status, row.reason, reason()) == (WebhookStatus.PENDING, "HostUnavailable", None)


def test_another_installation_has_no_say(installed: Scene) -> None:
    """Whoever has the secret of one address may name any installation in the body."""
    reject(installed)
    deliver(installed, "installation", body(installed, "deleted", NUMBER + 1))
    deliver(installed, "installation_repositories", body(installed, "added", NUMBER + 1))
    assert reason() is None
    assert not SyncJob.objects.exists()


def test_more_repositories_start_a_synchronization(installed: Scene) -> None:
    row = deliver(installed, "installation_repositories", body(installed, "added"))
    assert row.status == WebhookStatus.DONE
    job = SyncJob.objects.get()
    assert (job.organization_id, job.integration_id, job.query) == (
        installed.organization.id, installed.integration.pk, "",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("event", "action"),
    [
        ("installation", "created"),
        ("installation", "new_permissions_accepted"),
        ("installation_repositories", "removed"),
    ],
)
def test_what_changes_nothing(installed: Scene, event: str, action: str) -> None:
    reject(installed)
    assert deliver(installed, event, body(installed, action)).status == WebhookStatus.DONE
    assert reason() is None
    assert not SyncJob.objects.exists()
