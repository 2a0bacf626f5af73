"""One request and its answer, as a checker sees them."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Exchange:
    """A request and its answer; `target` is the path and query as they were sent."""

    method: str
    target: str
    content_type: str
    body: bytes
    status: int
    answer_type: str
    answer: bytes
    is_spoilt: bool = False
