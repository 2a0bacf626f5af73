"""Making a mirror ahead of the calls that need it."""

import pytest

from sentry.actions.operator import operator_in
from sentry.integrations.source_code_management.actions.mirrors import (
    prepare_mirror,
    prepare_mirror_later,
)
from sentry.integrations.source_code_management.actions.rows import find_repository
from sentry.integrations.source_code_management.errors import (
    IntegrationDisabled,
    MirrorRefused,
    NotFound,
)
from sentry.models import TaskRecord
from sentry.tasks import prepare_mirror as task
from sentry.testutils.factories import Factories
from sentry.testutils.helpers.options import override_options
from tests.sentry.integrations.scene import Scene

from .conftest import asked, caller_in
from .test_blame_sources import scene

assert scene  # a fixture: git reaches its host
pytestmark = pytest.mark.django_db


def assert_cloned_once(scene: Scene) -> None:
    """The host was asked for the present name, and then git fetched, in three requests."""
    name, *git = asked(scene.emulator)
    assert name == f"GET /repositories/{scene.repository.external_id}"
    assert [each.rpartition("/acme/shop.git/")[2] for each in git] == [
        "info/refs", "git-upload-pack", "git-upload-pack",
    ]  # fmt: skip


def test_it_is_made_once(scene: Scene) -> None:
    for _ in range(2):
        prepare_mirror(caller_in(scene), repository_id=scene.repository.id)
    assert_cloned_once(scene)


def test_the_task_does_it(scene: Scene) -> None:
    task.apply(args=[scene.organization.id, scene.repository.id]).get()
    assert_cloned_once(scene)


def test_there_is_one_task_for_a_repository(scene: Scene) -> None:
    repository = find_repository(caller_in(scene), scene.repository.id)
    for _ in range(3):
        prepare_mirror_later(repository)
    assert TaskRecord.objects.count() == 1


def test_whose_there_is_none(scene: Scene) -> None:
    elsewhere = operator_in(Factories.create_organization().id)
    with pytest.raises(NotFound):
        prepare_mirror(elsewhere, repository_id=scene.repository.id)
    bare = Factories.create_repo(scene.project, integration_id=None)
    with pytest.raises(IntegrationDisabled):
        prepare_mirror(caller_in(scene), repository_id=bare.id)
    with override_options({"scm.mirrors.enabled": False}), pytest.raises(MirrorRefused):
        prepare_mirror(caller_in(scene), repository_id=scene.repository.id)
    assert asked(scene.emulator) == []
