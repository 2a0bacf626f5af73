"""Users as JSON."""

from typing import TypedDict

from sentry.actions.users import User


class UserResponse(TypedDict):
    """A person as they see themselves."""

    id: str
    username: str
    email: str
    isStaff: bool
    isSuperuser: bool


def user_response(user: User) -> UserResponse:
    """The user as JSON."""
    return {
        "id": str(user.id),
        "username": user.username,
        "email": user.email,
        "isStaff": user.is_staff,
        "isSuperuser": user.is_superuser,
    }
