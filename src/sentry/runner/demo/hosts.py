"""The six hosts as the demonstration sets them up; the emulator plays each of them."""

import base64
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from sentry.integrations.source_code_management.types import ProviderKey
from sentry_scm_client import scm_pb2


@dataclass(frozen=True, kw_only=True, slots=True)
class TicketOnHost:
    """Where the first ticket stands, by the host's own API.

    Attributes:
        key: as the platform calls it.
        home: what ``metadata["repo"]`` of the request names.
        path: below the host's root.
        headers: what shows a token.
        title, page: where the answer holds them.
    """

    key: str
    home: str
    path: str
    headers: Callable[[str], Mapping[str, str]]
    title: tuple[str, ...]
    page: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class DemoHost:
    """One host: how it is addressed, and with which credential.

    Attributes:
        provider: as the service calls it.
        api: where the API begins below the host's root.
        has_web_url: whether people's pages are told apart from the API.
        full_name: of the repository.
        prefix: how the host's tokens begin.
        login: whose the token is.
        with_email: whether the token goes with the account's address.
        lists_branch: whether its list of repositories tells their default branches.
        blame: where blame comes from.
        ticket: where the ticket will be; None where the host has no issues.
    """

    provider: scm_pb2.Provider.ValueType
    api: str = ""
    has_web_url: bool = False
    full_name: str = "acme/demo"
    prefix: str = ""
    login: str = "octocat"
    with_email: bool = False
    lists_branch: bool = True
    blame: scm_pb2.BlameSource.ValueType = scm_pb2.BLAME_SOURCE_NATIVE
    ticket: TicketOnHost | None = None

    def new_token(self) -> str:
        """A token as the host makes them."""
        return self.prefix + secrets.token_urlsafe(27)

    def address(self, root: str) -> list[str]:
        """The options of ``sentry integration add`` that say where the host is."""
        web = ["--web-url", root] if self.has_web_url else []
        return ["--base-url", root + self.api, *web]

    def credential(self, room: Path, token_file: Path) -> list[str]:
        """Its options that name the credential's file, which is made where it is another."""
        if not self.with_email:
            return ["--token-file", str(token_file)]
        file = room / "credential.json"
        file.touch(mode=0o600)
        token = token_file.read_text().strip()
        file.write_text(json.dumps({"email": f"{self.login}@example.com", "api_token": token}))
        return ["--credential-file", str(file)]


def _bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


def _basic(token: str) -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(f":{token}".encode()).decode()}


HOSTS: Mapping[ProviderKey, DemoHost] = {
    ProviderKey.GITHUB: DemoHost(
        provider=scm_pb2.PROVIDER_GITHUB,
        has_web_url=True,
        prefix="ghp_",
        ticket=TicketOnHost(
            key="acme/demo#1",
            home="acme/demo",
            path="/repos/acme/demo/issues/1",
            headers=_bearer,
            title=("title",),
            page=("html_url",),
        ),
    ),
    ProviderKey.GITHUB_ENTERPRISE: DemoHost(
        provider=scm_pb2.PROVIDER_GITHUB_ENTERPRISE,
        prefix="ghp_",
        ticket=TicketOnHost(
            key="acme/demo#1",
            home="acme/demo",
            path="/api/v3/repos/acme/demo/issues/1",
            headers=_bearer,
            title=("title",),
            page=("html_url",),
        ),
    ),
    ProviderKey.GITLAB: DemoHost(
        provider=scm_pb2.PROVIDER_GITLAB,
        full_name="acme/web/demo",
        prefix="glpat-",
        ticket=TicketOnHost(
            key="acme/web/demo#1",
            home="acme/web/demo",
            path="/api/v4/projects/acme%2Fweb%2Fdemo/issues/1",
            headers=lambda token: {"private-token": token},
            title=("title",),
            page=("web_url",),
        ),
    ),
    ProviderKey.BITBUCKET: DemoHost(
        provider=scm_pb2.PROVIDER_BITBUCKET,
        api="/2.0",
        has_web_url=True,
        prefix="ATATT",
        with_email=True,
        blame=scm_pb2.BLAME_SOURCE_MIRROR,
    ),
    ProviderKey.BITBUCKET_SERVER: DemoHost(
        provider=scm_pb2.PROVIDER_BITBUCKET_SERVER, full_name="ACME/demo", lists_branch=False
    ),
    ProviderKey.VSTS: DemoHost(
        provider=scm_pb2.PROVIDER_AZURE_DEVOPS,
        api="/acme",
        full_name="Shop/demo",
        login="octocat@example.com",
        blame=scm_pb2.BLAME_SOURCE_MIRROR,
        ticket=TicketOnHost(
            key="Shop#1",
            home="Shop",
            path="/acme/Shop/_apis/wit/workitems/1?$expand=links&api-version=7.1",
            headers=_basic,
            title=("fields", "System.Title"),
            page=("_links", "html", "href"),
        ),
    ),
}
