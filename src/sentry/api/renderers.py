"""How answers become JSON: every answer, whatever the client says it accepts."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request


class JSONOnly(BaseContentNegotiation):
    """Every answer is JSON, whatever the client would like best."""

    def select_parser(self, request: Request, parsers: Iterable[BaseParser]) -> BaseParser | None:
        """The parser of the body's content type."""
        content_type = request.content_type.partition(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type == content_type), None)

    def select_renderer(
        self,
        request: Request,  # noqa: ARG002
        renderers: Iterable[BaseRenderer],
        format_suffix: str | None = None,  # noqa: ARG002
    ) -> tuple[BaseRenderer, str]:
        """The one renderer."""
        (renderer,) = renderers
        return renderer, renderer.media_type or ""


class TotalJSONRenderer(JSONRenderer):
    """Writes JSON, and never fails on a text: what UTF-8 cannot hold becomes a question mark.

    Texts come from hosts too, and an answer that cannot be written is an error of ours.
    """

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        """The answer's bytes."""
        try:
            written: bytes = super().render(data, accepted_media_type, renderer_context)
        except UnicodeEncodeError:
            text = json.dumps(data, cls=self.encoder_class, ensure_ascii=False, allow_nan=False)
            return text.encode("utf-8", "replace")
        return written
