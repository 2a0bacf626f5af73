"""What a table of routes is made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

Handler = Callable[..., "Response"]  # (call, **the path's variables)


@dataclass(frozen=True, slots=True)
class Route:
    """One method on one path (werkzeug's pattern), and who answers it."""

    method: str
    path: str
    handler: Handler
    resource: str | None = "core"  # the limit that it counts against; None is free
