"""``sentry integration`` and ``sentry repository`` against a host on loopback."""

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from forge_emulator import Emulator
from sentry import features
from sentry.integrations.github.integration import GitHubIntegrationProvider
from sentry.integrations.source_code_management.http_runtime import shared_runtime
from sentry.models import Integration, RepositoryStatus
from sentry.testutils.factories import Factories
from tests import live
from tests.sentry.runner.conftest import Process, Sentry

type SentryJson = Callable[..., Any]
ACME = ["--organization", "acme"]
ADD = ["integration", "add", *ACME, "--provider", "github"]
SECRET = "ghp_hunter2hunter2hunter2"


@pytest.fixture
def acme() -> None:
    Factories.create_organization(name="Acme", slug="acme")


@pytest.mark.django_db
@pytest.mark.usefixtures("acme")
class TestAdding:
    def test_a_token_comes_by_standard_input(self, sentry: Sentry, sentry_json: SentryJson) -> None:
        result = sentry(*ADD, "--no-verify", "--token-stdin", "--name", "Ours", stdin=f"{SECRET}\n")
        row = Integration.objects.get()
        assert result.stdout == f"added github integration Ours (id {row.id})\n"
        assert row.plain_metadata()["token"] == SECRET
        (listed,) = sentry_json("integration", "list", *ACME)
        assert (listed["id"], listed["state"]) == (row.id, "active")
        assert sentry_json("integration", "list", *ACME, "--provider", "gitlab") == []
        assert SECRET not in json.dumps(listed) + result.output
        assert "Ours" in sentry("integration", "list", *ACME).stdout

    def test_an_app_comes_by_its_key_file(self, sentry: Sentry, tmp_path: Path) -> None:
        key = rsa.generate_private_key(65537, 2048).private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        file = tmp_path / "app.pem"
        file.write_bytes(key)
        app = ["--app-id", "12", "--installation-id", "345", "--private-key-file", str(file)]
        urls = ["--base-url", "https://git.example/api/v3", "--web-url", "https://git.example"]
        result = sentry(*ADD, "--no-verify", *app, *urls)
        metadata = Integration.objects.get().plain_metadata()
        assert (metadata["app"]["app_id"], metadata["app"]["installation_id"]) == ("12", "345")
        assert metadata["base_url"] == "https://git.example/api/v3"
        assert "PRIVATE KEY" not in result.output

    @pytest.mark.parametrize(
        "words",
        [
            [],
            ["--app-id", "12"],
            ["--app-id", "12", "--installation-id", "3"],
            ["--token-stdin", "--app-id", "12"],
            ["--token-stdin", "--credential-stdin"],
            ["--credential-stdin", "--app-id", "12"],
        ],
    )
    def test_one_whole_credential_is_needed(self, sentry: Sentry, words: list[str]) -> None:
        sentry(*ADD, *words, stdin=SECRET, status=2)
        assert not Integration.objects.exists()

    def test_another_kind_of_credential_comes_as_json(self, sentry: Sentry, tmp_path: Path) -> None:
        login = {"basic": {"username": "robot", "password": SECRET}}
        file = tmp_path / "login.json"
        file.write_text(json.dumps(login))
        add = ["integration", "add", *ACME, "--provider", "bitbucket_server", "--no-verify"]
        url = ["--base-url", "https://git.example"]
        for words, stdin in (
            (["--credential-file", str(file)], None),
            (["--credential-stdin"], file.read_text()),
        ):
            result = sentry(*add, *url, *words, stdin=stdin)
            assert SECRET not in result.output
            assert Integration.objects.get().plain_metadata()["basic"] == login["basic"]

    @pytest.mark.parametrize("text", ["hunter2", '["hunter2"]', '{"hunter2"', "[" * 100_000])
    def test_what_is_no_json_object_is_told_without_it(self, sentry: Sentry, text: str) -> None:
        result = sentry(*ADD, "--no-verify", "--credential-stdin", stdin=text, status=1)
        assert result.stderr == "Error: the credential is not a JSON object\n"

    def test_what_is_missing_is_told(self, sentry: Sentry, settings: Any) -> None:
        settings.SCM_ALLOWED_HOSTS = ["127.0.0.1"]
        shared_runtime.cache_clear()
        with Emulator(dialect="github", repositories=[], tokens={SECRET: ("dora", "gist")}) as host:
            urls = ["--base-url", host.url, "--web-url", host.url]
            result = sentry(*ADD, *urls, "--token-stdin", stdin=SECRET, status=1)
            assert result.stderr == "Error: metadata: the credential lacks: repo\n"
            assert not Integration.objects.exists()
            made = sentry(*ADD, *urls, "--no-verify", "--token-stdin", stdin=SECRET)
            assert made.stdout.startswith("added github integration")
        shared_runtime.cache_clear()

    def test_a_refresh_token_that_was_used_in_vain_is_told(
        self, sentry: Sentry, settings: Any
    ) -> None:
        settings.SCM_ALLOWED_HOSTS = ["127.0.0.1"]
        shared_runtime.cache_clear()
        with Emulator(dialect="gitlab", repositories=[]) as host:
            host.add_oauth_client("app", SECRET)
            pair = host.give_oauth("app", "dora", "read_user")
            oauth = {
                "client_id": "app",
                "client_secret": SECRET,
                "access_token": pair.access_token,
                "refresh_token": pair.refresh_token,
                "expires_at": 1,
            }
            words = ["integration", "add", *ACME, "--provider", "gitlab", "--base-url", host.url]
            given = json.dumps({"oauth": oauth})
            result = sentry(*words, "--credential-stdin", stdin=given, status=1)
        assert result.stderr == (
            "Error: metadata: the credential lacks: api; the refresh token was used in this attempt"
            " and is not good any more: authorize again\n"
        )
        shared_runtime.cache_clear()

    def test_a_broken_one_says_why_in_the_list(self, sentry: Sentry) -> None:
        sentry(*ADD, "--no-verify", "--token-stdin", stdin=SECRET)
        Integration.objects.update(broken_reason="the host rejected it")
        listed = sentry("integration", "list", *ACME).stdout
        assert "broken" in listed
        assert "the host rejected it" in listed

    def test_an_unknown_kind_of_host_is_wrong_usage(self, sentry: Sentry) -> None:
        words = ["integration", "add", *ACME, "--provider", "nonsense", "--token-stdin"]
        assert "'nonsense' is not one of" in sentry(*words, stdin=SECRET, status=2).stderr

    def test_a_missing_file_is_wrong_usage(self, sentry: Sentry) -> None:
        result = sentry(*ADD, "--token-file", "nowhere", status=2)
        assert "'nowhere' does not exist" in result.stderr

    def test_faults_are_told_without_the_secret(self, sentry: Sentry) -> None:
        result = sentry(*ADD, "--no-verify", "--token-stdin", stdin="hunter2 and more", status=1)
        assert result.stderr.startswith("Error: token: ")
        assert "hunter2" not in result.output

    def test_a_provider_that_is_switched_off_is_told(self, sentry: Sentry) -> None:
        with features.override({GitHubIntegrationProvider.feature: False}):
            result = sentry(*ADD, "--no-verify", "--token-stdin", stdin=SECRET, status=1)
        assert result.stderr == "Error: the provider github is switched off\n"


@pytest.mark.django_db
@pytest.mark.usefixtures("acme")
class TestUpdating:
    def test_a_token_is_rotated_on_the_host(self, sentry: Sentry, settings: Any) -> None:
        settings.SCM_ALLOWED_HOSTS = ["127.0.0.1"]
        shared_runtime.cache_clear()
        tokens = {"ghp_old": ("robot", "repo"), "ghp_new": ("robot", "repo")}
        with Emulator(dialect="github", repositories=[], tokens=tokens) as host:
            urls = ["--base-url", host.url, "--web-url", host.url]
            sentry(*ADD, *urls, "--token-stdin", "--name", "Ours", stdin="ghp_old")
            row = Integration.objects.get()
            update = ["integration", "update", str(row.id), *ACME, "--token-stdin"]
            refused = sentry(*update, stdin=SECRET, status=1)
            assert "the host rejected the integration's credential" in refused.stderr
            assert Integration.objects.get().plain_metadata() == row.plain_metadata()
            host.clear_requests()
            result = sentry(*update, stdin="ghp_new\n")
            assert host.requests
        assert result.output == f"updated github integration Ours (id {row.id})\n"
        renewed = Integration.objects.get()
        assert (renewed.id, renewed.name) == (row.id, "Ours")
        assert renewed.external_id == row.external_id, "the account is the same one"
        assert renewed.plain_metadata() == {**row.plain_metadata(), "token": "ghp_new"}
        shared_runtime.cache_clear()

    def test_a_token_of_another_integration_is_refused(
        self, sentry: Sentry, sentry_json: SentryJson
    ) -> None:
        first, _ = [
            sentry_json(*ADD, "--no-verify", "--token-stdin", stdin=token)["id"]
            for token in (SECRET, "ghp_other")
        ]
        update = ["integration", "update", str(first), *ACME, "--no-verify", "--token-stdin"]
        refused = sentry(*update, stdin="ghp_other", status=1)
        assert refused.stderr == "Error: another integration with this credential exists already\n"
        assert sentry_json(*update, stdin="ghp_third")["id"] == first
        assert len(sentry_json("integration", "list", *ACME)) == 2

    def test_only_those_of_the_organization(self, sentry: Sentry) -> None:
        other = Factories.create_integration(organization=Factories.create_organization())
        update = ["integration", "update", str(other.pk), *ACME, "--no-verify", "--token-stdin"]
        assert "integration not found" in sentry(*update, stdin=SECRET, status=1).stderr

    def test_one_whole_credential_is_needed(self, sentry: Sentry) -> None:
        for words in ([], ["--app-id", "12"], ["--token-stdin", "--app-id", "12"]):
            sentry("integration", "update", "1", *ACME, *words, stdin=SECRET, status=2)


@pytest.mark.django_db
@pytest.mark.usefixtures("acme")
def test_repositories_are_listed_over_all_pages(sentry: Sentry, sentry_json: SentryJson) -> None:
    organization = Factories.create_organization(slug="many")
    for name in ("b", "a", "SHOP-c"):
        Factories.create_repo(organization_id=organization.id, name=name)
    Factories.create_repo(
        organization_id=organization.id, name="gone", status=RepositoryStatus.PENDING_DELETION
    )
    many = ["repository", "list", "--organization", "many"]
    assert {row["name"] for row in sentry_json(*many)} == {"a", "b", "SHOP-c"}
    (found,) = sentry_json(*many, "--query", "shop", "--provider", "github")
    assert (found["name"], found["provider"], found["status"]) == ("SHOP-c", "github", "active")
    assert sentry_json(*many, "--provider", "gitlab") == []
    assert sentry_json("repository", "list", *ACME) == []
    assert "SHOP-c" in sentry(*many).stdout


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """The emulator over a small repository: its URL, and the file of its token."""
    folder = tmp_path_factory.mktemp("host")
    repository = live.make_repository(folder / "shop")
    token = folder / "token"
    command = [
        str(live.BIN / "forge-emulator"), "--repo", f"{repository}=acme/shop", "--token-out",
        str(token), "--no-rate-limit",
    ]  # fmt: skip
    with live.running(command, os.environ, folder) as program:
        yield program.url, token


@pytest.mark.usefixtures("installed")
def test_an_operator_connects_a_host(process: Process, host: tuple[str, Path]) -> None:
    url, token = host
    allowed = {"SCM_ALLOWED_HOSTS": "127.0.0.1"}

    def run(*arguments: str, **how: Any) -> subprocess.CompletedProcess[str]:
        return process(*arguments, **{**allowed, **how})

    run("organization", "create", "Acme")
    add = [*ADD, "--base-url", url, "--web-url", url]
    refused = run(*add, "--token-file", str(token), SCM_ALLOWED_HOSTS="", status=1)
    assert refused.stderr.startswith("Error: ")
    assert "Traceback" not in refused.stderr
    wrong = run(*add, "--token-stdin", stdin=SECRET, status=1)
    assert "the host rejected the integration's credential" in wrong.stderr
    assert SECRET not in wrong.stdout + wrong.stderr
    assert json.loads(run("integration", "list", *ACME, "--json").stdout) == []

    made = json.loads(run(*add, "--token-file", str(token), "--json").stdout)
    sync = ["repository", "sync", *ACME, "--integration", str(made["id"])]
    first = run(*sync, "--json")
    assert json.loads(first.stdout)["created"] == 1
    assert first.stderr == "1 created, 0 updated, 0 unchanged, 0 skipped\n"
    assert run(*sync).stdout == "0 created, 0 updated, 1 unchanged, 0 skipped\n"
    assert run(*sync, "--query", "nothing").stdout.startswith("0 created, 0 updated, 0 unch")
    (stored,) = json.loads(run("repository", "list", *ACME, "--json").stdout)
    assert (stored["name"], stored["integration_id"]) == ("acme/shop", made["id"])
    assert stored["config"] == {"default_branch": "main"}
    assert (
        "integration not found"
        in run("repository", "sync", *ACME, "--integration", "999", status=1).stderr
    )
