"""A repository that is known by its UUID, once it has another name and its own is another's."""

from collections.abc import Iterator

import pytest

from forge_emulator import Emulator, HostedRepository
from sentry.actions.operator import operator_in
from sentry.integrations.bitbucket.integration import BitbucketIntegration
from sentry.integrations.bitbucket.parse_files import parse_matches
from sentry.integrations.source_code_management.actions import integrations as actions
from sentry.integrations.source_code_management.actions import sync
from sentry.integrations.source_code_management.errors import InvalidArgument, NotFound
from sentry.integrations.source_code_management.json_reader import Json
from sentry.integrations.source_code_management.types import RepositoryRef
from sentry.models import Integration, Repository
from sentry.testutils.factories import Factories

from .conftest import ACCESS_TOKEN, API_TOKEN, Git, integration


@pytest.fixture
def host(shop: Git) -> Iterator[Emulator]:
    with Emulator(
        "bitbucket",
        [HostedRepository(full_name="acme/shop", path=str(shop.path), id=1)],
        rate_limit=None,
        tokens={API_TOKEN: ("robot",)},
        users={"robot@example.com": "robot"},
    ) as running:
        yield running


@pytest.fixture
def made(host: Emulator) -> BitbucketIntegration:
    return integration(host.url, email="robot@example.com", api_token=API_TOKEN)


@pytest.fixture
def known(made: BitbucketIntegration) -> RepositoryRef:
    """The repository as it was when it was stored."""
    info = made.get_repository("acme/shop")
    return RepositoryRef(identifier=info.identifier, external_id=info.external_id)


@pytest.fixture
def other(host: Emulator, known: RepositoryRef, tmp_path) -> Git:
    """Renames the repository, and gives its name to another one, which is returned."""
    git = Git(tmp_path / "other")
    git.path.mkdir()
    git("init", "-q", "-b", "main")
    git.commit("Begin something else", {"src/basket.py": b"TAX = 'of another'\n"})
    host.rename_repository("acme/shop", "acme/store")
    host.add_repository(HostedRepository(full_name="acme/shop", path=str(git.path), id=2))
    host.clear_requests()
    return git


def test_everything_is_read_by_the_uuid(made, known, other, shop, host):
    head = shop.sha("main")
    assert made.get_repository_default_branch(known) == "main"
    assert made.has_repo_access(known)
    assert made.resolve_ref(known, "main") == head != other.sha("main")
    assert made.get_commit(known, head).sha == head
    with pytest.raises(NotFound):
        made.get_commit(known, other.sha("main"))
    commits, _ = made.list_commits(known, sha=head, path="", page=1, per_page=3)
    assert [commit.sha for commit in commits] == shop.shas("-3", "main")
    file = made.get_file(known, path="src/basket.py", sha=head, max_bytes=999)
    assert file.content == (shop.path / "src/basket.py").read_bytes()
    assert made.get_tree(known, sha=head, path="src", max_entries=9).entries
    assert made.get_commit_changes(known, sha=head)
    old = shop.sha("old")
    assert made.compare_commits(known, base=old, head=head, max_commits=9).commits
    assert {branch.sha for branch in made.get_branches(known, query="main")} == {head}
    assert made.get_pull_requests_for_commit(known, sha=head) == []
    assert all("/%7B" in request.encoded_path for request in host.requests)


def test_a_search_asks_for_the_name_and_answers_nothing_of_another(made, known, other, shop, host):
    matches, more = made.search_code(known, query="TAX", page=1, per_page=9)
    assert [match.path for match in matches] == ["src/basket.py"]
    assert "another" not in str(matches)
    assert not more
    assert "repo%3Astore" in host.requests[-1].query


def test_what_the_index_still_has_of_another_is_left_out():
    """The index lags behind: under a name it may still have what was another one's."""

    def found(path: str, uuid: str) -> Json:
        repository: Json = {"type": "repository", "uuid": uuid}
        return {"file": {"path": path, "commit": {"repository": repository}}}

    own, other = (f"{{0a1b2c3d-0000-4000-8000-00000000000{number}}}" for number in "ab")
    values: list[Json] = [
        found("a", own),
        found("b", other),
        {"file": {"path": "c"}},
        found("d", own.upper()),
    ]
    answer: Json = {"values": values}
    for external_id in (own, own.upper()):
        matches = parse_matches(answer, external_id=external_id)
        assert [match.path for match in matches] == ["a", "c", "d"]
    for unknown in ("", "a-key-of-a-former-row"):
        matches = parse_matches(answer, external_id=unknown)
        assert [match.path for match in matches] == ["a", "b", "c", "d"]


@pytest.mark.parametrize(("query", "requests"), [("", 0), ('"', 0), ("x" * 250, 1)])
def test_a_search_that_can_be_none_is_not_made(made, known, host, query, requests):
    host.clear_requests()
    with pytest.raises(InvalidArgument) as caught:
        made.search_code(known, query=query, page=1, per_page=9)
    assert caught.value.field == "query"
    assert len(host.requests) == requests  # how long it is depends on the present name


def test_a_webhook_is_registered_on_the_repository_that_is_meant(made, known, other, host):
    number = made.register_webhook(known, url="https://sentry.example/hook", secret="s3cret")
    assert [hook.config["url"] for hook in host.world.store.hooks(1)] == [
        "https://sentry.example/hook"
    ]
    assert host.world.store.hooks(2) == []
    made.unregister_webhook(known, webhook_id=number)
    assert host.world.store.hooks(1) == []


def test_a_mirror_is_fetched_by_the_name_of_now(made, known, other, host):
    assert made.get_mirror_source(known).url == f"{host.url}/acme/store.git"


def test_a_transfer_and_a_deletion(made, known, shop, host):
    host.rename_repository("acme/shop", "dora/shop")
    assert made.resolve_ref(known, "main") == shop.sha("main")
    host.remove_repository("dora/shop")
    with pytest.raises(NotFound):
        made.resolve_ref(known, "main")


# --- the workspace that an integration is narrowed to ----------------------------------------


def test_a_workspace_is_kept_by_its_uuid(host):
    by_slug = integration(
        host.url, email="robot@example.com", api_token=API_TOKEN, workspace="acme"
    )
    told = by_slug.check_credential()
    uuid = told.settings["workspace"]
    assert uuid.startswith("{")
    host.clear_requests()
    by_uuid = integration(host.url, email="robot@example.com", api_token=API_TOKEN, workspace=uuid)
    assert by_uuid.check_credential() == told
    assert not any(request.path.startswith("/2.0/workspaces") for request in host.requests)


@pytest.mark.parametrize("may_ask", [True, False])
def test_a_workspace_that_lists_nothing_is_asked_for(shop, may_ask):
    hidden = HostedRepository(full_name="acme/shop", path=str(shop.path), private=True)
    scopes = ("read:workspace:bitbucket",) if may_ask else ()
    granted = ("read:user:bitbucket", "read:repository:bitbucket", "read:pullrequest:bitbucket")
    tokens = {API_TOKEN: ("robot", "nothing/at-all", *granted, *scopes)}
    with Emulator("bitbucket", [hidden], tokens=tokens) as running:
        made = integration(
            running.url, email="robot@example.com", api_token=API_TOKEN, workspace="acme"
        )
        told = made.check_credential()
    assert told.missing == ()
    assert told.settings["workspace"].startswith("{" if may_ask else "acme")


@pytest.mark.django_db
def test_a_renamed_workspace_is_followed_and_a_strangers_is_not(host, shop, other, known):
    metadata = {
        "base_url": f"{host.url}/2.0",
        "web_url": host.url,
        "email": "robot@example.com",
        "api_token": API_TOKEN,
        "workspace": "acme",
    }
    caller = operator_in(Factories.create_organization().id)
    added = actions.add_integration(caller, provider="bitbucket", metadata=metadata)

    def listed():
        sync.sync_repositories(caller, integration_id=added.id)
        rows = Repository.objects.filter(organization_id=caller.organization_id)
        return {row.external_id: row.name for row in rows}

    before = listed()
    assert sorted(before.values()) == ["acme/shop", "acme/store"]
    host.rename_owner("acme", "ours")
    host.add_repository(HostedRepository(full_name="acme/theirs", path=str(shop.path), id=3))
    after = listed()
    assert after == {key: name.replace("acme/", "ours/") for key, name in before.items()}

    for again in (
        actions.add_integration(
            caller, provider="bitbucket", metadata=metadata | {"workspace": "ours"}
        ),
        actions.replace_credential(
            caller,
            integration_id=added.id,
            metadata={"email": "robot@example.com", "api_token": API_TOKEN},
        ),
    ):
        assert again.id == added.id
        assert again.external_id == added.external_id
    assert listed() == after


@pytest.mark.django_db
@pytest.mark.parametrize("by", ["account", "access token"])
def test_an_integration_from_before_is_renewed_and_not_doubled(shop, by):
    """It has the workspace's name in its identity, as it was given."""
    credential = (
        {"email": "robot@example.com", "api_token": API_TOKEN}
        if by == "account"
        else {"token": ACCESS_TOKEN}
    )
    hosted = HostedRepository(full_name="acme/shop", path=str(shop.path))
    tokens = {API_TOKEN: ("robot",), ACCESS_TOKEN: ("token", "acme/shop")}
    caller = operator_in(Factories.create_organization().id)
    with Emulator("bitbucket", [hosted], tokens=tokens) as running:
        metadata = {
            "base_url": f"{running.url}/2.0",
            "web_url": running.url,
            "workspace": "acme",
            **credential,
        }
        added = actions.add_integration(caller, provider="bitbucket", metadata=metadata)
        account = added.external_id
        if by == "account":
            account = account.rpartition(":")[0]
        row = Integration.objects.get(id=added.id)
        row.external_id, row.metadata = f"{account}:acme", metadata
        row.save()
        again = actions.add_integration(caller, provider="bitbucket", metadata=metadata)
        assert (again.id, again.external_id) == (added.id, added.external_id)
        if by == "access token":
            unasked = actions.add_integration(
                caller, provider="bitbucket", metadata=metadata, verify=False
            )
            assert unasked.id == added.id
    assert Integration.objects.count() == 1
