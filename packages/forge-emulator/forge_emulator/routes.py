"""What a table of routes is made of, and how a request finds its place in it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote

from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule

if TYPE_CHECKING:
    from werkzeug.wrappers import Request, Response

Handler = Callable[..., "Response"]  # (call, **the path's variables)


@dataclass(frozen=True, slots=True)
class Route:
    """One method on one path (werkzeug's pattern), and who answers it."""

    method: str
    path: str
    handler: Handler
    resource: str | None = "core"  # the limit that it counts against; None is free


class Router:
    """Finds the route of a request."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._map: Map = Map(
            [
                Rule(route.path, endpoint=route, methods=[route.method], merge_slashes=False)
                for route in routes
            ],
            strict_slashes=False,
            merge_slashes=False,
        )

    def find(self, method: str, path: str) -> tuple[Route, dict[str, object]] | None:
        """The route, and the variables in the path as they stand there; None without one."""
        try:
            endpoint, arguments = self._map.bind("host").match(path, method)
        except (HTTPException, ValueError):  # ValueError: a number of thousands of digits
            return None
        return endpoint, dict(arguments)

    def find_encoded(self, method: str, path: str) -> tuple[Route, dict[str, object]] | None:
        """As `find`, for a path as it was sent: `%2F` is a part of a variable, no separator."""
        found = self.find(method, path)
        if found is None:
            return None
        route, arguments = found
        return route, {
            name: unquote(value) if isinstance(value, str) else value
            for name, value in arguments.items()
        }


def encoded_path(request: Request) -> str:
    """The path as it was sent, percent-encoded, without the query."""
    target: str = request.environ["REQUEST_URI"]
    return target.partition("?")[0]
