"""Every route."""

from __future__ import annotations

from forge_emulator.dialects.gitlab import (
    oauth,
    rest_commits,
    rest_files,
    rest_hooks,
    rest_issues,
    rest_projects,
    rest_search,
    rest_users,
)

ROUTES = [
    *oauth.ROUTES,
    *rest_users.ROUTES,
    *rest_projects.ROUTES,
    *rest_commits.ROUTES,
    *rest_files.ROUTES,
    *rest_issues.ROUTES,
    *rest_hooks.ROUTES,
    *rest_search.ROUTES,
]
