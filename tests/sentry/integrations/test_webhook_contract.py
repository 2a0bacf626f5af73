"""What every receiver of the registry must do with what anybody may send it."""

import base64
import hashlib
import hmac
import itertools
import json
import time
from collections.abc import Callable, Mapping

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


def _hex_sum(secret: str, body: bytes) -> str:
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def _standard_webhook(secret: str, body: bytes) -> dict[str, str]:
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signature = hmac.new(key, b"1.0." + body, hashlib.sha256).digest()
    text = "v1," + base64.b64encode(signature).decode()
    return {"webhook-id": "1", "webhook-timestamp": "0", "webhook-signature": text}


SIGNING_SECRET = "whsec_" + base64.b64encode(b"a-key-of-32-bytes-0123456789abcd").decode()
# How each host signs a body, as its documentation has it; None: it signs none.
SIGNED: Mapping[str, Callable[[str, bytes], dict[str, str]] | None] = {
    "github": lambda secret, body: {"x-hub-signature-256": _hex_sum(secret, body)},
    "github_enterprise": lambda secret, body: {"x-hub-signature-256": _hex_sum(secret, body)},
    "gitlab": _standard_webhook,
    "bitbucket": lambda secret, body: {"x-hub-signature": _hex_sum(secret, body)},
    "bitbucket_server": lambda secret, body: {"x-hub-signature": _hex_sum(secret, body)},
    "vsts": None,  # a delivery carries the secret itself
}
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
def test_a_signature_is_of_the_very_bytes(provider: type[IntegrationProvider]) -> None:
    """A body that differs in white space or a byte order mark alone has another signature."""
    receiver = receiver_of(provider)
    sign = SIGNED[provider.key.value]  # a new host says here how it signs
    if sign is None:
        return
    inner = b'{"a": "\xc3\xbc"}'
    others = (inner + b"\n", inner + b" ", b"\r\n" + inner, b"\xef\xbb\xbf" + inner)
    bodies = (inner, *others, b"", b"\n")
    for signed, sent in itertools.product(bodies, bodies):
        request = WebhookRequest(headers=sign(SIGNING_SECRET, signed), body=sent)
        assert receiver.is_authentic(request, [SIGNING_SECRET], now=0) == (signed == sent)


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
