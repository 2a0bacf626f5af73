"""Code mappings: what is kept, what is refused, and who may see whose."""

from dataclasses import replace
from typing import Any

import pytest

from forge_emulator import Fault
from sentry import features
from sentry.actions.operator import operator_in
from sentry.auth.caller import Caller, CallerKind
from sentry.auth.roles import Role, scopes_of
from sentry.integrations.source_code_management.actions.code_mappings import (
    MAX_STACKTRACE_PATHS,
    create_code_mapping,
    derive_code_mappings,
    list_code_mappings,
    update_code_mapping,
)
from sentry.integrations.source_code_management.errors import (
    AlreadyExists,
    HostUnavailable,
    IntegrationBroken,
    InvalidArgument,
    NotFound,
    ProviderDisabled,
    Unsupported,
)
from sentry.integrations.source_code_management.types import CodeMapping
from sentry.models import OrganizationIntegration, Repository, RepositoryProjectPathConfig
from sentry.testutils.factories import Factories
from tests.sentry.integrations.scene import HOST_TOKEN, Scene

from .conftest import asked, caller_in

pytestmark = pytest.mark.django_db


def create(scene: Scene, caller: Caller | None = None, **fields) -> CodeMapping:
    values = {
        "project_id": scene.project.id,
        "repository_id": scene.repository.id,
        "stack_root": "app/",
        "source_root": "src/app/",
        **fields,
    }
    return create_code_mapping(caller or caller_in(scene), **values)


def update(scene: Scene, mapping: CodeMapping) -> CodeMapping:
    """Gives a mapping the repository's own branch."""
    return update_code_mapping(
        caller_in(scene),
        code_mapping_id=mapping.id,
        project_id=mapping.project_id,
        repository_id=mapping.repository_id,
        stack_root=mapping.stack_root,
        source_root=mapping.source_root,
    )


def member_in(scene: Scene, *teams, role: Role = Role.ADMIN) -> Caller:
    """A signed-in member of the teams."""
    member = Factories.create_member(organization=scene.organization, teams=teams, role=role)
    return Caller(
        kind=CallerKind.SESSION,
        organization_id=scene.organization.id,
        scopes=scopes_of(role),
        credential=f"user:{member.user_id}",
        user_id=member.user_id,
        role=role,
    )


def test_it_is_kept_with_everything_that_follows(scene: Scene) -> None:
    made = create(scene)
    row = RepositoryProjectPathConfig.objects.get()
    tie = OrganizationIntegration.objects.get(integration=scene.integration)
    assert made == CodeMapping(
        id=row.id,
        organization_id=scene.organization.id,
        project_id=scene.project.id,
        repository_id=scene.repository.id,
        integration_id=scene.integration.pk,
        stack_root="app/",
        source_root="src/app/",
        default_branch="main",
    )
    assert (row.organization_integration_id, row.position) == (tie.id, 0)
    assert not row.automatically_generated
    assert list_code_mappings(caller_in(scene)).items == (made,)
    assert asked(scene.emulator) == []


def test_roots_may_be_empty_and_the_branch_another(scene: Scene) -> None:
    own: dict[str, Any] = {
        "organization_id": scene.organization.id,
        "integration_id": scene.integration.pk,
    }
    made = create(scene, stack_root="", source_root="", default_branch="release/1.0", **own)
    assert (made.stack_root, made.source_root, made.default_branch) == ("", "", "release/1.0")


def test_a_repository_of_no_host(scene: Scene) -> None:
    bare = Factories.create_repo(scene.project, provider=None)
    with pytest.raises(InvalidArgument) as refusal:
        create(scene, repository_id=bare.id)
    assert refusal.value.field == "default_branch"
    made = create(scene, repository_id=bare.id, default_branch="main")
    assert made.integration_id is None
    assert RepositoryProjectPathConfig.objects.get().organization_integration_id is None


def test_a_branch_that_is_not_known_is_asked_for_and_not_kept(scene: Scene) -> None:
    """Some hosts' lists of repositories do not tell it, so that nothing would notice another."""
    Repository.objects.filter(id=scene.repository.id).update(config={"kept": "by others"})
    for count, root in enumerate(["app/", "other/"], start=1):
        assert create(scene, stack_root=root).default_branch == "main"
        assert len(asked(scene.emulator)) == count
    assert Repository.objects.get(id=scene.repository.id).config == {"kept": "by others"}


def test_a_host_that_cannot_tell_the_branch(scene: Scene) -> None:
    Repository.objects.filter(id=scene.repository.id).update(config={})
    scene.emulator.faults.add(Fault(kind="status", status=503))
    with pytest.raises(HostUnavailable):
        create(scene)
    assert create(scene, default_branch="main").default_branch == "main"


def test_a_rejected_credential_is_told(scene: Scene) -> None:
    made = create(scene, default_branch="main")
    Repository.objects.filter(id=scene.repository.id).update(config={})
    scene.emulator.revoke_token(HOST_TOKEN)
    for _ in range(2):  # the second time it is known to be broken
        with pytest.raises(IntegrationBroken):
            create(scene, stack_root="other/")
        with pytest.raises(IntegrationBroken):
            update(scene, made)
    assert create(scene, stack_root="other/", default_branch="main").default_branch == "main"
    scene.emulator.add_token(HOST_TOKEN, "robot", "repo")


def test_an_integration_that_is_switched_off_asks_for_no_branch(scene: Scene) -> None:
    Repository.objects.filter(id=scene.repository.id).update(config={})
    OrganizationIntegration.objects.update(status=1)
    with pytest.raises(InvalidArgument) as refusal:
        create(scene)
    assert refusal.value.field == "default_branch"
    assert asked(scene.emulator) == []


def test_an_integration_that_is_gone(scene: Scene) -> None:
    scene.integration.delete()
    assert create(scene).integration_id == scene.repository.integration_id
    assert RepositoryProjectPathConfig.objects.get().organization_integration_id is None


def test_the_same_one_twice(scene: Scene) -> None:
    made = create(scene)
    with pytest.raises(AlreadyExists) as refusal:
        create(scene, default_branch="other")
    assert refusal.value.resource == "code mapping"
    assert list_code_mappings(caller_in(scene)).items == (made,)


def test_what_makes_two_mappings_different(scene: Scene) -> None:
    other_repository = Factories.create_repo(scene.project, config={"default_branch": "main"})
    other_project = Factories.create_project(scene.organization)
    made = [
        create(scene),
        create(scene, source_root="lib/"),
        create(scene, repository_id=other_repository.id),
        create(scene, stack_root="App/"),
        create(scene, project_id=other_project.id),
    ]
    positions = dict(RepositoryProjectPathConfig.objects.values_list("id", "position"))
    assert [positions[mapping.id] for mapping in made] == [0, 1, 2, 0, 0]
    assert list_code_mappings(caller_in(scene)).items == tuple(made)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("project_id", 0),
        ("project_id", 2**63),
        ("repository_id", -1),
        ("organization_id", -1),
        ("stack_root", "a b"),
        ("stack_root", "a\0"),
        ("stack_root", "x" * 1025),
        ("source_root", "'quoted'"),
        ("source_root", "\ud800"),
        ("default_branch", "-x"),
        ("default_branch", "a..b"),
        ("default_branch", "a/"),
        ("default_branch", "x" * 100_000),
    ],
)
def test_what_can_never_work(scene: Scene, field: str, value: Any) -> None:
    with pytest.raises(InvalidArgument) as refusal:
        create(scene, **{field: value})
    assert refusal.value.field == field
    assert not RepositoryProjectPathConfig.objects.exists()


def test_what_belongs_to_another_organization(scene: Scene) -> None:
    elsewhere = Factories.create_organization()
    project = Factories.create_project(elsewhere)
    theirs: dict[str, dict[str, Any]] = {
        "project": {"project_id": project.id},
        "repository": {"repository_id": Factories.create_repo(project).id},
        "organization": {"organization_id": elsewhere.id},
        "integration": {"integration_id": Factories.create_integration(organization=elsewhere).pk},
    }
    for resource, fields in theirs.items():
        with pytest.raises(NotFound) as refusal:
            create(scene, **fields)
        assert refusal.value.resource == resource


def test_an_integration_that_is_not_the_repositorys(scene: Scene) -> None:
    other = Factories.create_integration(organization=scene.organization)
    with pytest.raises(NotFound, match="integration"):
        create(scene, integration_id=other.pk)


def test_a_repository_that_is_being_deleted(scene: Scene) -> None:
    Repository.objects.filter(pk=scene.repository.pk).update(status=2)
    with pytest.raises(NotFound, match="repository"):
        create(scene)


def test_a_provider_that_is_switched_off(scene: Scene) -> None:
    off = {"organizations:integrations-github": False}
    with features.override(off), pytest.raises(ProviderDisabled) as refusal:
        create(scene)
    assert refusal.value.provider == "github"
    assert not RepositoryProjectPathConfig.objects.exists()


def test_a_member_maps_and_sees_the_projects_of_own_teams(scene: Scene) -> None:
    team = Factories.create_team(scene.organization)
    reachable = Factories.create_project(scene.organization, teams=[team])
    member = member_in(scene, team)
    hidden = create(scene)
    shown = create(scene, member, project_id=reachable.id)
    assert list_code_mappings(member).items == (shown,)
    assert list_code_mappings(member, project_id=reachable.id).items == (shown,)
    assert list_code_mappings(caller_in(scene)).items == (hidden, shown)
    assert list_code_mappings(member_in(scene, role=Role.MANAGER)).items == (hidden, shown)
    for ask in (
        lambda: create(scene, member, stack_root="other"),
        lambda: list_code_mappings(member, project_id=scene.project.id),
        lambda: derive_code_mappings(member, project_id=scene.project.id, stacktrace_paths=["a"]),
    ):
        with pytest.raises(NotFound, match="project"):
            ask()


def test_pages_and_filters(scene: Scene) -> None:
    other = Factories.create_project(scene.organization)
    made = [create(scene, source_root=f"{number}") for number in range(5)]
    beside = create(scene, project_id=other.id)
    loose = Factories.create_repo(scene.project, integration_id=77, config={"default_branch": "m"})
    foreign = create(scene, repository_id=loose.id)
    caller = caller_in(scene)
    for filters, expected in (
        ({}, [*made, beside, foreign]),
        ({"project_id": scene.project.id}, [*made, foreign]),
        ({"project_id": other.id}, [beside]),
        ({"integration_id": scene.integration.pk}, [*made, beside]),
        ({"integration_id": 77, "project_id": other.id}, []),
    ):
        found: list[CodeMapping] = []
        token = ""
        while True:
            page = list_code_mappings(caller, page_size=2, page_token=token, **filters)
            found += page.items
            token = page.next_token
            if not token:
                break
        assert found == expected
    assert list_code_mappings(caller, integration_id=2**70).items == ()
    for project_id in (0, -1, 2**70):
        with pytest.raises(NotFound, match="project"):
            list_code_mappings(caller, project_id=project_id)
    token = list_code_mappings(caller, page_size=2).next_token
    for filters in ({"project_id": other.id}, {"integration_id": 77}):
        with pytest.raises(InvalidArgument, match="page_token"):
            list_code_mappings(caller, page_token=token, **filters)
    elsewhere = operator_in(Factories.create_organization().id)
    assert list_code_mappings(elsewhere).items == ()


def test_deriving_checks_everything_and_is_to_come(scene: Scene) -> None:
    caller = caller_in(scene)
    asks: dict[str, Any] = {
        "project_id": scene.project.id,
        "stacktrace_paths": ["app/a.py", "x" * 4096],
    }
    for field, change in (
        ("project_id", {"project_id": 0}),
        ("organization_id", {"organization_id": -1}),
        ("stacktrace_paths", {"stacktrace_paths": []}),
        ("stacktrace_paths", {"stacktrace_paths": ["a"] * (MAX_STACKTRACE_PATHS + 1)}),
        ("stacktrace_paths", {"stacktrace_paths": ["a", ""]}),
        ("stacktrace_paths", {"stacktrace_paths": ["x" * 4097]}),
        ("stacktrace_paths", {"stacktrace_paths": ["a\0"]}),
    ):
        with pytest.raises(InvalidArgument) as refusal:
            derive_code_mappings(caller, **{**asks, **change})
        assert refusal.value.field == field
    with pytest.raises(NotFound, match="organization"):
        derive_code_mappings(replace(caller, organization_id=1), **asks, organization_id=2)
    with pytest.raises(NotFound, match="project"):
        derive_code_mappings(replace(caller, organization_id=1), **asks)
    with pytest.raises(Unsupported, match="deriving code mappings"):
        derive_code_mappings(caller, **asks)
