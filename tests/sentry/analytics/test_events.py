"""Every event is documented with its fields, and recorded by the action that it tells of."""

import pkgutil
import re
from dataclasses import fields

import pytest

from sentry import analytics, options
from sentry.actions.operator import operator_in
from sentry.analytics import events
from sentry.integrations.source_code_management.actions import (
    code_mappings,
    external_issues,
    integrations,
    sync,
)
from sentry.models import AnalyticsEvent
from tests.docs import pages
from tests.sentry.integrations.conftest import host, scene, shop_git  # noqa: F401 - fixtures
from tests.sentry.integrations.scene import FULL_NAME, HOST_TOKEN

EVENTS = analytics.all_events()
PAGE = "docs/observability.md"


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.type)
def test_every_event_is_documented_with_its_fields(event):
    row = re.search(rf"^\| `{re.escape(event.type)}` \|.*$", pages.text(PAGE), re.MULTILINE)
    assert row, f"{event.type} is not in {PAGE}"
    shared = {field.name for field in fields(analytics.Event)}
    own = [field.name for field in fields(event) if field.name not in shared]
    assert [name for name in own if f"`{name}`" not in row[0]] == []


def test_no_row_describes_an_event_that_is_gone():
    described = re.findall(r"^\| `([^`]+)` \|", pages.section(PAGE, "Analytics"), re.MULTILINE)
    assert sorted(described) == [event.type for event in EVENTS]


def test_every_module_of_events_is_loaded_and_named_after_its_event():
    modules = {module.name for module in pkgutil.iter_modules(events.__path__)}
    assert {event.type.replace(".", "_") for event in EVENTS} == modules


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.type)
def test_every_event_says_what_it_means(event):
    assert event.__doc__
    assert event.__doc__.endswith(".")


@pytest.fixture
def recorded(django_capture_on_commit_callbacks):
    def run(action, *args, **kwargs):
        before = set(AnalyticsEvent.objects.values_list("pk", flat=True))
        with (
            options.override({"analytics.backend": "database"}),
            django_capture_on_commit_callbacks(execute=True),
        ):
            action(*args, **kwargs)
        rows = AnalyticsEvent.objects.exclude(pk__in=before).order_by("pk")
        return [(row.type, row.data) for row in rows]

    return run


class TestActions:
    """The real actions over the emulated host."""

    def test_code_mappings(self, scene, recorded):  # noqa: F811
        caller = operator_in(scene.organization.id)
        ((kind, data),) = recorded(
            code_mappings.create_code_mapping,
            caller,
            project_id=scene.project.id,
            repository_id=scene.repository.id,
            stack_root="app/",
            source_root="src/",
        )
        assert kind == "code_mapping.created"
        assert data["organization_id"] == scene.organization.id
        assert data["repository_id"] == scene.repository.id
        assert data["user_id"] is None

    def test_external_issues(self, scene, recorded):  # noqa: F811
        caller = operator_in(scene.organization.id)
        ((kind, data),) = recorded(
            external_issues.create_external_issue,
            caller,
            integration_id=scene.integration.pk,
            title="It breaks",
            metadata={"repo": FULL_NAME},
        )
        assert (kind, data["integration_id"]) == ("external_issue.created", scene.integration.pk)
        link = {"group_id": scene.group.id, "external_issue_id": data["external_issue_id"]}
        ((kind, data),) = recorded(external_issues.link_external_issue, caller, **link)
        assert (kind, data["group_id"]) == ("external_issue.linked", scene.group.id)
        assert recorded(external_issues.link_external_issue, caller, **link) == []

    def test_integrations_and_their_repositories(self, scene, recorded):  # noqa: F811
        caller = operator_in(scene.organization.id)
        metadata = {"token": HOST_TOKEN, "base_url": scene.emulator.url}
        ((kind, data),) = recorded(
            integrations.add_integration, caller, provider="github", metadata=metadata, verify=False
        )
        assert (kind, data["provider"]) == ("integration.installed", "github")
        assert HOST_TOKEN not in str(data)
        ((kind, data),) = recorded(
            sync.sync_repositories, caller, integration_id=scene.integration.pk
        )
        assert kind == "repositories.synced"
        assert data["created"] + data["updated"] + data["unchanged"] == 1
