"""A rejected credential: noted once it is sure, told at once, asked for again, mended."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import OperationalError
from django.utils import timezone

from forge_emulator.faults import Fault
from sentry.integrations.services.integration import integration_service
from sentry.integrations.source_code_management.actions.commit_context import (
    LineQuestion,
    batch_get_commit_context,
    stream_file_blame,
)
from sentry.integrations.source_code_management.actions.files import get_file
from sentry.integrations.source_code_management.actions.integrations import (
    IntegrationState,
    list_integrations,
    replace_credential,
)
from sentry.integrations.source_code_management.actions.sync import sync_repositories
from sentry.integrations.source_code_management.errors import (
    AddressRefused,
    HostForbidden,
    IntegrationBroken,
    ScmError,
)
from sentry.models import Integration
from sentry.testutils.helpers.options import override_options
from tests.sentry.integrations.scene import HOST_TOKEN, PATH, Scene

from .conftest import caller_in

pytestmark = pytest.mark.django_db
REJECTED = "the host rejected the integration's credential"


def read(scene: Scene) -> object:
    return get_file(caller_in(scene), repository_id=scene.repository.id, path=PATH)


def stream(scene: Scene) -> object:
    sha = scene.git.head()
    return list(
        stream_file_blame(
            caller_in(scene), repository_id=scene.repository.id, commit_sha=sha, filepath=PATH
        )
    )


def sync(scene: Scene) -> object:
    return sync_repositories(caller_in(scene), integration_id=scene.integration.pk)


def batch(scene: Scene) -> object:
    question = LineQuestion(
        repository_id=scene.repository.id, commit_sha=scene.git.head(), filepath=PATH, line_number=1
    )
    (answer,) = batch_get_commit_context(caller_in(scene), [question])
    if isinstance(answer, ScmError):
        raise answer
    return answer


def reject(scene: Scene, times: int | None = None) -> None:
    scene.emulator.faults.add(Fault(kind="status", status=401, times=times))


def mend(scene: Scene) -> None:
    scene.emulator.faults.clear()


def asked(scene: Scene) -> int:
    count = len(scene.emulator.requests)
    scene.emulator.clear_requests()
    return count


def row(scene: Scene) -> Integration:
    return Integration.objects.get(pk=scene.integration.pk)


def broken(scene: Scene) -> None:
    """Breaks the integration by a rejection."""
    reject(scene)
    with pytest.raises(IntegrationBroken):
        read(scene)
    asked(scene)


@pytest.mark.parametrize("call", [read, stream, sync, batch], ids=lambda call: call.__name__)
def test_a_rejection_is_noted_and_told_at_once(
    scene: Scene, call: Callable[[Scene], object]
) -> None:
    reject(scene)
    with pytest.raises(IntegrationBroken, match=REJECTED):
        call(scene)
    (listed,) = list_integrations(caller_in(scene))
    assert (listed.state, listed.broken_reason) == (IntegrationState.BROKEN, REJECTED)
    assert listed.broken_at is not None
    mend(scene)
    asked(scene)
    with pytest.raises(IntegrationBroken, match=REJECTED):
        call(scene)
    assert asked(scene) == 0


def test_a_single_rejection_breaks_nothing(scene: Scene) -> None:
    reject(scene, times=1)
    with pytest.raises(IntegrationBroken):
        read(scene)
    assert row(scene).broken_reason is None
    assert read(scene)


def test_a_host_that_gives_no_clear_answer_breaks_nothing(scene: Scene) -> None:
    reject(scene, times=1)
    scene.emulator.faults.add(Fault(kind="drop", match="/user"))
    with pytest.raises(IntegrationBroken):
        read(scene)
    assert row(scene).broken_reason is None


def test_what_is_forbidden_breaks_nothing(scene: Scene) -> None:
    scene.emulator.faults.add(Fault(kind="status", status=403))
    with pytest.raises(HostForbidden):
        read(scene)
    assert row(scene).broken_reason is None


def test_what_the_operator_forbids_breaks_nothing(scene: Scene, settings) -> None:
    settings.SCM_ALLOWED_HOSTS = []
    with pytest.raises(AddressRefused):
        read(scene)
    assert row(scene).broken_reason is None


def test_it_is_asked_again_now_and_then(scene: Scene) -> None:
    broken(scene)
    first = row(scene)
    Integration.objects.update(probe_at=timezone.now())
    with pytest.raises(IntegrationBroken):
        read(scene)
    assert asked(scene) == 1
    with pytest.raises(IntegrationBroken):
        read(scene)
    assert asked(scene) == 0
    assert row(scene).broken_at == first.broken_at

    mend(scene)
    Integration.objects.update(probe_at=timezone.now())
    assert read(scene)
    healed = row(scene)
    assert (healed.broken_reason, healed.broken_at, healed.probe_at) == (None, None, None)


def test_a_probe_without_an_answer_leaves_it_as_it_is(scene: Scene) -> None:
    broken(scene)
    mend(scene)
    scene.emulator.faults.add(Fault(kind="drop"))
    Integration.objects.update(probe_at=timezone.now())
    with pytest.raises(IntegrationBroken, match=REJECTED):
        read(scene)
    assert row(scene).broken_reason == REJECTED


def test_the_interval_is_the_operators(scene: Scene) -> None:
    with override_options({"scm.integration.probe-interval": 1000.0}):
        broken(scene)
    due = row(scene).probe_at
    assert due is not None
    left = due - timezone.now()
    assert timedelta(seconds=900) < left <= timedelta(seconds=1000)


def test_one_caller_makes_the_probe(scene: Scene) -> None:
    broken(scene)
    due = row(scene).probe_at
    assert due is not None
    named = {"organization_id": scene.organization.id, "integration_id": scene.integration.pk}
    later = due + timedelta(hours=1)
    assert integration_service.claim_probe(**named, due=due, next_at=later)
    assert not integration_service.claim_probe(**named, due=due, next_at=later)


def test_another_credential_mends_it_at_once(scene: Scene) -> None:
    broken(scene)
    mend(scene)
    replace_credential(
        caller_in(scene), integration_id=scene.integration.pk, metadata={"token": HOST_TOKEN}
    )
    assert read(scene)
    (listed,) = list_integrations(caller_in(scene))
    assert (listed.state, listed.broken_reason) == (IntegrationState.ACTIVE, None)


def test_a_rejection_of_the_former_credential_counts_no_more(scene: Scene) -> None:
    named = {"organization_id": scene.organization.id, "integration_id": scene.integration.pk}
    replace_credential(
        caller_in(scene), integration_id=scene.integration.pk, metadata={"token": HOST_TOKEN}
    )
    soon = timezone.now()
    for version, marked in ((0, False), (1, True)):
        assert marked is integration_service.mark_broken(
            **named, credential_version=version, reason="x" * 300, probe_at=soon
        )
    assert row(scene).broken_reason == "x" * 200
    integration_service.mark_working(**named, credential_version=0)
    assert row(scene).broken_reason is not None


def test_a_database_that_is_away_hides_no_error(scene: Scene, monkeypatch) -> None:
    def away(**_: object) -> bool:
        raise OperationalError("no")

    monkeypatch.setattr(integration_service, "mark_broken", away)
    reject(scene)
    with pytest.raises(IntegrationBroken, match=REJECTED):
        read(scene)


def test_it_costs_nothing_where_all_is_well(scene: Scene, django_assert_num_queries) -> None:
    read(scene)
    with django_assert_num_queries(2):  # the repository, and the integration that it is tied to
        read(scene)


def test_one_that_is_switched_off_is_not_called_broken(scene: Scene) -> None:
    broken(scene)
    Integration.objects.update(status=1)
    (listed,) = list_integrations(caller_in(scene))
    assert (listed.state, listed.broken_reason) == (IntegrationState.DISABLED, REJECTED)
