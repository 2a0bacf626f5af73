"""Organizations, teams, members, projects and issue groups, made and listed by commands."""

from collections.abc import Callable
from typing import Any

import pytest

from sentry.models import Group, OrganizationMember, Project, ProjectTeam
from sentry.testutils.factories import Factories
from tests.sentry.runner.conftest import Sentry

pytestmark = pytest.mark.django_db

type SentryJson = Callable[..., Any]


def test_an_organization_is_created_and_listed(sentry: Sentry, sentry_json: SentryJson) -> None:
    made = sentry_json("organization", "create", "  Acme & Söhne ")
    assert (made["name"], made["slug"]) == ("Acme & Söhne", "acme-sohne")
    assert made["date_added"].endswith("+00:00")
    assert sentry("organization", "create", "Other", "--slug", "a_b-1").stdout.startswith(
        "created organization a_b-1 (id "
    )
    listed = sentry_json("organization", "list")
    assert [row["slug"] for row in listed] == ["a_b-1", "acme-sohne"]
    table = sentry("organization", "list").stdout.splitlines()
    assert table[0].split() == ["id", "slug", "name", "date", "added"]
    assert f"{made['id']}  acme-sohne  Acme & Söhne" in table[2]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["", "--slug", "a"], "name: must not be empty"),
        ([" \t"], "name: must not be empty"),
        (["x" * 65], "name: must have at most 64 characters"),
        (["a\x07b"], "name: must not hold control characters"),
        (["株式会社"], "slug: cannot be made of this name"),
        (["2026"], "slug: cannot be made of this name"),
        (["A", "--slug", "Upper"], "slug: must be lower-case"),
        (["A", "--slug", "-a"], "slug: must be lower-case"),
        (["A", "--slug", "a-"], "slug: must be lower-case"),
        (["A", "--slug", "a b"], "slug: must be lower-case"),
        (["A", "--slug", "a/b"], "slug: must be lower-case"),
        (["A", "--slug", "123"], "slug: must be lower-case"),
        (["A", "--slug", ""], "slug: must be lower-case"),
        (["A", "--slug", "x" * 51], "slug: must have at most 50 characters"),
    ],
)
def test_names_and_slugs_are_checked(sentry: Sentry, words: list[str], message: str) -> None:
    result = sentry("organization", "create", *words, status=1)
    assert f"Error: {message}" in result.stderr
    assert result.stdout == ""


def test_a_long_name_gives_a_slug_that_fits(sentry_json: SentryJson) -> None:
    made = sentry_json("organization", "create", ("x" * 49) + " tail")
    assert made["slug"] == "x" * 49


def test_a_slug_is_taken_once(sentry: Sentry) -> None:
    sentry("organization", "create", "Acme")
    result = sentry("organization", "create", "ACME", status=1)
    assert result.stderr == "Error: organization acme exists already\n"


@pytest.mark.parametrize(
    "words",
    [
        ["team", "create", "A"],
        ["team", "list"],
        ["project", "create", "A"],
        ["project", "list"],
        ["group", "create", "--project", "a", "A"],
        ["member", "list"],
        ["member", "add", "--user", "me"],
        ["apikey", "create", "--scope", "org:read"],
        ["apikey", "list"],
        ["apikey", "revoke", "1"],
        ["token", "create", "--scope", "org:read"],
        ["token", "list"],
        ["token", "revoke", "1"],
        ["integration", "list"],
        ["repository", "list"],
        ["repository", "sync", "--integration", "1"],
    ],
)
def test_an_unknown_organization_is_told(sentry: Sentry, words: list[str]) -> None:
    result = sentry(*words, "--organization", "nobody", status=1)
    assert result.stderr == "Error: organization 'nobody' not found\n"


def test_a_project_belongs_to_its_organization(sentry: Sentry, sentry_json: SentryJson) -> None:
    for slug in ("one", "two"):
        sentry("organization", "create", slug)
        sentry("project", "create", "--organization", slug, "Shop")
    result = sentry("project", "create", "--organization", "one", "shop", status=1)
    assert result.stderr == "Error: project shop exists already\n"
    listed = sentry_json("project", "list", "--organization", "one")
    assert [row["slug"] for row in listed] == ["shop"]
    assert Project.objects.count() == 2


def test_a_project_is_given_to_a_team(sentry: Sentry, sentry_json: SentryJson) -> None:
    sentry("organization", "create", "one")
    sentry("organization", "create", "two")
    team = sentry_json("team", "create", "--organization", "one", "Back End")
    assert team["slug"] == "back-end"
    words = ["Shop", "--team", "back-end", "--platform", "python"]
    made = sentry_json("project", "create", "--organization", "one", *words)
    assert made["platform"] == "python"
    assert ProjectTeam.objects.get(project_id=made["id"]).team_id == team["id"]
    result = sentry("project", "create", "--organization", "two", *words, status=1)
    assert result.stderr == "Error: team 'back-end' not found\n"
    assert Project.objects.count() == 1


def test_teams_are_listed_and_unique(sentry: Sentry, sentry_json: SentryJson) -> None:
    sentry("organization", "create", "one")
    sentry("team", "create", "--organization", "one", "B")
    sentry("team", "create", "--organization", "one", "A")
    result = sentry("team", "create", "--organization", "one", "b", status=1)
    assert result.stderr == "Error: team b exists already\n"
    listed = sentry_json("team", "list", "--organization", "one")
    assert [row["slug"] for row in listed] == ["a", "b"]


def test_members_have_a_role_and_teams(sentry: Sentry, sentry_json: SentryJson) -> None:
    user = Factories.create_user(email="me@example.com")
    sentry("organization", "create", "one")
    sentry("team", "create", "--organization", "one", "backend")
    words = ["member", "add", "--organization", "one", "--user", "ME@example.com"]
    made = sentry_json(*words, "--role", "admin", "--team", "backend", "--team", "backend")
    assert (made["user_id"], made["role"], made["teams"]) == (user.id, "admin", ["backend"])
    result = sentry(*words, status=1)
    assert result.stderr == "Error: this member exists already\n"
    assert sentry_json("member", "list", "--organization", "one") == [made]
    assert "backend" in sentry("member", "list", "--organization", "one").stdout


def test_a_member_of_an_unknown_team_is_not_added(sentry: Sentry) -> None:
    Factories.create_user(email="me@example.com")
    sentry("organization", "create", "one")
    words = ["member", "add", "--organization", "one", "--user", "me@example.com"]
    result = sentry(*words, "--team", "nobody", status=1)
    assert result.stderr == "Error: team 'nobody' not found\n"
    assert not OrganizationMember.objects.exists()


def test_a_group_is_made_in_its_organizations_project(
    sentry: Sentry, sentry_json: SentryJson
) -> None:
    sentry("organization", "create", "one")
    sentry("organization", "create", "two")
    project = sentry_json("project", "create", "--organization", "one", "Shop")
    words = ["group", "create", "--project", "shop", "KeyError: 'price'"]
    made = sentry_json(*words, "--organization", "one")
    row = Group.objects.get(id=made["id"])
    assert (row.project_id, row.title) == (project["id"], "KeyError: 'price'")
    result = sentry(*words, "--organization", "two", status=1)
    assert result.stderr == "Error: project 'shop' not found\n"
    assert Group.objects.count() == 1
    assert sentry(*words, "--organization", "one").stdout.startswith("created issue group ")


def test_a_long_platform_is_refused(sentry: Sentry) -> None:
    sentry("organization", "create", "one")
    words = ["project", "create", "--organization", "one", "Shop", "--platform", "x" * 65]
    assert "platform: is longer than 64" in sentry(*words, status=1).stderr
