"""Members as JSON."""

from collections.abc import Sequence
from typing import TypedDict

from sentry.actions.members import Member
from sentry.actions.users import User, users_by_id
from sentry.api.serializers.base import Serializer
from sentry.auth.caller import Caller


class MemberResponse(TypedDict):
    """A user in an organization; ``teams`` are slugs. Of a user who is gone the names are empty."""

    id: str
    userId: str
    name: str
    email: str
    orgRole: str
    teams: list[str]


class MemberSerializer(Serializer[Member, User | None, MemberResponse]):
    """A member, in a list or by itself."""

    def get_attrs(
        self, item_list: Sequence[Member], user: Caller, **kwargs: object
    ) -> dict[Member, User | None]:
        """The users, in one query."""
        users = users_by_id({item.user_id for item in item_list})
        return {item: users.get(item.user_id) for item in item_list}

    def serialize(
        self, obj: Member, attrs: User | None, user: Caller, **kwargs: object
    ) -> MemberResponse:
        """See ``MemberResponse``."""
        return {
            "id": str(obj.id),
            "userId": str(obj.user_id),
            "name": attrs.username if attrs else "",
            "email": attrs.email if attrs else "",
            "orgRole": obj.role.value,
            "teams": list(obj.teams),
        }
