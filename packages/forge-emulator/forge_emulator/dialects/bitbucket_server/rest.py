"""Every route of the API, below its base."""

from __future__ import annotations

from forge_emulator.dialects.bitbucket_server import (
    rest_commits,
    rest_contents,
    rest_hooks,
    rest_repositories,
)

ROUTES = [
    *rest_repositories.ROUTES,
    *rest_commits.ROUTES,
    *rest_contents.ROUTES,
    *rest_hooks.ROUTES,
]
