"""Every route of the REST services."""

from __future__ import annotations

from forge_emulator.dialects.vsts import (
    rest_commits,
    rest_hooks,
    rest_items,
    rest_projects,
    rest_pulls,
    rest_search,
    rest_workitems,
)

ROUTES = [
    *rest_projects.ROUTES,
    *rest_commits.ROUTES,
    *rest_items.ROUTES,
    *rest_pulls.ROUTES,
    *rest_search.ROUTES,
    *rest_hooks.ROUTES,
    *rest_workitems.ROUTES,
]
# These are asked for with a version that says so ("7.1-preview.1").
PREVIEWS = {rest_projects.connection_data, *rest_workitems.PREVIEWS}
