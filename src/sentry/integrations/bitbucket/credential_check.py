"""Asks Bitbucket whose a credential is, and what it lacks."""

from collections.abc import Iterator
from http import HTTPStatus

from sentry.integrations.bitbucket import parse
from sentry.integrations.bitbucket.names import in_repository
from sentry.integrations.source_code_management.errors import HostForbidden, IntegrationBroken
from sentry.integrations.source_code_management.http import HostSession
from sentry.integrations.source_code_management.http_answers import HostResponse
from sentry.integrations.source_code_management.http_paths import Route, route
from sentry.integrations.source_code_management.json_reader import Json
from sentry.integrations.source_code_management.types import CredentialCheck, RepositoryRef

_FORBIDDEN = int(HTTPStatus.FORBIDDEN)
# What reading code and pull requests needs: OAuth's scope, those that hold it, and an API token's.
_NEEDED = {
    "repository": (
        {"repository", "repository:write", "repository:admin", "pullrequest", "pullrequest:write"},
        "read:repository:bitbucket",
    ),
    "pullrequest": ({"pullrequest", "pullrequest:write"}, "read:pullrequest:bitbucket"),
}
_API_TOKENS = ":bitbucket"  # how all scopes of API tokens end
NAME_THE_WORKSPACE = "an access token works for one workspace: the integration must name it"


class CredentialChecker:
    """Checks one credential by small reads; ``workspace`` is "" where the integration names none.

    Bitbucket tells the scopes that a request needs and lacks when it refuses it, and those that
    are granted: they say what cannot be tried, since a read that is refused names nothing to read.
    """

    def __init__(self, session: HostSession, *, workspace: str, is_account: bool) -> None:
        """Takes the session; ``is_account`` says that an account stands behind the credential."""
        self._session = session
        self._workspace = workspace
        self._is_account = is_account
        self._missing: dict[str, None] = {}  # in the order in which they were found
        self._untried = list(_NEEDED)
        self._granted: list[str] | None = None

    def check(self) -> CredentialCheck:
        """Who it is, and the scopes that reading code and pull requests needs and it lacks.

        Webhooks need another one, which is asked for when one is registered.

        Raises:
            IntegrationBroken: the host refuses the credential, or it needs a workspace's name.
            HostError: the host did not answer.
        """
        account = self._account()
        workspace = self._workspace or self._first_workspace()
        listed = self._list(workspace) if workspace else None
        repository = _first_repository(listed)
        if repository is not None:
            self._read(in_repository(repository, "/pullrequests"), "pullrequest")
        kept = self._unchanging_workspace(listed)
        return CredentialCheck(
            account=self._title(account),
            missing=tuple(self._missing | dict.fromkeys(self._not_granted())),
            identity=_identity(account, kept),
            settings={"workspace": kept} if kept else {},
        )

    def _unchanging_workspace(self, listed: Json) -> str:
        """The UUID of the workspace that the integration names: another may take its slug.

        Where nothing is listed and the credential may not ask for a workspace, it is as it was
        named; "" where none is.
        """
        if not self._workspace or parse.is_uuid(self._workspace):
            return self._workspace
        told = parse.parse_listed_workspace_uuid(listed) if listed is not None else ""
        if not told:
            answer = self._session.get_json(
                route("/workspaces/{workspace}", workspace=self._workspace),
                resource="workspace",
                passed=frozenset({_FORBIDDEN}),
            )
            if answer.status != _FORBIDDEN:
                told = parse.parse_workspace_uuid(answer.json())
        return told if parse.is_uuid(told) else self._workspace

    def _not_granted(self) -> Iterator[str]:
        """What was not tried, and is not among the scopes that a refusal listed."""
        if self._granted is None:
            return
        is_api_token = any(name.endswith(_API_TOKENS) for name in self._missing)
        for scope in self._untried:
            holders, name = _NEEDED[scope]
            if is_api_token and name not in self._granted:
                yield name
            elif not is_api_token and holders.isdisjoint(self._granted):
                yield scope

    def _title(self, account: parse.Account | None) -> str:
        if account is not None:
            return account.name
        return "an account" if self._is_account else f"an access token of {self._workspace}"

    def _account(self) -> parse.Account | None:
        if not self._is_account:
            if not self._workspace:
                raise IntegrationBroken(NAME_THE_WORKSPACE)
            return None
        told = self._read(route("/user"), "account")
        return None if told is None else parse.parse_account(told.json())

    def _first_workspace(self) -> str:
        told = self._read(route("/user/workspaces"), "account", pagelen=1)
        slugs = [] if told is None else parse.parse_workspaces(told.json())
        return slugs[0] if slugs else ""

    def _list(self, workspace: str) -> Json:
        """A page with one repository of a workspace, as the host tells it; None where refused."""
        where = route("/repositories/{workspace}", workspace=workspace)
        told = self._read(where, "repository", pagelen=1)
        return None if told is None else told.json()

    def _read(self, where: Route, scope: str, **query: str | int) -> HostResponse | None:
        """A small read; None where it was refused for a scope, which is noted.

        Raises:
            HostForbidden: it was refused for another reason.
        """
        answer = self._session.get_json(
            where, resource="workspace", query=query, passed=frozenset({_FORBIDDEN})
        )
        self._untried = [each for each in self._untried if each != scope]
        if answer.status != _FORBIDDEN:
            return answer
        told = answer.json()
        names = parse.parse_missing_scopes(told)
        if not names and "scope" not in parse.parse_message(told):
            raise HostForbidden(status=answer.status)
        self._missing |= dict.fromkeys(names or [scope])
        self._granted = parse.parse_granted_scopes(told)
        return None


def _first_repository(listed: Json) -> RepositoryRef | None:
    found = [] if listed is None else parse.parse_repositories(listed)
    if not found:
        return None
    return RepositoryRef(identifier=found[0].identifier, external_id=found[0].external_id)


def _identity(account: parse.Account | None, workspace: str) -> str:
    """The account; with the workspace, where the integration is narrowed to one."""
    if account is None:
        return ""
    narrowed = f":{workspace.strip('{}')}" if workspace else ""
    return f"user-{account.uuid.strip('{}')}{narrowed}"
