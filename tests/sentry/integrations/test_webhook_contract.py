"""What every receiver of the registry must do with what anybody may send it."""

import itertools
import json
import time

import pytest

from sentry.integrations.base import IntegrationProvider
from sentry.integrations.registry import PROVIDERS
from sentry.integrations.source_code_management.errors import HostUnavailable
from sentry.integrations.source_code_management.webhooks import WebhookReceiver, WebhookRequest
from sentry.models import Integration, WebhookPayload
from sentry.testutils.client import Client
from sentry.testutils.factories import Factories

SECRET = "a-secret-of-every-host-0123456789"
BODIES = (
    b"", b"{", b"[]", b"null", b"{}", b"\xff\xfe", b'"x"', b"7", b"NaN", b"[" * 50_000,
    b'{"eventType": 7, "id": {}}', b'{"object_kind": []}', b'{"repository": null, "push": 1}',
)  # fmt: skip
VALUES = ("", "x", "é\ud800", "sha256=", "v1,", "0" * 64, "Basic ===", "push", "repo:push")
NAMES = (
    "x-hub-signature-256", "x-hub-signature", "x-github-event", "x-gitlab-event", "x-gitlab-token",
    "webhook-signature", "webhook-id", "webhook-timestamp", "x-event-key", "authorization",
    "content-type",
)  # fmt: skip
each_provider = pytest.mark.parametrize(
    "provider",
    [each for each in PROVIDERS if each.webhook_receiver],
    ids=lambda each: each.key.value,
)


def receiver_of(provider: type[IntegrationProvider]) -> WebhookReceiver:
    assert provider.webhook_receiver is not None
    return provider.webhook_receiver


@each_provider
def test_nothing_that_is_sent_raises_or_is_believed(provider: type[IntegrationProvider]) -> None:
    receiver = receiver_of(provider)
    for body, name, value in itertools.product(BODIES[:4], NAMES, VALUES):
        request = WebhookRequest(headers={name: value}, body=body)
        assert not receiver.is_authentic(request, [SECRET], now=time.time())
        assert not receiver.is_authentic(request, [], now=time.time())
        assert not receiver.is_authentic(request, [""], now=time.time())


@each_provider
def test_every_body_is_read_or_refused(provider: type[IntegrationProvider]) -> None:
    receiver = receiver_of(provider)
    for body, name, value in itertools.product(BODIES, NAMES, VALUES):
        request = WebhookRequest(headers={name: value}, body=body)
        assert isinstance(receiver.delivery_id(request), str)
        assert isinstance(receiver.event_name(request), str)
        try:
            assert isinstance(receiver.events(request), list)
        except HostUnavailable:
            continue


@each_provider
@pytest.mark.django_db
def test_an_unsigned_delivery_is_refused_as_an_unknown_address_is(
    provider: type[IntegrationProvider],
) -> None:
    known = Factories.create_integration(provider=provider.key.value, webhook_secrets=[SECRET])
    bare = Factories.create_integration(provider=provider.key.value)
    body = json.dumps({"repository": {"id": 1}}).encode()
    answers = {
        (answer.status_code, answer.content)
        for number in (known.pk, bare.pk, known.pk + 1000)
        for headers in ({}, {"x-gitlab-token": "wrong"}, {"authorization": "Basic dTp3cm9uZw=="})
        if (answer := _post(provider, number, body, headers))
    }
    assert len(answers) == 1
    assert answers.pop()[0] == 404
    assert not WebhookPayload.objects.exists()
    assert Integration.objects.count() == 2


def _post(provider, number, body, headers):
    path = f"/extensions/{provider.key.value}/webhook/{number}/"
    return Client().post(path, body, content_type="application/json", headers=headers)
