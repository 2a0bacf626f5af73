"""The id of a request to Django: from its header or new, and in its answer."""

import re

from sentry.testutils.cases import TestCase
from sentry.utils import request_id

NEW = re.compile("[0-9a-f]{32}")


class RestTest(TestCase):
    def test_an_answer_tells_the_id_that_was_sent(self):
        for path, status in (("/_health/", 200), ("/nowhere/", 404), ("/api/0/projects/", 404)):
            response = self.client.get(path, headers={"x-request-id": "from-outside.1"})
            assert (response.status_code, response["x-request-id"]) == (status, "from-outside.1")

    def test_without_a_good_one_it_is_new(self):
        ids = {
            self.client.get("/_health/", headers=headers)["x-request-id"]
            for headers in ({}, {"x-request-id": "a b"}, {"x-request-id": "<script>"}, {})
        }
        assert len(ids) == 4
        assert all(NEW.fullmatch(each) for each in ids)

    def test_nothing_stays_behind(self):
        self.client.get("/_health/")
        assert request_id.current() == ""
