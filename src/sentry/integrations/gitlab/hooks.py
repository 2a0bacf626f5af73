"""GitLab's calls about webhooks: path, call, parse."""

from sentry.integrations.gitlab.names import Project
from sentry.integrations.gitlab.webhooks.parse import RegisteredHook, parse_hook, parse_hooks
from sentry.integrations.source_code_management.errors import (
    HostRejected,
    InvalidArgument,
    NotFound,
)
from sentry.integrations.source_code_management.http import HostSession
from sentry.integrations.source_code_management.json_reader import Json

_PER_PAGE = 100
_SIGNING = "whsec_"


class GitLabHooks:
    """Registers webhooks, over a client's session."""

    def __init__(self, session: HostSession) -> None:
        """Shares the client's session."""
        self._session = session

    def register(self, project: Project, *, url: str, secret: str) -> str:
        """One registration for the address: a known one is brought up to date.

        A secret of the form ``whsec_…`` signs deliveries; any other is sent along with them.

        Raises:
            HostRejected: this GitLab cannot sign.
        """
        signs = secret.startswith(_SIGNING)
        body: dict[str, Json] = {
            "url": url,
            "push_events": True,
            "merge_requests_events": True,
            "tag_push_events": False,
            "enable_ssl_verification": True,
            "signing_token" if signs else "token": secret,
        }
        known = self._find(project, url)
        method, rest = ("PUT", "/hooks/{number}") if known else ("POST", "/hooks")
        answer = self._session.request(
            method,
            project.route(rest, number=known) if known else project.route(rest),
            resource="webhook" if known else "repository",
            json=body,
            repeatable=bool(known),
        )
        hook = parse_hook(answer.json())
        if signs and not hook.is_signed:
            self.unregister(project, hook.id)
            raise HostRejected("this GitLab cannot sign webhooks: use a secret without whsec_")
        return hook.id

    def _find(self, project: Project, url: str) -> str:
        """The registration for an address; "" where there is none."""
        pages = self._session.pages(
            project.route("/hooks"), resource="repository", query={"per_page": _PER_PAGE}
        )
        hooks: list[RegisteredHook] = [hook for page in pages for hook in parse_hooks(page.json())]
        return next((hook.id for hook in hooks if hook.url == url), "")

    def unregister(self, project: Project, number: str) -> None:
        """Ends a registration; one that is gone is no error.

        Raises:
            InvalidArgument: the id is none of GitLab's.
        """
        if not (number.isascii() and number.isdigit()):
            raise InvalidArgument("webhook_id", "must be a number")
        where = project.route("/hooks/{number}", number=number)
        try:
            self._session.request("DELETE", where, resource="webhook", repeatable=True)
        except NotFound:
            return
