"""``sentry webhook``."""

import stat
from pathlib import Path
from typing import Any

import pytest

from sentry.models import Integration, TaskRecord, WebhookPayload
from sentry.testutils.factories import Factories
from sentry.testutils.helpers.options import override_options

HEAD = ("--organization", "acme", "--integration")


@pytest.fixture
def acme(db: None) -> Integration:
    organization = Factories.create_organization(slug="acme")
    return Factories.create_integration(organization=organization)


def secrets_of(integration: Integration) -> list[str]:
    return Integration.objects.get(pk=integration.pk).plain_webhook_secrets()


def test_a_secret_is_shown_once_with_where_to_deliver(acme: Integration, sentry: Any) -> None:
    result = sentry("webhook", "secret", *HEAD, str(acme.pk))
    (made,) = secrets_of(acme)
    assert result.stdout == f"{made}\n"
    assert f"/extensions/github/webhook/{acme.pk}/" in result.stderr


def test_a_secret_goes_to_a_file_or_comes_from_one(
    acme: Integration, sentry: Any, sentry_json: Any, tmp_path: Path
) -> None:
    file = tmp_path / "hook.secret"
    result = sentry("webhook", "secret", *HEAD, str(acme.pk), "--output-file", str(file))
    (made,) = secrets_of(acme)
    assert file.read_text() == f"{made}\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert made not in result.output
    known = tmp_path / "known"
    known.write_text("a-secret-that-the-host-has\n")
    with override_options({"system.url-prefix": "https://s.example"}):
        told = sentry_json("webhook", "secret", *HEAD, str(acme.pk), "--secret-file", str(known))
    assert told == {"url": f"https://s.example/extensions/github/webhook/{acme.pk}/"}
    assert secrets_of(acme) == ["a-secret-that-the-host-has", made]
    assert sentry("webhook", "forget-old", *HEAD, str(acme.pk)).output == "forgot 1 older secrets\n"
    assert (
        "printable"
        in sentry(
            "webhook", "secret", *HEAD, str(acme.pk), "--secret-stdin", stdin="short", status=1
        ).output
    )


def test_dead_deliveries_are_listed_and_tried_again(
    acme: Integration, sentry: Any, sentry_json: Any
) -> None:
    dead = [
        Factories.create_webhook_payload(acme, status=2, reason="HostUnavailable", attempts=20)
        for _ in range(3)
    ]
    Factories.create_webhook_payload(acme)
    Factories.create_webhook_payload(status=2)
    listed = sentry_json("webhook", "list", *HEAD, str(acme.pk))
    assert [each["id"] for each in listed] == [row.pk for row in reversed(dead)]
    assert listed[0]["reason"] == "HostUnavailable"
    assert len(sentry_json("webhook", "list", *HEAD, str(acme.pk), "--state", "pending")) == 1
    one = sentry("webhook", "retry", str(dead[0].pk), *HEAD, str(acme.pk))
    assert one.output == "started 1 deliveries anew\n"
    dead[0].refresh_from_db()
    assert (dead[0].status, dead[0].attempts, dead[0].expires_at) == (0, 0, None)
    assert TaskRecord.objects.count() == 1
    assert (
        "dead delivery not found"
        in sentry("webhook", "retry", str(dead[0].pk), *HEAD, str(acme.pk), status=1).output
    )
    everything = sentry("webhook", "retry", "--all", *HEAD, str(acme.pk))
    assert everything.output == "started 2 deliveries anew\n"
    assert WebhookPayload.objects.filter(status=2).count() == 1
    sentry("webhook", "retry", *HEAD, str(acme.pk), status=2)
    sentry("webhook", "retry", "1", "--all", *HEAD, str(acme.pk), status=2)
