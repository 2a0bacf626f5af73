"""Azure DevOps' calls about service hooks.

The host has no signatures: the secret is the password of the Basic credential that it sends with
each delivery. There is one subscription for each kind of event; that of pushes gives the
registration its id, and the others are found by the same repository and URL.
"""

from collections.abc import Mapping, Sequence

from sentry.integrations.source_code_management.errors import HostRejected, NotFound
from sentry.integrations.source_code_management.http_paths import Route, route
from sentry.integrations.source_code_management.json_reader import Json
from sentry.integrations.source_code_management.types import RepositoryRef
from sentry.integrations.vsts import parse
from sentry.integrations.vsts.api import VstsApi
from sentry.integrations.vsts.names import in_repository
from sentry.integrations.vsts.parse_hooks import (
    Subscription,
    parse_subscription,
    parse_subscriptions,
)

_PUSHES = "git.push"
_PULL_REQUESTS = ("git.pullrequest.created", "git.pullrequest.updated", "git.pullrequest.merged")
# A Server before 2022.1 does not know these.
_CHANGES = ("git.repo.renamed", "git.repo.deleted")
_USER = "sentry"  # the host wants one; nothing depends on it


class VstsHooks:
    """A part of ``VstsClient``."""

    def __init__(self, api: VstsApi) -> None:
        """Shares the client's services."""
        self._api = api

    def register(self, repo: RepositoryRef, *, url: str, secret: str) -> str:
        """Subscribes to every kind of event, or brings known subscriptions up to date."""
        found = self._api.get(in_repository(repo, ""), resource="repository").json()
        repository = parse.parse_repository(found).external_id
        inputs = {"projectId": parse.parse_project_id(found), "repository": repository}
        known = {each.event: each.number for each in self._list() if each.is_for(repository, url)}
        number = self._subscribe(_PUSHES, inputs, url=url, secret=secret, number=known.get(_PUSHES))
        for event in _PULL_REQUESTS:
            self._subscribe(event, inputs, url=url, secret=secret, number=known.get(event))
        for event in _CHANGES:
            try:
                self._subscribe(event, inputs, url=url, secret=secret, number=known.get(event))
            except HostRejected:
                continue
        return number

    def unregister(self, number: str) -> None:
        """Ends the subscription of that id, and all that go with it."""
        if not parse.is_guid(number):
            return
        try:
            answer = self._api.get(_one(number), resource="webhook")
        except NotFound:
            return
        anchor = parse_subscription(answer.json())
        same = [each.number for each in self._list() if each.is_for(anchor.repository, anchor.url)]
        # the one that names the others goes last, so that a second try finds what is left
        self._delete([each for each in same if each != anchor.number])
        self._delete([anchor.number])

    def _list(self) -> list[Subscription]:
        answer = self._api.get(
            route("/_apis/hooks/subscriptions"),
            resource="organization",
            query={"publisherId": "tfs", "consumerId": "webHooks"},
        )
        return parse_subscriptions(answer.json())

    def _subscribe(
        self, event: str, inputs: Mapping[str, str], *, url: str, secret: str, number: str | None
    ) -> str:
        publisher: dict[str, Json] = dict(inputs)
        body: dict[str, Json] = {
            "publisherId": "tfs",
            "eventType": event,
            "resourceVersion": "1.0",
            "consumerId": "webHooks",
            "consumerActionId": "httpRequest",
            "publisherInputs": publisher,
            "consumerInputs": {
                "url": url,
                "basicAuthUsername": _USER,
                "basicAuthPassword": secret,
                "resourceDetailsToSend": "all",
                "messagesToSend": "none",
                "detailedMessagesToSend": "none",
            },
        }
        answer = self._api.send(
            "POST" if number is None else "PUT",
            route("/_apis/hooks/subscriptions") if number is None else _one(number),
            resource="webhook",
            json=body if number is None else {"id": number, **body},
            repeatable=number is not None,
        )
        return parse_subscription(answer.json()).number

    def _delete(self, numbers: Sequence[str]) -> None:
        for number in numbers:
            try:
                self._api.send("DELETE", _one(number), resource="webhook", repeatable=True)
            except NotFound:
                continue


def _one(number: str) -> Route:
    return route("/_apis/hooks/subscriptions/{number}", number=number)
