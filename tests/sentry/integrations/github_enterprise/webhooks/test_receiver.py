"""A server's deliveries tell of its own accounts."""

import json

from sentry.integrations.github_enterprise.integration import GitHubEnterpriseIntegrationProvider
from sentry.integrations.source_code_management.webhooks import (
    AppWebhookReceiver,
    PullRequestEvent,
    PushEvent,
    WebhookRequest,
)
from tests.sentry.integrations.github.webhooks.test_receiver import pull_request, push

RECEIVER = GitHubEnterpriseIntegrationProvider.webhook_receiver


def events(event, value):
    assert isinstance(RECEIVER, AppWebhookReceiver)
    request = WebhookRequest(headers={"x-github-event": event}, body=json.dumps(value).encode())
    return RECEIVER.events(request)


def test_accounts_are_the_servers_own():
    (told,) = events("push", push())
    assert isinstance(told, PushEvent)
    assert told.commits[0].commit.author.external_id == "github_enterprise:ada"
    (told,) = events("pull_request", pull_request())
    assert isinstance(told, PullRequestEvent)
    assert told.pull_request.author is not None
    assert told.pull_request.author.external_id == "github_enterprise:ada"


def test_the_installation_stands_with_the_servers_host():
    body = {"installation": {"id": 7}, "sender": {"url": "https://git.example/api/v3/users/a"}}
    assert isinstance(RECEIVER, AppWebhookReceiver)
    request = WebhookRequest(headers={}, body=json.dumps(body).encode())
    assert RECEIVER.installation_of(request) == "git.example:7"
