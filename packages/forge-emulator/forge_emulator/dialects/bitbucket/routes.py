"""What Bitbucket's tables of routes are made of."""

from __future__ import annotations

from dataclasses import dataclass

from forge_emulator.routes import Route

REPOSITORY = "/repositories/<workspace>/<repo_slug>"


@dataclass(frozen=True, slots=True)
class ScopedRoute(Route):
    """A route, and the OAuth scope that it needs; "" for none."""

    scope: str = "repository"


def route(
    method: str, path: str, handler: object, *, scope: str = "repository", resource: str = "api"
) -> ScopedRoute:
    """A route below `/2.0`."""
    return ScopedRoute(method, f"/2.0{path}", handler, resource, scope)  # type: ignore[arg-type]
