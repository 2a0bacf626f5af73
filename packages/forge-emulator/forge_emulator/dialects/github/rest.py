"""Every route of the REST API."""

from __future__ import annotations

from forge_emulator.dialects.github import (
    rest_apps,
    rest_commits,
    rest_contents,
    rest_hooks,
    rest_issues,
    rest_repositories,
    rest_search,
)

ROUTES = [
    *rest_repositories.ROUTES,
    *rest_commits.ROUTES,
    *rest_contents.ROUTES,
    *rest_issues.ROUTES,
    *rest_hooks.ROUTES,
    *rest_apps.ROUTES,
    *rest_search.ROUTES,
]
