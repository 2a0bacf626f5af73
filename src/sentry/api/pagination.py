"""Pages: the actions' page tokens as cursors in the ``Link`` header (RFC 8288).

Each link carries ``results`` ("true" where there is something behind it) and ``cursor``. Pages are
walked forward: the link to the previous page leads to the first one and has no results.
"""

from collections.abc import Mapping
from typing import ClassVar
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.http import QueryDict
from rest_framework import serializers
from rest_framework.request import Request

from sentry.integrations.source_code_management.types import Page

MAX_PER_PAGE = 100


class PageQuery(serializers.Serializer[None]):
    """The query parameters of every list; unknown ones are refused.

    Attributes:
        other_spellings: by another spelling of a parameter that is taken too, its own one.
    """

    other_spellings: ClassVar[Mapping[str, str]] = {}

    per_page = serializers.IntegerField(
        required=False,
        default=MAX_PER_PAGE,
        min_value=1,
        max_value=MAX_PER_PAGE,
        help_text="How many items a page has.",
    )
    cursor = serializers.CharField(
        required=False,
        default="",
        allow_blank=True,
        max_length=4096,
        help_text="Where to go on: the cursor of a Link header.",
    )

    def to_internal_value(self, data: QueryDict) -> dict[str, object]:
        """The checked values.

        Raises:
            ValidationError: one is wrong, or no parameter of this list.
        """
        given = data.copy()
        for spelling, name in self.other_spellings.items():
            if spelling in given and name not in given:
                given.setlist(name, given.pop(spelling))
        if unknown := given.keys() - self.fields.keys():
            text = f"is no parameter of this list; there are {', '.join(self.fields)}"
            raise serializers.ValidationError({name: [text] for name in sorted(unknown)})
        values: dict[str, object] = super().to_internal_value(given)
        return values


def link_header(request: Request, page: Page[object]) -> str:
    """The ``Link`` header of a page of the list that was requested."""
    before = _link(request, rel="previous", cursor="", results=False)
    after = _link(request, rel="next", cursor=page.next_token, results=bool(page.next_token))
    return f"{before}, {after}"


def _address(request: Request) -> str:
    """The request's URL; its host is not the caller's word where every Host header is accepted."""
    if "*" in settings.ALLOWED_HOSTS and settings.SENTRY_URL_PREFIX_GIVEN:
        prefix: str = settings.SENTRY_URL_PREFIX
        return prefix.rstrip("/") + request.get_full_path_info()
    return request.build_absolute_uri()


def _link(request: Request, *, rel: str, cursor: str, results: bool) -> str:
    query = [
        (name, value)
        for name, values in request.query_params.lists()
        if name != "cursor"
        for value in values
    ]
    if cursor:
        query.append(("cursor", cursor))
    url = urlsplit(_address(request))._replace(query=urlencode(query)).geturl()
    flag = "true" if results else "false"
    return f'<{url}>; rel="{rel}"; results="{flag}"; cursor="{cursor}"'
