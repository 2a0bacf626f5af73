"""The use cases over Bitbucket, rows and all: blame above all, which git does on a mirror."""

import pytest

from forge_emulator import Emulator, HostedRepository
from sentry.actions.operator import operator_in
from sentry.integrations.source_code_management.actions import (
    capabilities,
    commit_context,
    commits,
    external_issues,
    files,
    sync,
)
from sentry.integrations.source_code_management.errors import NotFound, Unsupported
from sentry.integrations.source_code_management.types import Capability, CommitContext
from sentry.models import Repository
from sentry.testutils.factories import Factories

from .conftest import ACCESS_TOKEN, API_TOKEN, EMAIL, Git

pytestmark = pytest.mark.django_db
CREDENTIALS = [
    {"email": EMAIL, "api_token": API_TOKEN},
    {"token": ACCESS_TOKEN, "workspace": "acme"},
]


@pytest.fixture(params=CREDENTIALS, ids=["api-token", "access-token"])
def scene(request, shop: Git, settings, tmp_path):
    """(caller, integration, repository) over a private repository that the credential sees."""
    settings.SCM_MIRRORS_DIR = str(tmp_path / "mirrors")
    hosted = [HostedRepository(full_name="acme/shop", path=str(shop.path), private=True)]
    tokens = {API_TOKEN: ("robot",), ACCESS_TOKEN: ("token", "acme/shop")}
    with Emulator("bitbucket", hosted, tokens=tokens) as running:
        organization = Factories.create_organization()
        project = Factories.create_project(organization)
        metadata = {"base_url": f"{running.url}/2.0", "web_url": running.url, **request.param}
        integration = Factories.create_integration(
            organization=organization, provider="bitbucket", metadata=metadata
        )
        caller = operator_in(organization.id)
        sync.sync_repositories(caller, integration_id=integration.pk)
        row = Repository.objects.get(organization_id=organization.id)
        yield caller, project, integration, row


def gits_blame(shop: Git, path: str, revision: str) -> list[tuple[str, str]]:
    rows, sha = [], ""
    for line in shop("blame", "--line-porcelain", revision, "--", path).split("\n"):
        if line.startswith("\t"):
            rows.append((sha, line[1:]))
        elif len(line.partition(" ")[0]) == 40:
            sha = line.partition(" ")[0]
    return rows


@pytest.mark.parametrize("path", ["src/basket.py", "döc/a b#?%2e.txt"])
def test_git_blames_every_line(scene, shop, path):
    caller, _, _, row = scene
    head = shop.sha("main")
    expected = gits_blame(shop, path, head)
    found = []
    for number in range(1, len(expected) + 1):
        question = commit_context.LineQuestion(
            repository_id=row.id, commit_sha=head, filepath=path, line_number=number
        )
        context = commit_context.get_commit_context(caller, question)
        assert isinstance(context, CommitContext)
        found.append((context.blame.sha, context.code))
    assert found == expected


def test_a_synchronized_repository(scene, shop):
    caller, _, integration, row = scene
    assert row.name == "acme/shop"
    assert row.external_id.startswith("{")
    assert row.integration_id == integration.pk
    page = commits.list_commits(caller, repository_id=row.id, page_size=2)
    assert [commit.sha for commit in page.items] == shop.shas("main")[:2]
    again = commits.list_commits(
        caller, repository_id=row.id, page_size=2, page_token=page.next_token
    )
    assert [commit.sha for commit in again.items] == shop.shas("main")[2:4]
    assert page.items[0].web_url == f"{row.url}/commits/{page.items[0].sha}"
    found = files.get_file(caller, repository_id=row.id, path="src/basket.py")
    assert found.content == (shop.path / "src/basket.py").read_bytes()
    with pytest.raises(NotFound):
        files.get_file(caller, repository_id=row.id, path="no/such")


def test_there_are_no_issues(scene):
    caller, _, integration, row = scene
    _, supports = capabilities.get_capabilities(caller, repository_id=row.id)
    told = {each.capability: each for each in supports}
    assert {name for name, each in told.items() if not each.supported} == {Capability.ISSUES}
    assert "2026-08-20" in told[Capability.ISSUES].reason
    with pytest.raises(Unsupported, match="2026-08-20"):
        external_issues.create_external_issue(
            caller, integration_id=integration.pk, title="T", metadata={"repo": "acme/shop"}
        )
