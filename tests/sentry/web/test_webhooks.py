"""The door of webhooks: what is stored, and what gets the one answer that tells nothing."""

import gzip
import hashlib
import hmac
import json
import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, connections
from django.utils import timezone

from sentry.integrations.source_code_management.actions import webhooks
from sentry.integrations.source_code_management.actions.webhook_deliveries import MOST_ATTEMPTS
from sentry.models import Integration, TaskRecord, WebhookPayload, WebhookStatus
from sentry.silo import SiloMode
from sentry.tasks import handle_webhook, sweep_expired, sweep_webhooks
from sentry.testutils.cases import TestCase, TransactionTestCase
from sentry.testutils.client import Client
from sentry.testutils.helpers.options import override_options
from sentry.testutils.tasks import run_due_tasks
from sentry.web import extensions

SECRET = "a-secret-of-github"
NEWER = "a-newer-secret-of-github"
PUSH = {
    "ref": "refs/heads/main",
    "before": "0" * 40,
    "after": "a" * 40,
    "commits": [],
    "repository": {"id": 1},
    "sender": {"url": "https://api.github.com/users/ada"},
}
NOWHERE = {"detail": "There is no webhook at this address, or it was not signed with its secret."}


def body_of(**changes):
    return json.dumps(PUSH | changes).encode()


def signature(body, secret=SECRET, scheme="sha256"):
    return f"{scheme}=" + hmac.new(secret.encode(), body, scheme).hexdigest()


def post(client, place, body=None, *, sign=SECRET, delivery="1", event="push", **headers):
    """Posts a delivery to an integration, or to a path."""
    body = body_of() if body is None else body
    path = place if isinstance(place, str) else f"/extensions/github/webhook/{place.pk}/"
    sent = {"x-github-event": event, "x-github-delivery": delivery}
    if sign:
        sent["x-hub-signature-256"] = signature(body, sign)
    return client.post(path, body, content_type="application/json", headers=sent | headers)


class WebhookDoorTest(TestCase):
    def integrate(self, **fields: Any) -> Integration:
        values: dict[str, Any] = {"organization": self.organization, "webhook_secrets": [SECRET]}
        return self.create_integration(**(values | fields))

    def deliver(self, place, *body, **how):
        return post(self.client, place, *body, **how)

    def refused(self, answer):
        assert (answer.status_code, answer.json()) == (404, NOWHERE)
        assert not WebhookPayload.objects.exists()
        assert not TaskRecord.objects.exists()

    def test_a_signed_delivery_is_stored_with_its_task(self):
        integration = self.integrate()
        assert self.deliver(integration).status_code == 202
        row = WebhookPayload.objects.get()
        assert (row.integration_id, row.delivery_id, row.event) == (integration.pk, "1", "push")
        assert row.status == WebhookStatus.PENDING
        assert row.expires_at is None
        assert TaskRecord.objects.get().name == "sentry.tasks.handle_webhook"
        assert "signature" not in json.dumps(row.payload)
        with connection.cursor() as cursor:
            cursor.execute("SELECT payload FROM sentry_webhookpayload")
            assert "headers" not in cursor.fetchone()[0]
        assert run_due_tasks() == 1
        row.refresh_from_db()
        assert (row.status, row.payload, row.attempts) == (WebhookStatus.DONE, None, 1)
        done = WebhookPayload.objects.get()
        assert done.expires_at is not None
        assert done.expires_at > done.received_at

    def test_without_the_final_slash(self):
        integration = self.integrate()
        assert self.deliver(f"/extensions/github/webhook/{integration.pk}").status_code == 202

    def test_bad_signatures(self):
        integration = self.integrate()
        body = body_of()
        good = signature(body)
        for wrong in (
            "",
            "sha256=",
            good.upper(),
            good.removeprefix("sha256="),
            good[:-1],
            good + "0",
            f"{good},{good}",
            "sha256=" + "0" * 64,
            signature(body, scheme="sha1"),
            "sha256=ü\u00ff",
            f"sha1={good.removeprefix('sha256=')}",
        ):
            self.refused(self.deliver(integration, sign="", **{"x-hub-signature-256": wrong}))
        self.refused(self.deliver(integration, sign=""))
        sha1 = {"x-hub-signature": signature(body, scheme="sha1")}
        self.refused(self.deliver(integration, sign="", **sha1))

    def test_another_secret(self):
        integration = self.integrate()
        other = self.integrate(webhook_secrets=["the-secret-of-another"])
        self.refused(self.deliver(integration, sign="the-secret-of-another"))
        self.refused(self.deliver(integration, sign=SECRET + " "))
        self.refused(self.deliver(other))

    def test_a_body_that_differs_by_a_byte(self):
        integration = self.integrate()
        body = body_of()
        for changed in (body + b" ", body[:-1], body.replace(b"main", b"mian"), b""):
            header = {"x-hub-signature-256": signature(body)}
            self.refused(self.deliver(integration, changed, sign="", **header))

    def test_no_secret_fails_closed(self):
        none: list[list[str] | None] = [None, []]
        for secrets in none:
            integration = self.integrate(webhook_secrets=secrets)
            for sign in ("", "None", SECRET):
                self.refused(self.deliver(integration, sign=sign))
            empty = {
                "x-hub-signature-256": "sha256="
                + hmac.new(b"", body_of(), hashlib.sha256).hexdigest()
            }
            self.refused(self.deliver(integration, sign="", **empty))

    def test_rotated_secrets_all_verify(self):
        integration = self.integrate(webhook_secrets=[NEWER, SECRET])
        assert self.deliver(integration, delivery="1").status_code == 202
        assert (
            self.deliver(integration, body_of(ref="x"), delivery="2", sign=NEWER).status_code == 202
        )

    def test_wrong_addresses_are_answered_alike(self):
        integration = self.integrate()
        disabled = self.integrate(status=1)
        gitlab = self.integrate(provider="gitlab")
        for path in (
            f"/extensions/github/webhook/{integration.pk + 1000}/",
            f"/extensions/github_enterprise/webhook/{integration.pk}/",
            f"/extensions/nonsense/webhook/{integration.pk}/",
            f"/extensions/github/webhook/{gitlab.pk}/",
            f"/extensions/github/webhook/{disabled.pk}/",
            "/extensions/github/webhook/0/",
            "/extensions/github/webhook/9999999999999999999/",
            "/extensions/nonsense/webhook/",
        ):
            self.refused(self.deliver(path))

    def test_other_methods(self):
        integration = self.integrate()
        for place in (f"{integration.pk}/", ""):
            for method in ("get", "head", "put", "patch", "delete", "options"):
                answer = getattr(self.client, method)(f"/extensions/github/webhook/{place}")
                assert answer.status_code == 405
                assert answer["Allow"] == "POST"
        assert self.client.get("/extensions/github/webhook/x/").status_code == 404

    def test_no_csrf_token_is_asked_for(self):
        self.client = Client(enforce_csrf_checks=True)
        assert self.deliver(self.integrate()).status_code == 202

    def test_a_body_beyond_the_limit(self):
        integration = self.integrate()
        body = body_of(filler="x" * 1000)
        with override_options({"webhooks.max-body-bytes": len(body) - 1}):
            assert self.deliver(integration, body).status_code == 413
            assert self.deliver("/extensions/github/webhook/99999/", body).status_code == 413
        assert not WebhookPayload.objects.exists()
        with override_options({"webhooks.max-body-bytes": len(body)}):
            assert self.deliver(integration, body).status_code == 202

    def test_a_body_larger_than_djangos_own_limit(self):
        body = body_of(filler="x" * 6_000_000)
        assert self.deliver(self.integrate(), body).status_code == 202

    def test_a_body_in_chunks(self):
        """Its length is not told; the server's input ends where the body does."""
        integration = self.integrate()
        chunked = {"transfer-encoding": "chunked", "content-length": ""}
        body = body_of(filler="x" * 100_000)
        with override_options({"webhooks.max-body-bytes": len(body) - 1}):
            assert self.deliver(integration, body, **chunked).status_code == 413
        assert self.deliver(integration, body, **chunked).status_code == 202
        assert self.deliver(integration, body).status_code == 200

    def test_a_packed_body(self):
        """Nothing is unpacked: neither the bytes on the wire nor those in them are believed."""
        integration = self.integrate()
        body = gzip.compress(body_of())
        packed = {"content-encoding": "gzip"}
        assert self.deliver(integration, body, **packed).status_code == 415
        header = {"x-hub-signature-256": signature(body_of()), **packed}
        assert self.deliver(integration, body, sign="", **header).status_code == 415
        assert not WebhookPayload.objects.exists()

    def test_a_signed_body_that_cannot_be_read_is_dead_with_its_reason(self):
        integration = self.integrate()
        bodies = [b"", b"\xff", b"{", b"[]", b"null", b"{}", b'{"ref": 7}', b"[" * 100_000]
        for number, body in enumerate(bodies):
            assert self.deliver(integration, body, delivery=str(number)).status_code == 202
        run_due_tasks()
        rows = list(WebhookPayload.objects.all())
        assert {row.status for row in rows} == {WebhookStatus.DEAD}
        assert all("could not be read" in row.reason for row in rows)
        assert all(row.attempts == 1 and row.expires_at for row in rows)
        assert not TaskRecord.objects.exists()

    def test_what_is_not_followed_is_done(self):
        integration = self.integrate()
        for number, event in enumerate(("ping", "", "installation_target", "star", "ü" * 99)):
            self.deliver(integration, body_of(n=number), event=event, delivery=str(number))
        run_due_tasks()
        assert {row.status for row in WebhookPayload.objects.all()} == {WebhookStatus.DONE}

    # --- repeats -----------------------------------------------------------------------------

    def test_a_repeat_is_known(self):
        integration = self.integrate()
        assert self.deliver(integration).status_code == 202
        assert self.deliver(integration).status_code == 200
        run_due_tasks()
        assert self.deliver(integration).status_code == 200
        assert run_due_tasks() == 0
        assert WebhookPayload.objects.count() == 1

    def test_the_delivery_id_is_not_signed_so_the_body_counts_too(self):
        integration = self.integrate()
        self.deliver(integration, delivery="1")
        assert self.deliver(integration, delivery="2").status_code == 200
        assert self.deliver(integration, delivery="1", event="ping").status_code == 200
        assert self.deliver(integration, delivery="3", event="ping").status_code == 200
        assert self.deliver(integration, body_of(ref="x"), delivery="").status_code == 202
        assert self.deliver(integration, body_of(ref="y"), delivery="").status_code == 202

    def test_headers_are_not_signed_so_none_makes_a_repeat_new(self):
        integration = self.integrate()
        assert self.deliver(integration).status_code == 202
        run_due_tasks()
        for number, name in enumerate(("a-event", "x-a-event", "x-event-key", "x-gitlab-event")):
            again = self.deliver(integration, delivery=f"new-{number}", **{name: "x"})
            assert again.status_code == 200
        changed = self.deliver(integration, delivery="newer", event="repository")
        assert changed.status_code == 200
        assert run_due_tasks() == 0
        assert WebhookPayload.objects.count() == 1

    def test_the_event_is_named_by_the_header_of_its_host_alone(self):
        self.deliver(self.integrate(), **{"a-event": "x", "x-event-key": "y"})
        assert WebhookPayload.objects.get().event == "push"

    def test_two_integrations_may_get_the_same(self):
        one, two = self.integrate(), self.integrate()
        assert [self.deliver(each).status_code for each in (one, two)] == [202, 202]

    def test_after_the_window_a_repeat_is_handled_again(self):
        integration = self.integrate()
        with override_options({"webhooks.deduplication-window": 0}):
            self.deliver(integration)
            run_due_tasks()
            assert self.deliver(integration).status_code == 202
        assert WebhookPayload.objects.get().status == WebhookStatus.PENDING

    def test_a_repeat_of_what_was_given_up_is_handled_again(self):
        integration = self.integrate()
        self.deliver(integration, b"{")
        run_due_tasks()
        assert WebhookPayload.objects.get().status == WebhookStatus.DEAD
        assert self.deliver(integration, b"{").status_code == 202
        row = WebhookPayload.objects.get()
        assert (row.status, row.attempts, row.reason) == (WebhookStatus.PENDING, 0, "")

    def test_a_new_delivery_that_is_like_two_dead_ones(self):
        integration = self.integrate()
        self.deliver(integration, b"{", delivery="1")
        self.deliver(integration, b"[", delivery="2")
        run_due_tasks()
        assert self.deliver(integration, b"{", delivery="2").status_code == 202
        assert WebhookPayload.objects.get().delivery_id == "2"

    # --- headers -----------------------------------------------------------------------------

    def test_only_headers_that_matter_are_kept(self):
        integration = self.integrate()
        self.deliver(
            integration,
            **{
                "authorization": "Basic c2VjcmV0",
                "cookie": "a=b",
                "x-gitlab-token": SECRET,
                "x-custom": f"holds {SECRET}",
                "x-forwarded-for": "192.0.2.1",
                "x-github-hook-id": "7",
                "x-long": "y" * 2000,
            },
        )
        headers = WebhookPayload.objects.get().payload["headers"]
        assert headers == {
            "content-type": "application/json",
            "x-github-delivery": "1",
            "x-github-event": "push",
            "x-github-hook-id": "7",
        }

    def test_a_long_delivery_id(self):
        assert self.deliver(self.integrate(), delivery="d" * 4000).status_code == 202
        assert len(WebhookPayload.objects.get().delivery_id) == 255

    # --- Apps --------------------------------------------------------------------------------

    def test_the_body_names_the_installation_of_an_app(self):
        integration = self.integrate(external_id="api.github.com:777")
        other = self.integrate(external_id="api.github.com:778", webhook_secrets=[NEWER])
        place = "/extensions/github/webhook/"
        body = body_of(installation={"id": 777})
        self.refused(self.deliver(place))
        self.refused(self.deliver(place, body, sign=NEWER))
        self.refused(self.deliver(place, body_of(installation={"id": 999})))
        for nonsense in (
            b"",
            b"[]",
            b"{",
            b'{"installation": 7}',
            b'{"installation": {"id": 777}}',
        ):
            self.refused(self.deliver(place, nonsense))
        assert self.deliver(place, body).status_code == 202
        assert WebhookPayload.objects.get().integration_id == integration.pk
        to_other = body_of(installation={"id": 778})
        assert self.deliver(place, to_other, sign=NEWER, delivery="2").status_code == 202
        assert WebhookPayload.objects.filter(integration=other).count() == 1

    def test_the_same_number_on_another_host(self):
        self.integrate(external_id="github.example.com:777")
        body = body_of(installation={"id": 777})
        self.refused(self.deliver("/extensions/github/webhook/", body))

    # --- what goes on in the background ------------------------------------------------------

    def test_a_delivery_without_a_task_is_found_by_the_sweep(self):
        integration = self.integrate()
        self.deliver(integration)
        TaskRecord.objects.all().delete()
        sweep_webhooks()
        assert not TaskRecord.objects.exists()  # it came only just now
        WebhookPayload.objects.update(received_at=timezone.now() - timedelta(hours=1))
        sweep_webhooks()
        sweep_webhooks()
        assert TaskRecord.objects.count() == 1
        run_due_tasks()
        assert WebhookPayload.objects.get().status == WebhookStatus.DONE

    def test_one_that_kills_its_process_is_given_up(self):
        row = self.create_webhook_payload(self.integrate(), attempts=MOST_ATTEMPTS)
        handle_webhook(row.pk)
        row.refresh_from_db()
        assert (row.status, row.reason) == (WebhookStatus.DEAD, "WorkerLost")

    def test_a_fault_of_ours_is_noted_and_tried_again(self):
        row = self.create_webhook_payload(
            self.integrate(), headers={"x-github-event": "push"}, body=body_of()
        )
        self.create_repo(
            external_id="1", integration_id=row.integration_id, organization_id=self.organization.id
        )
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(webhooks, "record_push", _fail)
            with pytest.raises(ZeroDivisionError):
                handle_webhook(row.pk)
        row.refresh_from_db()
        assert (row.status, row.reason, row.attempts) == (0, "ZeroDivisionError", 1)
        handle_webhook(row.pk)
        row.refresh_from_db()
        assert (row.status, row.reason) == (WebhookStatus.DONE, "")

    def test_expired_rows_are_deleted_and_waiting_ones_are_not(self):
        past = timezone.now() - timedelta(hours=1)
        self.create_webhook_payload(self.integrate(), received_at=past)
        self.create_webhook_payload(self.integrate(), status=1, expires_at=past)
        sweep_expired()
        assert [row.status for row in WebhookPayload.objects.all()] == [WebhookStatus.PENDING]


def _fail(*_: object) -> None:
    raise ZeroDivisionError


def test_a_region_has_no_such_addresses():
    assert extensions.urls_for(SiloMode.REGION) == []
    assert len(extensions.urls_for(SiloMode.CONTROL)) == 2
    assert len(extensions.urls_for(SiloMode.MONOLITH)) == 2


class AtOnceTest(TransactionTestCase):
    def test_equal_deliveries_at_once_are_one(self):
        integration = self.create_integration(webhook_secrets=[SECRET])
        barrier = threading.Barrier(6)
        statuses = []

        def deliver(number: int) -> None:
            barrier.wait()
            try:
                answer = post(Client(), integration, delivery=str(number // 2))
                statuses.append(answer.status_code)
            finally:
                connections.close_all()

        threads = [threading.Thread(target=deliver, args=(number,)) for number in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(statuses) == [200] * 5 + [202]
        assert WebhookPayload.objects.count() == TaskRecord.objects.count() == 1
