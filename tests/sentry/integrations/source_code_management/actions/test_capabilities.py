"""Capabilities, and the way from a row to the installation that reaches its host."""

from typing import Any

import pytest

from sentry import features
from sentry.actions.operator import operator_in
from sentry.integrations.base import CAPABILITIES
from sentry.integrations.github.integration import GitHubIntegration, GitHubIntegrationProvider
from sentry.integrations.manager import integrations
from sentry.integrations.source_code_management.actions.capabilities import get_capabilities
from sentry.integrations.source_code_management.actions.installations import (
    check_provider,
    installation_of_integration,
    installation_of_repository,
    provider_key,
    provider_of_integration,
    ref_of,
    require,
)
from sentry.integrations.source_code_management.actions.repositories import get_repository
from sentry.integrations.source_code_management.actions.rows import provider_of
from sentry.integrations.source_code_management.errors import (
    IntegrationDisabled,
    InvalidArgument,
    NotFound,
    ProviderDisabled,
    Unsupported,
)
from sentry.integrations.source_code_management.issues import SourceCodeIssueIntegration
from sentry.integrations.source_code_management.repository import CommitIntegration
from sentry.integrations.source_code_management.types import Capability, ProviderKey, Repository
from sentry.models import OrganizationIntegration, RepositoryStatus
from sentry.models import Repository as RepositoryRow
from sentry.models.integrations.integration import ObjectStatus
from sentry.testutils.factories import Factories
from tests.sentry.integrations.scene import FULL_NAME, Scene

from .conftest import asked, caller_in

pytestmark = pytest.mark.django_db


def repository_of(scene: Scene, **changes: Any) -> Repository:
    RepositoryRow.objects.filter(pk=scene.repository.pk).update(**changes)
    return get_repository(caller_in(scene), repository_id=scene.repository.id)


def test_of_a_repository_and_of_an_integration(scene: Scene) -> None:
    caller = caller_in(scene)
    of_repository = get_capabilities(caller, repository_id=scene.repository.id)
    assert of_repository == get_capabilities(caller, integration_id=scene.integration.pk)
    provider, supports = of_repository
    assert provider is ProviderKey.GITHUB
    assert [support.capability for support in supports] == list(Capability)
    assert all(support.supported != bool(support.reason) for support in supports)
    assert asked(scene.emulator) == []


@pytest.fixture
def no_gitlab(monkeypatch: pytest.MonkeyPatch) -> None:
    """A platform that does not know GitLab."""
    others = {key: each for key, each in integrations._providers.items() if key != "gitlab"}
    monkeypatch.setattr(integrations, "_providers", others)


@pytest.mark.usefixtures("no_gitlab")
def test_what_has_no_capabilities(scene: Scene) -> None:
    caller = caller_in(scene)
    bare = Factories.create_repo(scene.project, provider=None)
    gitlab = Factories.create_repo(scene.project, provider="gitlab")
    elsewhere = Factories.create_organization()
    with pytest.raises(IntegrationDisabled, match="not tied"):
        get_capabilities(caller, repository_id=bare.id)
    with pytest.raises(Unsupported) as refusal:
        get_capabilities(caller, repository_id=gitlab.id)
    assert refusal.value.provider == "gitlab"
    with pytest.raises(NotFound, match="repository"):
        get_capabilities(operator_in(elsewhere.id), repository_id=scene.repository.id)
    with pytest.raises(NotFound, match="integration"):
        get_capabilities(operator_in(elsewhere.id), integration_id=scene.integration.pk)
    for fields in ({}, {"repository_id": -1}, {"integration_id": 0}):
        with pytest.raises(InvalidArgument):
            get_capabilities(caller, **fields)


def test_a_capability_that_a_provider_lacks(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "sentry.integrations.github.integration.GitHubIntegrationProvider.capabilities",
        classmethod(lambda cls: frozenset(Capability) - {Capability.BLAME}),
    )
    _, supports = get_capabilities(caller_in(scene), repository_id=scene.repository.id)
    (lacking,) = [support for support in supports if not support.supported]
    assert (lacking.capability, lacking.reason) == (
        Capability.BLAME, "GitHub has no such operation here",
    )  # fmt: skip


def test_the_installation_of_a_repository(scene: Scene) -> None:
    installation = installation_of_repository(caller_in(scene), repository_of(scene))
    assert isinstance(installation, GitHubIntegration)
    assert installation.organization_id == scene.organization.id
    assert installation.model.id == scene.integration.pk
    assert provider_key(installation) is ProviderKey.GITHUB
    assert provider_of_integration(caller_in(scene), scene.integration.pk).name == "GitHub"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"integration_id": None}, "not tied"),
        ({"provider": None}, "not tied"),
        ({"provider": "something:else"}, "not tied"),
        ({"status": RepositoryStatus.DISABLED}, "the repository is disabled"),
        ({"integration_id": 404}, "no longer installed"),
    ],
)
def test_a_repository_that_reaches_no_host(scene: Scene, changes, words: str) -> None:
    with pytest.raises(IntegrationDisabled, match=words):
        installation_of_repository(caller_in(scene), repository_of(scene, **changes))


def test_a_hidden_repository_reaches_its_host(scene: Scene) -> None:
    hidden = repository_of(scene, status=RepositoryStatus.HIDDEN)
    assert installation_of_repository(caller_in(scene), hidden)


@pytest.mark.usefixtures("no_gitlab")
def test_an_integration_of_another_kind_of_host(scene: Scene) -> None:
    other = Factories.create_integration(organization=scene.organization, provider="gitlab")
    with pytest.raises(IntegrationDisabled, match="no longer installed"):
        installation_of_repository(caller_in(scene), repository_of(scene, integration_id=other.pk))
    with pytest.raises(Unsupported):
        installation_of_integration(caller_in(scene), other.pk)


@pytest.mark.parametrize("side", ["integration", "tie"])
@pytest.mark.parametrize("status", [status for status in ObjectStatus if status])
def test_either_side_may_be_switched_off(scene: Scene, side: str, status: int) -> None:
    if side == "integration":
        scene.integration.status = status
        scene.integration.save()
    else:
        OrganizationIntegration.objects.update(status=status)
    for attempt in (
        lambda: installation_of_repository(caller_in(scene), repository_of(scene)),
        lambda: installation_of_integration(caller_in(scene), scene.integration.pk),
    ):
        with pytest.raises(IntegrationDisabled):
            attempt()


def test_a_provider_that_is_unknown_or_off(scene: Scene) -> None:
    with pytest.raises(Unsupported, match="svn"):
        check_provider("svn", scene.organization.id)
    with features.override({"organizations:integrations-github": False}):
        for attempt in (
            lambda: check_provider("github", scene.organization.id),
            lambda: provider_of_integration(caller_in(scene), scene.integration.pk),
        ):
            with pytest.raises(ProviderDisabled):
                attempt()


def test_a_capability_is_asked_for_by_its_own_protocol(scene: Scene) -> None:
    installation = installation_of_integration(caller_in(scene), scene.integration.pk)
    there = GitHubIntegrationProvider.capabilities()
    for capability, protocol in CAPABILITIES.items():
        if capability not in there:
            continue
        assert repr(require(installation, protocol, capability)) == repr(installation)
    with pytest.raises(Unsupported):
        require(installation, CommitIntegration, Capability.ISSUES)


def test_an_installation_without_the_methods(scene: Scene) -> None:
    class Poor(GitHubIntegration):
        create_issue = None  # type: ignore[assignment]

    model = installation_of_integration(caller_in(scene), scene.integration.pk).model
    with pytest.raises(Unsupported) as refusal:
        require(Poor(model, 1), SourceCodeIssueIntegration, Capability.ISSUES)
    assert (refusal.value.provider, refusal.value.capability) == ("github", Capability.ISSUES)


def test_the_hosts_own_name_for_a_repository(scene: Scene) -> None:
    assert ref_of(repository_of(scene)).identifier == FULL_NAME
    renamed = repository_of(scene, name="Our shop", config={"identifier": "acme/shop"})
    assert ref_of(renamed).identifier == "acme/shop"
    assert ref_of(repository_of(scene, name="a/b", config={})).identifier == "a/b"


def test_providers_as_rows_name_them() -> None:
    assert provider_of("integrations:github") is ProviderKey.GITHUB
    assert [provider_of(stored) for stored in (None, "", "github", "integrations:svn")] == [
        None
    ] * 4
