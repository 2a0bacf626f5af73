"""Whether a method belongs to the published interface."""

from enum import StrEnum


class ApiPublishStatus(StrEnum):
    """Whether a method is part of the published interface (the OpenAPI document)."""

    PUBLIC = "public"
    EXPERIMENTAL = "experimental"
    PRIVATE = "private"
