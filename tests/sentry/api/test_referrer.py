"""A REST request tells on whose behalf it comes, as an RPC does."""

import pytest

from sentry.auth.ratelimit import RateLimiter
from sentry.testutils.cases import APITestCase
from sentry.utils.referrer import current_referrer


class ReferrerTest(APITestCase):
    endpoint = "sentry-api-0-organization-details"

    @pytest.fixture(autouse=True)
    def _seen(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """What a request's work sees: its counting stands for all of it."""
        self.seen: list[str] = []
        hit = RateLimiter.hit

        def look(limiter: RateLimiter, credential: str) -> object:
            self.seen.append(current_referrer())
            return hit(limiter, credential)

        monkeypatch.setattr(RateLimiter, "hit", look)

    def test_the_header_holds_for_the_request(self):
        self.login_as(self.user)
        organization = self.create_organization(owner=self.user)
        for headers in ({"x-referrer": "release-bot"}, {"x-referrer": "a b"}, {}):
            self.get_success_response(organization.slug, headers=headers)
        assert self.seen == ["release-bot", "", ""]
        assert current_referrer() == ""
