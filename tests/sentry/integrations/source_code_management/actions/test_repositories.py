"""Listing and reading repositories: pages, filters, states, and whose they are."""

import pytest
from hypothesis import HealthCheck, given, settings, strategies

from sentry.actions.operator import operator_in
from sentry.auth.caller import Caller
from sentry.integrations.source_code_management.actions.repositories import (
    DEFAULT_PAGE_SIZE,
    MAX_PAGE_SIZE,
    get_repository,
    list_repositories,
)
from sentry.integrations.source_code_management.errors import InvalidArgument, NotFound
from sentry.integrations.source_code_management.types import ProviderKey, RepositoryState
from sentry.models import Organization, Repository, RepositoryStatus
from sentry.testutils.factories import Factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def organization() -> Organization:
    return Factories.create_organization()


@pytest.fixture
def caller(organization: Organization) -> Caller:
    return operator_in(organization.id)


def make(organization: Organization, *names: str, **fields) -> list[Repository]:
    return [
        Factories.create_repo(organization_id=organization.id, name=name, **fields)
        for name in names
    ]


def names_of(caller: Caller, **filters) -> list[str]:
    return [repository.name for repository in list_repositories(caller, **filters).items]


def all_pages(caller: Caller, size: int, **filters) -> list[int]:
    """The ids of every page, each of which but the last must be full."""
    found: list[int] = []
    token = ""
    while True:
        page = list_repositories(caller, page_size=size, page_token=token, **filters)
        found += [repository.id for repository in page.items]
        token = page.next_token
        if not token:
            return found
        assert len(page.items) == size


@pytest.mark.parametrize("size", [1, 2, 3, 6, 7, 8])
def test_pages_tile_the_list_though_names_are_the_same(organization, caller, size: int) -> None:
    make(organization, "b/b", "a/a", "b/b", "b/b", "c/c", "b/b", "ä/ä")
    in_order = Repository.objects.order_by("name", "id").values_list("id", flat=True)
    assert all_pages(caller, size) == list(in_order)


def test_pages_go_on_where_they_were_though_rows_come_and_go(organization, caller) -> None:
    first, second, third = make(organization, "a", "c", "d")
    page = list_repositories(caller, page_size=1)
    first.delete()
    (between,) = make(organization, "b")
    rest = all_pages(caller, 10)
    after = list_repositories(caller, page_size=10, page_token=page.next_token)
    assert [item.id for item in after.items] == rest == [between.id, second.id, third.id]


def test_the_size_of_a_page(organization, caller) -> None:
    Repository.objects.bulk_create(
        Repository(organization=organization, name=f"r{number:04}", external_id=str(number))
        for number in range(MAX_PAGE_SIZE + 1)
    )
    assert len(names_of(caller)) == DEFAULT_PAGE_SIZE == 100
    assert len(names_of(caller, page_size=7)) == 7
    assert len(names_of(caller, page_size=2**31 - 1)) == MAX_PAGE_SIZE == 1000
    with pytest.raises(InvalidArgument) as refusal:
        list_repositories(caller, page_size=-1)
    assert refusal.value.field == "page_size"


def test_the_last_full_page_has_no_token(organization, caller) -> None:
    make(organization, "a", "b")
    assert list_repositories(caller, page_size=2).next_token == ""
    assert list_repositories(operator_in(Factories.create_organization().id)).items == ()


def test_a_token_belongs_to_its_query(organization, caller) -> None:
    make(organization, "shop-a", "shop-b")
    token = list_repositories(caller, page_size=1).next_token
    others = {"query": "shop"}, {"provider": ProviderKey.GITHUB}, {"integration_id": 3}
    for filters in (*others, {"status": RepositoryState.ACTIVE}):
        with pytest.raises(InvalidArgument) as refusal:
            list_repositories(caller, page_token=token, **filters)
        assert refusal.value.field == "page_token"
    elsewhere = operator_in(Factories.create_organization().id)
    with pytest.raises(InvalidArgument):
        list_repositories(elsewhere, page_token=token)


def test_states(organization, caller) -> None:
    rows = {
        status: make(organization, status.label, status=status)[0] for status in RepositoryStatus
    }
    assert names_of(caller) == ["active", "disabled"]
    for state in RepositoryState:
        assert names_of(caller, status=state) == [state.value]
        shown = get_repository(caller, repository_id=rows[RepositoryStatus[state.name]].id)
        assert shown.status is state
    for status in (RepositoryStatus.PENDING_DELETION, RepositoryStatus.DELETION_IN_PROGRESS):
        with pytest.raises(NotFound) as refusal:
            get_repository(caller, repository_id=rows[status].id)
        assert refusal.value.resource == "repository"


def test_filters_are_combined(organization, caller) -> None:
    make(organization, "acme/shop", "acme/shopping", integration_id=5)
    make(organization, "acme/shop-lab", provider="gitlab", integration_id=6)
    make(organization, "acme/shop-off", integration_id=5, status=RepositoryStatus.DISABLED)
    make(organization, "acme/other", integration_id=5)
    assert names_of(caller, query="SHOP", provider=ProviderKey.GITHUB) == [
        "acme/shop", "acme/shop-off", "acme/shopping",
    ]  # fmt: skip
    assert names_of(caller, query="shop", integration_id=6) == ["acme/shop-lab"]
    assert names_of(caller, integration_id=6, provider=ProviderKey.GITHUB) == []
    active = {"status": RepositoryState.ACTIVE, "provider": ProviderKey.GITHUB}
    assert names_of(caller, query="shop", integration_id=5, **active) == [
        "acme/shop", "acme/shopping",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("c", ["acme/Shop", 'o/quo"te', "o/per%cent_"]),
        ("SH", ["acme/Shop"]),
        ("shop", ["acme/Shop"]),
        ("me/sh", ["acme/Shop"]),
        ("ops", []),
        ('"', ['o/quo"te']),
        ('o"t', ['o/quo"te']),
        ("%", ["o/per%cent_"]),
        ("%%%", []),
        ("r%c", ["o/per%cent_"]),
        ("_", ["o/per%cent_"]),
        ("___", []),
        ("* OR", []),
        ("größe", ["o/Größe"]),
    ],
)
def test_a_query_is_a_part_of_the_name_and_nothing_else(organization, caller, query, found) -> None:
    make(organization, "acme/Shop", 'o/quo"te', "o/per%cent_", "o/Größe")
    expected = [name for name in found if query.lower() in name.lower()]
    assert sorted(names_of(caller, query=query)) == sorted(expected)


def test_a_renamed_repository_is_found_by_its_new_name_only(organization, caller) -> None:
    (row,) = make(organization, "acme/before")
    row.name = "acme/after"
    row.save(update_fields=["name"])
    assert names_of(caller, query="before") == []
    assert names_of(caller, query="after") == ["acme/after"]
    row.delete()
    assert names_of(caller, query="after") == []


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    names=strategies.lists(strategies.text("abAB/%_\"' -", min_size=1, max_size=8), max_size=6),
    query=strategies.text("abAB/%_\"' -", min_size=1, max_size=4),
)
def test_a_query_finds_what_python_finds(organization, caller, names, query) -> None:
    Repository.objects.filter(organization=organization).delete()
    make(organization, *names)
    expected = sorted(name for name in names if query.lower() in name.lower())
    assert sorted(names_of(caller, query=query)) == expected


@pytest.mark.parametrize("query", ["x" * 201, "a\0b", "\ud800abc"])
def test_a_query_that_can_never_match(caller, query: str) -> None:
    with pytest.raises(InvalidArgument) as refusal:
        list_repositories(caller, query=query)
    assert refusal.value.field == "query"


def test_whose_they_are(organization, caller) -> None:
    (mine,) = make(organization, "mine")
    (theirs,) = make(Factories.create_organization(), "theirs")
    assert names_of(caller) == names_of(caller, organization_id=organization.id) == ["mine"]
    assert get_repository(caller, repository_id=mine.id).id == mine.id
    with pytest.raises(NotFound, match="repository"):
        get_repository(caller, repository_id=theirs.id)
    with pytest.raises(NotFound, match="organization"):
        list_repositories(caller, organization_id=theirs.organization_id)


@pytest.mark.parametrize("value", [-1, 2**63])
def test_no_ids(caller, value: int) -> None:
    with pytest.raises(InvalidArgument, match="organization_id"):
        list_repositories(caller, organization_id=value)
    for number in (value, 0):
        with pytest.raises(InvalidArgument, match="repository_id"):
            get_repository(caller, repository_id=number)


@pytest.mark.parametrize("value", [0, -1, 2**63, 2**70])
def test_an_integration_that_cannot_be_has_no_repositories(organization, caller, value) -> None:
    make(organization, "mine", integration_id=5)
    assert names_of(caller, integration_id=value) == []


def test_every_field(organization, caller) -> None:
    (row,) = make(
        organization, "acme/shop", external_id="77", integration_id=9, url="https://git.example/s",
        config={"default_branch": "main", "sizes": [1], "identifier": "acme/shop"},
    )  # fmt: skip
    shown = get_repository(caller, repository_id=row.id)
    assert (shown.provider, shown.external_id, shown.integration_id) == ("github", "77", 9)
    assert (shown.organization_id, shown.name) == (organization.id, "acme/shop")
    assert (shown.url, shown.date_added) == ("https://git.example/s", row.date_added)
    assert shown.config == {"default_branch": "main", "identifier": "acme/shop"}
    assert list_repositories(caller).items == (shown,)


def test_what_is_absent_is_empty(organization, caller) -> None:
    row = Factories.create_repo(organization_id=organization.id, name="bare", provider="svn")
    Repository.objects.filter(pk=row.pk).update(external_id=None)
    shown = get_repository(caller, repository_id=row.id)
    assert (shown.provider, shown.url, shown.external_id, shown.integration_id) == (
        None, "", "", None,
    )  # fmt: skip
