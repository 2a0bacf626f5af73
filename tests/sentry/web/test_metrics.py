"""``/_metrics``: what it says, and to whom."""

from datetime import timedelta
from unittest import mock

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError
from django.utils import timezone

from sentry.actions import metrics as actions
from sentry.conf import environment
from sentry.models.taskrecord import TaskStatus
from sentry.testutils.cases import TestCase
from sentry.testutils.metrics import samples, value_of
from sentry.utils import metrics

TOKEN = "0123456789abcdef"


class MetricsTest(TestCase):
    def read(self, status=200, address="127.0.0.1", **headers):
        response = self.client.get("/_metrics", headers=headers, REMOTE_ADDR=address)
        assert response.status_code == status
        return response

    def samples(self):
        return samples(self.read().content.decode())

    def test_requests_by_the_name_of_their_url(self):
        before = self.samples()
        _, key = self.create_api_key(self.organization, ["org:read"])
        for number in (1, 2):
            self.client.get(f"/api/0/organizations/{number}/", headers={"x-api-key": key})
        self.client.get("/api/0/nothing/")
        self.client.get("/nothing/")
        after = self.samples()

        def grown(name, **labels):
            return value_of(after, name, **labels) - value_of(before, name, **labels)

        name = "sentry-api-0-organization-details"
        total = "sentry_rest_duration_seconds_count"
        assert grown(total, endpoint=name, method="GET", status="404") == 2
        assert grown(total, endpoint="unknown", method="GET", status="404") == 2

    def test_the_format(self):
        response = self.read()
        assert response["content-type"].startswith("text/plain; version=")
        assert response["cache-control"] == "no-store"
        assert b"# TYPE sentry_tasks_queue_depth gauge" in response.content

    def test_runs_of_tasks(self):
        before = self.samples()
        metrics.task_finished("sentry.tasks.example", "succeeded", 0.2)
        labels = {"task": "sentry.tasks.example", "outcome": "succeeded"}
        after = self.samples()
        assert value_of(after, "sentry_task_duration_seconds_count", **labels) == (
            value_of(before, "sentry_task_duration_seconds_count", **labels) + 1
        )

    def test_depths_of_queues(self):
        for status in (TaskStatus.PENDING, TaskStatus.PENDING, TaskStatus.FAILED):
            self.create_task_record(status=status, available_at=timezone.now() - timedelta(hours=1))
        found = self.samples()
        name = "sentry_tasks_queue_depth"
        assert value_of(found, name, queue="maintenance", state="pending") == 2
        assert value_of(found, name, queue="maintenance", state="failed") == 1
        assert value_of(found, name, queue="deletion", state="pending") == 0
        assert value_of(found, "sentry_tasks_oldest_wait_seconds", queue="maintenance") >= 3600

    def test_a_database_that_is_down_costs_the_depths_alone(self):
        down = mock.patch.object(actions, "queue_depths", side_effect=DatabaseError)
        with down, self.assertLogs("sentry.actions.metrics", "ERROR"):
            found = self.samples()
        assert value_of(found, "sentry_rest_duration_seconds_count", endpoint="sentry-metrics",
                        method="GET", status="200") >= 0  # fmt: skip

    def test_by_default_this_machine_alone(self):
        for address in ("127.0.0.1", "127.8.9.1", "::1", "::ffff:127.0.0.1"):
            self.read(address=address)
        for address in ("192.0.2.1", "10.0.0.1", "", "unix:", "fd00::1"):
            response = self.read(404, address=address)
            assert response.json() == {"detail": "There is nothing at this address."}

    def test_a_proxy_on_this_machine_lets_nobody_in(self):
        for name in ("x-forwarded-for", "forwarded", "x-real-ip", "via"):
            self.read(404, **{name: "127.0.0.1"})

    def test_other_addresses(self):
        networks = environment.networks("NO_SUCH_VARIABLE", "192.0.2.0/24, fd00::7")
        with self.settings(METRICS_ALLOWED=networks):
            self.read(address="192.0.2.9")
            self.read(address="fd00::7")
            self.read(404)

    def test_with_a_token_nothing_else_counts(self):
        with self.settings(METRICS_TOKEN=TOKEN):
            bearer = {"authorization": f"Bearer {TOKEN}"}
            self.read(address="192.0.2.1", **bearer)
            self.read(**bearer, **{"x-forwarded-for": "192.0.2.1"})
            for wrong in ({}, {"authorization": TOKEN}, {"authorization": "Bearer \xff"}):
                self.read(404, **wrong)

    def test_it_is_only_read(self):
        assert self.client.post("/_metrics").status_code == 405


def test_networks_that_are_none(monkeypatch):
    monkeypatch.setenv("SENTRY_METRICS_ALLOWED", "127.0.0.1,somewhere")
    with pytest.raises(ImproperlyConfigured, match="SENTRY_METRICS_ALLOWED: 'somewhere'"):
        environment.networks("SENTRY_METRICS_ALLOWED")
