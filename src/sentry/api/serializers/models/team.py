"""Teams as JSON."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypedDict

from sentry.actions.teams import Team, member_counts, teams_of_caller
from sentry.api.serializers.base import Serializer
from sentry.auth.caller import Caller


class TeamResponse(TypedDict):
    """A team. ``isMember`` says whether the caller's user is in it."""

    id: str
    slug: str
    name: str
    memberCount: int
    isMember: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class TeamAttrs:
    """Who is in a team."""

    member_count: int
    is_member: bool


class TeamSerializer(Serializer[Team, TeamAttrs, TeamResponse]):
    """A team, in a list or by itself."""

    def get_attrs(
        self, item_list: Sequence[Team], user: Caller, **kwargs: object
    ) -> dict[Team, TeamAttrs]:
        """The numbers of members and the caller's own teams, each in one query."""
        counts = member_counts(user, [item.id for item in item_list])
        own = teams_of_caller(user)
        return {
            item: TeamAttrs(member_count=counts.get(item.id, 0), is_member=item.id in own)
            for item in item_list
        }

    def serialize(
        self, obj: Team, attrs: TeamAttrs, user: Caller, **kwargs: object
    ) -> TeamResponse:
        """See ``TeamResponse``."""
        return {
            "id": str(obj.id),
            "slug": obj.slug,
            "name": obj.name,
            "memberCount": attrs.member_count,
            "isMember": attrs.is_member,
        }
