"""Whose repositories a delivery reaches."""

import pytest

from sentry.models import (
    Commit,
    Repository,
    RepositoryStatus,
)
from sentry.testutils.factories import Factories
from sentry.testutils.helpers.features import with_feature
from tests.sentry.integrations.scene import Scene

from .webhook_scene import ZERO, bare, deliver, push_body


def test_every_organization_that_has_the_integration(hooked: Scene) -> None:
    other = Factories.create_organization()
    stranger = Factories.create_organization()
    Factories.create_organization_integration(
        organization_id=other.id, integration=hooked.integration
    )
    repos = [
        Factories.create_repo(
            organization_id=each.id,
            integration_id=hooked.integration.pk,
            external_id=hooked.repository.external_id,
        )
        for each in (other, stranger)
    ]
    git = hooked.git
    commit = bare(git, git.head()) | {"added": ["a"], "removed": [], "modified": []}
    deliver(hooked, "push", push_body(hooked, ZERO, git.head(), [commit]))
    owners = set(Commit.objects.values_list("organization_id", flat=True))
    assert owners == {hooked.organization.id, other.id}
    assert not Commit.objects.filter(repository=repos[1]).exists()


def test_another_integrations_repository_is_out_of_reach(hooked: Scene) -> None:
    mine = Factories.create_integration(organization=hooked.organization)
    Repository.objects.filter(pk=hooked.repository.id).update(integration_id=mine.pk)
    git = hooked.git
    body = push_body(hooked, ZERO, git.head(), [bare(git, git.head())])
    deliver(hooked, "push", body)
    deliver(hooked, "repository", body | {"action": "deleted"})
    assert not Commit.objects.exists()
    assert Repository.objects.get(pk=hooked.repository.id).status == RepositoryStatus.ACTIVE


@pytest.mark.parametrize("status", [1, 2, 3, 4])
def test_repositories_that_are_switched_off_get_nothing(hooked: Scene, status: int) -> None:
    Repository.objects.filter(pk=hooked.repository.id).update(status=status)
    git = hooked.git
    commit = bare(git, git.head()) | {"added": ["a"]}
    assert deliver(hooked, "push", push_body(hooked, ZERO, git.head(), [commit])).status == 1
    assert not Commit.objects.exists()


def test_where_the_integration_is_switched_off(hooked: Scene) -> None:
    git = hooked.git
    commit = bare(git, git.head()) | {"added": ["a"]}
    with with_feature({"organizations:integrations-github": False}):
        deliver(hooked, "push", push_body(hooked, ZERO, git.head(), [commit]))
    hooked.integration.organizationintegration_set.update(status=1)
    deliver(hooked, "push", push_body(hooked, ZERO, git.head(), [commit], branch="b"))
    assert not Commit.objects.exists()
