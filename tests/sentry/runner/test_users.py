"""``sentry createuser``."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sentry.actions.users import get_user
from sentry.integrations.source_code_management.errors import InvalidArgument, NotFound
from sentry.models import User
from sentry.testutils.factories import Factories
from tests.sentry.runner.conftest import Sentry

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery staple"


def test_the_password_comes_by_standard_input(sentry_json: Callable[..., Any]) -> None:
    words = ["createuser", "--email", " Me@Example.com", "--password-stdin"]
    made = sentry_json(*words, stdin=f"{PASSWORD}\n")
    assert (made["username"], made["email"]) == ("me@example.com", "me@example.com")
    assert "password" not in made
    user = User.objects.get(id=made["id"])
    assert user.check_password(PASSWORD)
    assert not user.is_staff
    assert not user.is_superuser


def test_the_password_comes_by_a_file(sentry: Sentry, tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text(f"{PASSWORD}\n")
    words = ["createuser", "--email", "me@example.com", "--username", "me", "--superuser"]
    result = sentry(*words, "--password-file", str(file))
    user = User.objects.get(username="me")
    assert result.stdout == f"created user me (id {user.id})\n"
    assert user.check_password(PASSWORD)
    assert user.is_superuser
    assert user.is_staff


def test_staff_is_no_superuser(sentry: Sentry) -> None:
    words = ["createuser", "--email", "me@example.com", "--staff", "--password-stdin"]
    sentry(*words, stdin=PASSWORD)
    user = User.objects.get()
    assert user.is_staff
    assert not user.is_superuser


@pytest.mark.parametrize(
    ("password", "message"),
    [
        ("xq7", "password: This password is too short"),
        ("password1", "password: This password is too common"),
        ("", "the password is empty"),
        ("\n", "the password is empty"),
    ],
)
def test_weak_passwords_are_refused_and_not_shown(
    sentry: Sentry, password: str, message: str
) -> None:
    words = ["createuser", "--email", "me@example.com", "--password-stdin"]
    result = sentry(*words, stdin=password, status=1)
    assert message in result.stderr
    assert not password.strip() or password not in result.output
    assert not User.objects.exists()


def test_without_a_terminal_a_source_is_needed(sentry: Sentry) -> None:
    result = sentry("createuser", "--email", "me@example.com", stdin="", status=2)
    assert "--password-file or --password-stdin" in result.stderr


def test_only_one_source_is_taken(sentry: Sentry, tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text(PASSWORD)
    words = ["createuser", "--email", "me@example.com", "--password-stdin"]
    result = sentry(*words, "--password-file", str(file), stdin=PASSWORD, status=2)
    assert "not both" in result.stderr


def test_a_file_that_is_no_text_is_refused(sentry: Sentry, tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_bytes(b"\xff\xfe")
    words = ["createuser", "--email", "me@example.com", "--password-file", str(file)]
    assert "cannot be read as text" in sentry(*words, status=1).stderr


@pytest.mark.parametrize("email", ["", "me", "me@", "@example.com", "a b@example.com"])
def test_an_address_is_needed(sentry: Sentry, email: str) -> None:
    result = sentry("createuser", "--email", email, "--password-stdin", stdin=PASSWORD, status=1)
    assert result.stderr == "Error: email: must be an e-mail address\n"


def test_a_user_name_is_taken_once(sentry: Sentry) -> None:
    words = ["createuser", "--email", "me@example.com", "--password-stdin"]
    sentry(*words, stdin=PASSWORD)
    result = sentry(*words, stdin=PASSWORD, status=1)
    assert result.stderr == "Error: user me@example.com exists already\n"


def test_a_user_is_found_by_name_then_by_address() -> None:
    by_name = Factories.create_user(email="a@example.com", username="b@example.com")
    Factories.create_user(email="b@example.com", username="other")
    assert get_user("b@example.com").id == by_name.id
    assert get_user("A@example.com").id == by_name.id
    with pytest.raises(NotFound):
        get_user("nobody")
    Factories.create_user(email="b@example.com", username="third")
    by_name.delete()
    with pytest.raises(InvalidArgument, match="several users"):
        get_user("b@example.com")


@pytest.mark.parametrize(
    ("username", "email"),
    [
        ("own@example.com", "new@example.com"),  # another user's address
        ("OWN", "new@example.com"),
        ("new", "own"),
        ("new", "named@example.com"),  # another user's name
    ],
)
def test_nobody_takes_the_name_or_the_address_of_another(
    sentry: Sentry, username: str, email: str
) -> None:
    Factories.create_user(email="own@example.com", username="own")
    Factories.create_user(email="", username="named@example.com")
    words = ["createuser", "--username", username, "--email", email, "--password-stdin"]
    sentry(*words, stdin=PASSWORD, status=1)
    assert User.objects.count() == 2
