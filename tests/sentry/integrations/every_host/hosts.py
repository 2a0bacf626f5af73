"""The six hosts as tests set them up: how each is addressed, and with which credential."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sentry.integrations.manager import integrations
from sentry.integrations.source_code_management.types import ProviderKey

TOKEN = "host-token-of-every-host-0123456789"


def _plain(url: str) -> dict[str, Any]:
    return {"base_url": url, "web_url": url, "token": TOKEN}


@dataclass(frozen=True, kw_only=True)
class HostKind:
    """One host: ``full_name`` as the emulator has the repository, ``name`` as the platform does.

    ``owner`` is what an account at the host is called in the emulator; ``issue_home`` is what
    ``metadata["repo"]`` of a ticket names; ``lists_branch`` whether the host's list of repositories
    tells their default branches; ``shortens`` whether it resolves abbreviated ids itself.
    """

    key: ProviderKey
    full_name: str
    name: str
    metadata: Callable[[str], Mapping[str, Any]] = field(repr=False)
    issue_home: str = ""
    account: str = "robot"
    lists_branch: bool = True
    shortens: bool = True


def _rows() -> tuple[HostKind, ...]:
    return (
        HostKind(
            key=ProviderKey.GITHUB,
            full_name="acme/shop",
            name="acme/shop",
            metadata=_plain,
            issue_home="acme/shop",
        ),
        HostKind(
            key=ProviderKey.GITHUB_ENTERPRISE,
            full_name="acme/shop",
            name="acme/shop",
            metadata=lambda url: {"base_url": url, "token": TOKEN},
            issue_home="acme/shop",
        ),
        HostKind(
            key=ProviderKey.GITLAB,
            full_name="acme/web/shop",
            name="acme/web/shop",
            metadata=lambda url: {"base_url": url, "token": TOKEN},
            issue_home="acme/web/shop",
        ),
        HostKind(
            key=ProviderKey.BITBUCKET,
            full_name="acme/shop",
            name="acme/shop",
            metadata=lambda url: {
                "base_url": f"{url}/2.0",
                "web_url": url,
                "token": TOKEN,
                "workspace": "acme",
            },
        ),
        HostKind(
            key=ProviderKey.BITBUCKET_SERVER,
            full_name="ACME/shop",
            name="ACME/shop",
            metadata=_plain,
            lists_branch=False,
        ),
        HostKind(
            key=ProviderKey.VSTS,
            full_name="Online Shop/shop",
            name="Online Shop/shop",
            metadata=lambda url: {
                "base_url": f"{url}/acme",
                "search_url": f"{url}/acme",
                "login_url": url,
                "token": TOKEN,
            },
            issue_home="Online Shop",
            shortens=False,
            account="robot@example.com",
        ),
    )


# a host is tested as soon as it is registered
HOSTS = tuple(row for row in _rows() if integrations.find(row.key.value) is not None)
