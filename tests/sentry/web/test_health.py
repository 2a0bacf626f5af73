"""``/_health/``: alive, and ready or what is wrong."""

import socket
from unittest import mock

from cryptography.fernet import Fernet
from django.db import OperationalError
from django.test import override_settings

from sentry import __version__
from sentry.actions import health
from sentry.taskqueue import scheduler
from sentry.testutils.cases import TestCase
from sentry.testutils.services import find

SILENT = "does not answer: see the log line health.part_failed"


class HealthTest(TestCase):
    def test_a_process_that_answers_is_live(self):
        response = self.client.get("/_health/")
        assert response.status_code == 200
        assert response.json() == {"healthy": True, "version": __version__}

    def test_liveness_asks_no_database(self):
        with self.assertNumQueries(0):
            self.client.get("/_health/")

    def test_a_process_with_its_database_is_ready(self):
        response = self.client.get("/_health/ready/")
        assert response.status_code == 200
        assert (response.json()["healthy"], response.json()["problems"]) == (True, [])

    def problems(self, path="/_health/ready/"):
        response = self.client.get(path)
        assert response.status_code == 503
        assert response.json()["healthy"] is False
        return {each["part"]: each["text"] for each in response.json()["problems"]}

    def test_full_is_the_same_as_ready(self):
        assert self.client.get("/_health/?full").json()["problems"] == []
        with mock.patch.object(health, "_known_migrations", return_value={("sentry", "0999_x")}):
            assert "migrations" in self.problems("/_health/?full")

    def test_a_store_that_is_down_is_named_without_its_address(self):
        url = "redis://:hunter2@127.0.0.1:1/0"
        with override_settings(REDIS_URL=url), self.assertLogs("sentry.actions.health", "ERROR"):
            assert self.problems() == {"redis": SILENT}

    def test_a_store_that_does_not_answer_does_not_hang_it(self):
        with socket.create_server(("127.0.0.1", 0), backlog=1) as mute:
            url = f"redis://127.0.0.1:{mute.getsockname()[1]}/0"
            with override_settings(REDIS_URL=url), self.assertLogs("sentry.actions.health"):
                assert self.problems() == {"redis": SILENT}

    def test_an_address_that_is_none(self):
        with override_settings(REDIS_URL="nonsense"), self.assertLogs("sentry.actions.health"):
            assert self.problems() == {"redis": SILENT}

    def test_redis_that_answers_is_no_problem(self):
        url = find("redis")
        if url is None:
            self.skipTest("missing service: redis")
        with override_settings(REDIS_URL=url):
            assert self.client.get("/_health/ready/").status_code == 200

    def test_a_database_that_is_down_is_all_that_is_told(self):
        down = mock.patch.object(health, "check_connection", side_effect=OperationalError("secret"))
        with down, self.assertLogs("sentry.actions.health", "ERROR"):
            assert self.problems() == {"database": SILENT}

    def test_migrations_that_are_yet_to_run(self):
        known = {*health._known_migrations(), ("sentry", "0998_a"), ("sentry", "0999_b")}
        with mock.patch.object(health, "_known_migrations", return_value=known):
            assert self.problems() == {"migrations": "2 are yet to run: run `sentry upgrade`"}

    def test_keys_that_do_not_open_what_is_stored(self):
        self.create_integration(organization=self.organization)
        other = [Fernet.generate_key().decode()]
        with override_settings(ENCRYPTION_KEYS=other, ENCRYPTION_KEYS_FILE=None):
            (part,) = self.problems().items()
        assert part == (
            "encryption-keys",
            "the configured keys do not open the stored credentials: restore the key that did",
        )

    def test_nobody_who_does_background_work_is_a_warning(self):
        warned = self.client.get("/_health/ready/").json()["warnings"]
        assert [each["part"] for each in warned] == ["background-work"]
        self.create_lease(name=scheduler.LEASE)
        assert self.client.get("/_health/ready/").json()["warnings"] == []
