"""Every action of webhooks, over the rows of ``seeding`` and those of a scene with a host."""

import hashlib
import hmac
import json
import secrets
from datetime import UTC, datetime
from typing import Any

from sentry import models
from sentry.actions.operator import operator_in
from sentry.integrations.manager import integrations
from sentry.integrations.services.integration import integration_service
from sentry.integrations.source_code_management.actions import (
    pull_request_rows,
    pushed_commits,
    pushes,
    repository_events,
    webhook_deliveries,
    webhook_inbox,
    webhook_registration,
    webhook_secrets,
    webhooks,
)
from sentry.integrations.source_code_management.types import (
    AuthorInfo,
    ChangeKind,
    CommitInfo,
    FileChange,
    PullRequestInfo,
    PullRequestState,
    RepositoryInfo,
)
from sentry.integrations.source_code_management.webhooks import (
    PullRequestEvent,
    PushedCommit,
    PushEvent,
    RepositoryChangedEvent,
    WebhookRequest,
)
from sentry.testutils.factories import Factories
from sentry.testutils.helpers.options import override_options
from tests.sentry.integrations.scene import FULL_NAME, Scene

from .plan_walk import PROGRAM, Call, call
from .seeding import OURS

SECRET = "a-secret-of-webhooks"
SHA = "a" * 40


def calls(scene: Scene) -> list[Call]:
    """All of them; the lists are read where most rows are."""
    caller = operator_in(scene.organization.id)
    which = {"integration_id": scene.integration.pk}
    dead = Factories.create_webhook_payload(models.Integration.objects.get(pk=OURS), status=2)
    return [
        *_of_the_inbox(scene),
        call(webhook_deliveries.start_left),
        *(
            call(webhook_deliveries.list_deliveries, PROGRAM, integration_id=OURS, state=state)
            for state in ("dead", "pending", "done")
        ),
        call(webhook_deliveries.retry_deliveries, PROGRAM, integration_id=OURS, delivery=dead.pk),
        call(webhook_deliveries.retry_deliveries, PROGRAM, integration_id=OURS),
        call(webhook_deliveries.organizations_of, OURS),
        *_of_a_region(scene),
        call(webhook_secrets.add_webhook_secret, caller, **which),
        call(webhook_secrets.first_webhook_secret, caller, **which),
        call(webhook_secrets.forget_old_webhook_secrets, caller, **which),
        call(webhook_secrets.webhook_address, caller, **which),
        call(register_and_unregister, scene),
    ]


def register_and_unregister(scene: Scene) -> None:
    """Both generators to their end, and one repository by itself."""
    caller, which = operator_in(scene.organization.id), scene.integration.pk
    # an event before may have disabled it
    models.Repository.objects.filter(pk=scene.repository.id).update(status=0)
    with override_options({"system.url-prefix": "http://127.0.0.1"}):
        list(webhook_registration.register_webhooks(caller, integration_id=which))
        list(webhook_registration.unregister_webhooks(caller, integration_id=which))
        webhook_registration.register_webhook(caller, repository_id=scene.repository.id)
        webhook_registration.unregister_webhook(caller, repository_id=scene.repository.id)


def _of_the_inbox(scene: Scene) -> list[Call]:
    models.Integration.objects.filter(pk=scene.integration.pk).update(webhook_secrets=[SECRET])
    named = {"installation": {"id": 7}, "sender": {"url": "http://h/"}, "n": secrets.token_hex(8)}
    body = json.dumps(named).encode()
    digest = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    headers = {
        "x-github-event": "star",
        "x-github-delivery": secrets.token_hex(8),
        "x-hub-signature-256": f"sha256={digest}",
    }
    request = WebhookRequest(headers=headers, body=body)
    waiting = [Factories.create_webhook_payload(scene.integration) for _ in range(4)]
    taken = webhook_deliveries.take_up(waiting[0].pk)
    assert taken is not None
    arguments = {"provider": "github", "integration_id": scene.integration.pk, "request": request}
    return [
        call(webhook_inbox.accept, **arguments),
        call(webhook_inbox.accept, **arguments),
        call(webhook_inbox.accept, **arguments | {"integration_id": None}),
        call(webhook_inbox.start, waiting[1]),
        call(webhook_deliveries.take_up, waiting[1].pk),
        call(webhook_deliveries.note_failure, waiting[1].pk, ValueError()),
        call(webhook_deliveries.give_up, waiting[2].pk, "reason"),
        call(webhook_deliveries.finish, taken),
        call(webhooks.handle_delivery, waiting[3].pk),
    ]


def _of_a_region(scene: Scene) -> list[Call]:
    big = models.Repository.objects.get(pk=OURS)
    installed = integration_service.get_installed(
        organization_id=scene.organization.id, integration_id=scene.integration.pk
    )
    assert installed is not None
    provider = integrations.get("github")
    installation = provider.get_installation(installed.integration, scene.organization.id)
    commits = [_pushed(number) for number in range(100)]
    push = PushEvent(
        repository_id="1",
        branch="main",
        before="",
        after=scene.git.head(),
        commits=tuple(commits),
        is_complete=False,
    )
    repository = models.Repository.objects.get(pk=scene.repository.id)
    gone = models.Repository.objects.get(pk=scene.repository.id)
    gone.external_id = "0"  # the host has another one of its name
    now = datetime.now(UTC)
    renamed = RepositoryChangedEvent(
        repository=RepositoryInfo(
            name=FULL_NAME, identifier=FULL_NAME, external_id="0", url="https://git.example/x"
        ),
        updated_at=now,
    )
    known = {"organization_id": OURS}
    return [
        call(pushed_commits.store_pushed, big, commits),
        call(pushed_commits.store_pushed, big, commits),
        call(pushed_commits.without_changes, big, [each.commit.sha for each in commits]),
        call(pushed_commits.stored_shas, big, [each.commit.sha for each in commits]),
        call(pushed_commits.store_authors, **known, authors=[commits[0].commit.author]),
        call(pushed_commits.author_of_account, **known, external_id="github:author-7"),
        call(pushes.record_push, repository, installation, push),
        *(
            call(pull_request_rows.record_pull_request, big, event, received_at=now)
            for event in (_pull(PullRequestState.OPEN), _pull(PullRequestState.MERGED))
        ),
        call(repository_events.follow_change, repository, installation, renamed),
        call(repository_events.follow_deletion, gone, installation),
        call(webhooks._repository, installation, push),
    ]


def _pushed(number: int) -> PushedCommit:
    info = CommitInfo(
        sha=f"{number:02x}" + secrets.token_hex(19),
        message="M",
        author=AuthorInfo(
            name="A", email=f"{secrets.token_hex(4)}@example.com", external_id="github:x"
        ),
        committed_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
    changes = (FileChange(path="src/1.py", kind=ChangeKind.MODIFIED),)
    return PushedCommit(commit=info, changes=changes)


def _pull(state: PullRequestState) -> PullRequestEvent:
    info: dict[str, Any] = {
        "key": "7",
        "title": "T",
        "description": "",
        "state": state,
        "author": AuthorInfo(name="A", email="", external_id="github:author-7"),
        "head_branch": "a",
        "base_branch": "b",
        "head_sha": SHA,
        "merge_sha": SHA,
        "web_url": "",
        "created_at": None,
    }
    return PullRequestEvent(repository_id="1", pull_request=PullRequestInfo(**info))
