"""Which documents describe which host, and where it serves what they describe."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

from forge_emulator.contracts.checker import Checker
from forge_emulator.contracts.document import Document
from forge_emulator.contracts.overlay import Deviation, corrected

if TYPE_CHECKING:
    from pathlib import Path

# The one address that GitHub uses itself, in its links and redirects, and does not describe.
_BY_ID = re.compile(r"/repositories/\d+(?=/|$)")
_REF = re.compile(r"(?<=/git/ref/).+")


def _as_github_describes(path: str) -> str:
    """A repository goes by its id, too, and a ref's slashes stay as they are."""
    path = _BY_ID.sub("/repos/owner/name", path)
    return _REF.sub(lambda match: match[0].replace("/", "%2F"), path)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Host:
    """`documents` maps each file of the host's folder to the base path of what it describes."""

    documents: Mapping[str, str]
    rewrite: Callable[[str], str] = str
    undescribed: str = r"(?!)"


_GIT = r".*/(info/refs|git-upload-pack|git-receive-pack)"
_HOSTS: Mapping[str, _Host] = {
    "github": _Host(
        documents={"openapi.json": ""},
        rewrite=_as_github_describes,
        undescribed=rf"/graphql|{_GIT}",
    ),
    "github_enterprise": _Host(
        documents={"openapi-3.19.json": "/api/v3"},
        rewrite=_as_github_describes,
        undescribed=rf"/api/graphql|{_GIT}",
    ),
    "gitlab": _Host(documents={"openapi.json": ""}, undescribed=rf"/oauth/token(/info)?|{_GIT}"),
    "bitbucket": _Host(
        documents={"openapi.json": "/2.0"}, undescribed=rf"/site/oauth2/access_token|{_GIT}"
    ),
    "bitbucket_server": _Host(documents={"openapi-9.4.json": "/rest"}, undescribed=_GIT),
    "vsts": _Host(
        documents={
            "git.json": "",
            "core.json": "",
            "search.json": "",
            "serviceHooks.json": "",
            "workItemTracking.json": "",
        },
        undescribed=rf"/[^/]+/oauth2/v2\.0/token|{_GIT}",
    ),
}


HOSTS: tuple[str, ...] = tuple(_HOSTS)


def load(folder: Path, host: str) -> Checker:
    """A checker for a host, from the folder that holds one folder for each host.

    The corrections are those of `contracts/overlays/<host>.py`. Raises `KeyError` for an unknown
    host and `OSError` where its documents are not there.
    """
    known = _HOSTS[host]
    values = {name: json.loads((folder / host / name).read_text()) for name in known.documents}
    fixed = corrected(values, overlay_of(host))
    pattern = re.compile(known.undescribed)
    return Checker(
        [Document(fixed[name], base=base) for name, base in known.documents.items()],
        rewrite=known.rewrite,
        undescribed=lambda path: pattern.fullmatch(path) is not None,
    )


def overlay_of(host: str) -> tuple[Deviation, ...]:
    """What is known to be wrong with a host's description."""
    module = import_module(f"forge_emulator.contracts.overlays.{host}")
    deviations: tuple[Deviation, ...] = module.DEVIATIONS
    return deviations
