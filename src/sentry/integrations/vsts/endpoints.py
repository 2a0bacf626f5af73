"""Where an organization of Azure DevOps lives. Pure."""

from dataclasses import dataclass
from urllib.parse import quote, urlsplit

_SERVICES = "dev.azure.com"
_OLD_SERVICES = ".visualstudio.com"


@dataclass(frozen=True, kw_only=True, slots=True)
class Endpoints:
    """The addresses of an organization (of a collection, on Server), without a final slash.

    Attributes:
        api: of the REST services and of git ("https://dev.azure.com/acme").
        web: of the pages that people see; the same as a rule.
        search: of the search of code ("https://almsearch.dev.azure.com/acme").
        login: of Entra, which gives applications their tokens.
    """

    api: str
    web: str
    search: str
    login: str

    @property
    def host(self) -> str:
        """The host and port, which tell one Azure DevOps from another."""
        return urlsplit(self.api).netloc.lower()

    def repository(self, project: str, name: str) -> str:
        """A repository's page."""
        return f"{self.web}/{quote(project, safe='')}/_git/{quote(name, safe='')}"

    def clone(self, project: str, name: str) -> str:
        """Where git fetches a repository; each by its name or its id."""
        return f"{self.api}/{quote(project, safe='')}/_git/{quote(name, safe='')}"

    def work_item(self, project: str, number: int) -> str:
        """A work item's page."""
        return f"{self.web}/{quote(project, safe='')}/_workitems/edit/{number}"


def vsts_endpoints(
    *, base_url: str, web_url: str | None, search_url: str | None, login_url: str
) -> Endpoints:
    """The addresses, where some are left to be found out: Server serves all under one."""
    api = base_url.rstrip("/")
    return Endpoints(
        api=api,
        web=(web_url or api).rstrip("/"),
        search=(search_url or _search(api)).rstrip("/"),
        login=login_url.rstrip("/"),
    )


def _search(api: str) -> str:
    parts = urlsplit(api)
    if parts.netloc == _SERVICES:
        return parts._replace(netloc=f"almsearch.{_SERVICES}").geturl()
    if parts.netloc.endswith(_OLD_SERVICES):
        organization = parts.netloc.removesuffix(_OLD_SERVICES)
        return f"https://almsearch.{_SERVICES}/{organization}"
    return api
