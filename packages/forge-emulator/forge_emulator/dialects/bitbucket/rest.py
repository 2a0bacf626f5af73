"""Every route of the REST API."""

from __future__ import annotations

from forge_emulator.dialects.bitbucket import (
    rest_commits,
    rest_gone,
    rest_hooks,
    rest_pulls,
    rest_refs,
    rest_repositories,
    rest_search,
    rest_source,
)

ROUTES = [
    *rest_repositories.ROUTES,
    *rest_commits.ROUTES,
    *rest_refs.ROUTES,
    *rest_source.ROUTES,
    *rest_pulls.ROUTES,
    *rest_hooks.ROUTES,
    *rest_search.ROUTES,
    *rest_gone.ROUTES,
]
