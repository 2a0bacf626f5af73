from django.test import override_settings

from sentry import __version__
from sentry.testutils.cases import TestCase
from sentry.testutils.services import find


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
        assert response.json() == {"healthy": True, "problems": []}

    @override_settings(REDIS_URL="redis://127.0.0.1:1/0")
    def test_a_store_that_does_not_answer_is_named(self):
        with self.assertLogs("sentry.actions.health", level="ERROR"):
            response = self.client.get("/_health/ready/")
        assert response.status_code == 503
        assert response.json() == {"healthy": False, "problems": ["redis"]}

    def test_redis_that_answers_is_no_problem(self):
        url = find("redis")
        if url is None:
            self.skipTest("missing service: redis")
        with override_settings(REDIS_URL=url):
            assert self.client.get("/_health/ready/").status_code == 200
