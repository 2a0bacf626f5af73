"""Synchronizing repositories: what is stored, in how many statements, and what stays."""

import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from sentry import features
from sentry.actions.operator import operator_in
from sentry.auth.caller import Caller
from sentry.db.models import new_region_id
from sentry.integrations.base import Integration
from sentry.integrations.github.integration import GitHubIntegrationProvider
from sentry.integrations.source_code_management import types
from sentry.integrations.source_code_management.actions import sync, webhook_registration
from sentry.integrations.source_code_management.actions.repositories import list_repositories
from sentry.integrations.source_code_management.actions.sync import SyncResult, sync_repositories
from sentry.integrations.source_code_management.actions.webhook_registration import WEBHOOK_ID
from sentry.integrations.source_code_management.errors import (
    HostUnavailable,
    IntegrationDisabled,
    NotFound,
    ProviderDisabled,
    Unsupported,
)
from sentry.integrations.source_code_management.types import (
    CredentialCheck,
    RepositoryInfo,
    RepositoryRef,
)
from sentry.models import Integration as IntegrationRow
from sentry.models import Organization, OrganizationIntegration, Repository, RepositoryStatus
from sentry.testutils.factories import Factories

pytestmark = pytest.mark.django_db


class Host:
    """What the host of the test lists; ``asked`` are the queries that it got."""

    def __init__(self) -> None:
        self.repositories: Iterable[RepositoryInfo] = ()
        self.asked: list[str] = []


class Installation(Integration):
    """An installation that reads from the test's host."""

    host: Host

    def get_client(self) -> object:
        raise AssertionError("no client is needed")

    def check_credential(self) -> CredentialCheck:
        raise AssertionError("no credential is checked")

    def get_repositories(self, *, query: str = "") -> Iterator[RepositoryInfo]:
        self.host.asked.append(query)
        yield from self.host.repositories

    def get_repository(self, identifier: str) -> RepositoryInfo:
        raise AssertionError(identifier)

    def get_current_repository(self, repo: RepositoryRef) -> RepositoryInfo:
        raise AssertionError(repo)

    def has_repo_access(self, repo: RepositoryRef) -> bool:
        raise AssertionError(repo)

    def get_repository_default_branch(self, repo: RepositoryRef) -> str | None:
        raise AssertionError(repo)


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Host:
    made = Host()
    installation = type("TestInstallation", (Installation,), {"host": made})
    monkeypatch.setattr(GitHubIntegrationProvider, "installation_class", installation)
    return made


@pytest.fixture
def organization() -> Organization:
    return Factories.create_organization()


@pytest.fixture
def integration(organization: Organization) -> IntegrationRow:
    return Factories.create_integration(organization=organization)


def repo(number: int, **fields: Any) -> RepositoryInfo:
    name = f"acme/repo-{number:05}"
    values: dict[str, Any] = {
        "name": name,
        "identifier": name,
        "external_id": str(number),
        "url": f"https://host.example/{name}",
        "default_branch": "main",
    }
    return RepositoryInfo(**{**values, **fields})


@pytest.fixture
def run(organization: Organization, integration: IntegrationRow) -> Callable[..., SyncResult]:
    return lambda **how: sync_repositories(
        operator_in(organization.id), integration_id=integration.id, **how
    )


def test_everything_is_stored(
    host: Host,
    run: Callable[..., SyncResult],
    organization: Organization,
    integration: IntegrationRow,
) -> None:
    host.repositories = [repo(1), repo(2, default_branch=None, url="")]
    assert run(query="repo") == SyncResult(created=2)
    assert host.asked == ["repo"]
    first, second = Repository.objects.order_by("name")
    assert first.organization_id == organization.id
    assert first.integration_id == integration.id
    assert first.provider == "integrations:github"
    assert (first.name, first.external_id) == ("acme/repo-00001", "1")
    assert first.url == "https://host.example/acme/repo-00001"
    assert first.config == {"default_branch": "main"}
    assert first.status == RepositoryStatus.ACTIVE
    assert (second.url, second.config) == (None, {})


def test_what_a_provider_needs_besides_is_kept(host: Host, run: Callable[..., SyncResult]) -> None:
    host.repositories = [repo(1)]
    run()
    Repository.objects.update(config={"default_branch": "main", "kept": "by others"})
    host.repositories = [repo(1, facts={"home": "7"})]
    assert run() == SyncResult(updated=1)
    config = {"default_branch": "main", "kept": "by others", "home": "7"}
    assert Repository.objects.get().config == config
    assert run() == SyncResult(unchanged=1)


@pytest.mark.django_db(transaction=True)
def test_what_others_keep_while_a_page_is_stored_stays(
    host: Host,
    run: Callable[..., SyncResult],
    organization: Organization,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A webhook is registered between the page's reading and its writing."""
    host.repositories = [repo(1)]
    run()
    caller = operator_in(organization.id)
    (known,) = list_repositories(caller).items
    keeper = threading.Thread(target=_keep_in_a_thread, args=(caller, known))

    def new_id() -> int:
        keeper.start()
        keeper.join(0.5)  # as long as the row is locked, it waits
        return new_region_id()

    monkeypatch.setattr(sync, "new_region_id", new_id)
    host.repositories = [repo(1, default_branch="trunk")]
    assert run() == SyncResult(updated=1)
    keeper.join(60)
    config = {"default_branch": "trunk", WEBHOOK_ID: "7"}
    assert Repository.objects.get().config == config


def _keep_in_a_thread(caller: Caller, repository: types.Repository) -> None:
    try:
        webhook_registration._keep(caller, repository, {WEBHOOK_ID: "7"})
    finally:
        connection.close()


def test_a_second_time_nothing_changes(host: Host, run: Callable[..., SyncResult]) -> None:
    host.repositories = [repo(number) for number in range(250)]
    assert run() == SyncResult(created=250)
    before = list(Repository.objects.order_by("id").values())
    assert run() == SyncResult(unchanged=250)
    assert list(Repository.objects.order_by("id").values()) == before


def test_what_the_host_changed_is_updated_and_the_rest_stays(
    host: Host, run: Callable[..., SyncResult]
) -> None:
    host.repositories = [repo(1), repo(2), repo(3)]
    run()
    Repository.objects.filter(external_id="1").update(
        status=RepositoryStatus.DISABLED,
        languages=["python"],
        config={"default_branch": "main", "kept": "by others"},
    )
    ids = dict(Repository.objects.values_list("external_id", "id"))
    host.repositories = [
        repo(1, name="acme/renamed", identifier="acme/renamed", default_branch="trunk"),
        repo(3),
        repo(4),
    ]
    assert run() == SyncResult(created=1, updated=1, unchanged=1)
    row = Repository.objects.get(external_id="1")
    assert row.name == "acme/renamed"
    assert row.config == {"default_branch": "trunk", "kept": "by others"}
    assert row.status == RepositoryStatus.DISABLED
    assert row.languages == ["python"]
    assert row.id == ids["1"]
    assert Repository.objects.filter(external_id="2").exists()


def test_the_hosts_name_is_kept_where_it_differs(
    host: Host, run: Callable[..., SyncResult]
) -> None:
    host.repositories = [repo(1, identifier="group%2Frepo")]
    run()
    assert Repository.objects.get().config["identifier"] == "group%2Frepo"
    host.repositories = [repo(1)]
    assert run() == SyncResult(updated=1)
    assert "identifier" not in Repository.objects.get().config


def test_another_integration_of_the_provider_takes_over(
    host: Host, run: Callable[..., SyncResult], organization: Organization
) -> None:
    other = Factories.create_integration(organization=organization)
    Factories.create_repo(organization_id=organization.id, external_id="1", integration_id=other.id)
    host.repositories = [repo(1)]
    assert run() == SyncResult(updated=1)
    assert Repository.objects.get().integration_id != other.id


def test_other_organizations_rows_are_left_alone(
    host: Host, run: Callable[..., SyncResult]
) -> None:
    theirs = Factories.create_repo(
        organization_id=Factories.create_organization().id, name="theirs", external_id="1"
    )
    host.repositories = [repo(1)]
    assert run() == SyncResult(created=1)
    theirs.refresh_from_db()
    assert theirs.name == "theirs"


def test_what_the_table_cannot_hold_is_skipped_and_counted(
    host: Host, run: Callable[..., SyncResult]
) -> None:
    host.repositories = [
        repo(1),
        repo(2, external_id=""),
        repo(3, external_id="9" * 65),
        repo(4, name="x" * 201),
        repo(5, url="https://host.example/" + "x" * 500),
    ]
    assert run() == SyncResult(created=1, skipped=4)


def test_a_repository_that_is_listed_twice_on_a_page_is_stored_once(
    host: Host, run: Callable[..., SyncResult]
) -> None:
    host.repositories = [repo(1), replace(repo(1), name="acme/last")]
    assert run() == SyncResult(created=1)
    assert Repository.objects.get().name == "acme/last"


def is_data(sql: str) -> bool:
    return not sql.startswith(("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE"))


@pytest.mark.parametrize("second", [False, True])
def test_a_page_takes_at_most_four_statements(
    host: Host, run: Callable[..., SyncResult], second: bool
) -> None:
    if second:
        host.repositories = [repo(number, default_branch="old") for number in range(250)]
        run()
    host.repositories = [repo(number) for number in range(500)]
    with CaptureQueriesContext(connection) as captured:
        run()
    about = [q["sql"] for q in captured if is_data(q["sql"])]
    assert len(about) <= 1 + 5 * 4  # the integration once, then five pages
    assert Repository.objects.count() == 500


def test_pages_are_stored_as_they_arrive(host: Host, run: Callable[..., SyncResult]) -> None:
    def listing() -> Iterator[RepositoryInfo]:
        yield from (repo(number) for number in range(100))
        assert Repository.objects.count() == 100
        yield from (repo(number) for number in range(100, 150))
        raise HostUnavailable("the host broke off")

    seen: list[SyncResult] = []
    host.repositories = listing()
    with pytest.raises(HostUnavailable):
        run(on_page=seen.append)
    assert seen == [SyncResult(created=100)]
    assert Repository.objects.count() == 100


def test_progress_tells_the_counts_so_far(host: Host, run: Callable[..., SyncResult]) -> None:
    host.repositories = [repo(number) for number in range(150)]
    seen: list[SyncResult] = []
    run(on_page=seen.append)
    assert seen == [SyncResult(created=100), SyncResult(created=150)]


def test_an_id_that_is_taken_is_replaced(
    host: Host,
    run: Callable[..., SyncResult],
    organization: Organization,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    taken = Factories.create_repo(
        organization_id=organization.id, name="taken", external_id="other"
    )
    ids = iter([taken.id, taken.id + 1, taken.id + 2, taken.id + 3])
    monkeypatch.setattr(sync, "new_region_id", lambda: next(ids))
    host.repositories = [repo(1), repo(2)]
    assert run() == SyncResult(created=2)
    assert Repository.objects.count() == 3


def test_new_repositories_are_found_by_search(host: Host, run: Callable[..., SyncResult]) -> None:
    host.repositories = [repo(1), repo(2)]
    run()
    host.repositories = [repo(1, name="acme/shop", identifier="acme/shop")]
    run()
    caller = operator_in(Repository.objects.get(external_id="1").organization_id)
    assert [row.name for row in list_repositories(caller, query="SHOP").items] == ["acme/shop"]


def test_another_organizations_integration_is_not_found(host: Host) -> None:
    theirs = Factories.create_integration(organization=Factories.create_organization())
    mine = Factories.create_organization()
    with pytest.raises(NotFound):
        sync_repositories(operator_in(mine.id), integration_id=theirs.id)
    assert host.asked == []


@pytest.mark.parametrize("model", [IntegrationRow, OrganizationIntegration])
def test_a_disabled_integration_is_not_used(
    host: Host, run: Callable[..., SyncResult], integration: IntegrationRow, model: Any
) -> None:
    model.objects.update(status=1)
    with pytest.raises(IntegrationDisabled):
        run()
    assert host.asked == []


def test_a_provider_that_is_switched_off_is_not_used(
    host: Host, run: Callable[..., SyncResult]
) -> None:
    with (
        features.override({GitHubIntegrationProvider.feature: False}),
        pytest.raises(ProviderDisabled),
    ):
        run()
    assert host.asked == []


def test_a_host_that_lists_no_repositories_is_unsupported(
    monkeypatch: pytest.MonkeyPatch, run: Callable[..., SyncResult]
) -> None:
    bare = type("Bare", (Integration,), {"get_client": lambda self: None, "check_credential": None})
    monkeypatch.setattr(GitHubIntegrationProvider, "installation_class", bare)
    with pytest.raises(Unsupported):
        run()
