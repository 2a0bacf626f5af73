"""Reads what Azure DevOps answers about service hooks. Pure and total."""

from dataclasses import dataclass

from sentry.integrations.source_code_management.json_reader import Json, JsonObject, as_object
from sentry.integrations.vsts.parse import listed


@dataclass(frozen=True, kw_only=True, slots=True)
class Subscription:
    """A subscription: of which event, of which repository (by id), sent where."""

    number: str
    event: str
    repository: str
    url: str

    def is_for(self, repository: str, url: str) -> bool:
        """Whether it tells of a repository to a URL."""
        return (self.repository, self.url) == (repository, url)


def parse_subscription(value: Json) -> Subscription:
    """One subscription."""
    return _subscription(as_object(value, "subscription"))


def parse_subscriptions(value: Json) -> list[Subscription]:
    """All subscriptions."""
    return [_subscription(item) for item in listed(value, "subscriptions")]


def _subscription(item: JsonObject) -> Subscription:
    publisher = item.optional_object("publisherInputs")
    consumer = item.optional_object("consumerInputs")
    return Subscription(
        number=item.text("id").lower(),
        event=item.text("eventType"),
        repository=((publisher.optional_text("repository") if publisher else None) or "").lower(),
        url=(consumer.optional_text("url") if consumer else None) or "",
    )
