"""What every provider of the registry must be. A seventh one is tested by being registered."""

import inspect
import json
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from pydantic import ValidationError

from sentry import features
from sentry.actions.operator import operator_in
from sentry.integrations.base import CAPABILITIES, IntegrationProvider
from sentry.integrations.manager import IntegrationManager, integrations
from sentry.integrations.registry import PROVIDERS
from sentry.integrations.services.integration.model import RpcIntegration
from sentry.integrations.source_code_management.actions import (
    capabilities,
    code_mappings,
    commit_context,
    commits,
    external_issues,
    files,
    sync,
)
from sentry.integrations.source_code_management.actions.integrations import add_integration
from sentry.integrations.source_code_management.errors import (
    InvalidArgument,
    ProviderDisabled,
    Unsupported,
)
from sentry.integrations.source_code_management.types import Capability, ProviderKey
from sentry.models import Integration, Project
from sentry.testutils.factories import Factories

SECRET = "hunter2hunter2hunter2"
# The files of every provider's folder; more may lie beside them.
FILES = {"__init__.py", "auth.py", "client.py", "integration.py", "parse.py"}
each_provider = pytest.mark.parametrize("provider", PROVIDERS, ids=lambda item: item.key.value)


@cache
def _pem() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode("ascii")


def _github_app() -> dict[str, Any]:
    return {"app_id": "7", "private_key": _pem(), "installation_id": "42"}


def _oauth() -> dict[str, Any]:
    return {"client_id": "7", "client_secret": SECRET, "access_token": SECRET}


# For each provider, the ways to give a credential; exactly one of them is to be given. Where one is
# made of several keys, its name here joins them.
CREDENTIALS: dict[ProviderKey, dict[str, Callable[[], Any]]] = {
    ProviderKey.BITBUCKET: {
        "email+api_token": lambda: {"email": "robot@example.com", "api_token": SECRET},
        "token": lambda: SECRET,
        "oauth": _oauth,
    },
    ProviderKey.BITBUCKET_SERVER: {
        "token": lambda: SECRET,
        "basic": lambda: {"username": "robot", "password": SECRET},
    },
    ProviderKey.GITHUB: {"token": lambda: SECRET, "app": _github_app},
    ProviderKey.GITHUB_ENTERPRISE: {"token": lambda: SECRET, "app": _github_app},
    ProviderKey.VSTS: {
        "token": lambda: SECRET,
        "entra": lambda: {"tenant": "acme.example", "client_id": "a", "client_secret": SECRET},
    },
    ProviderKey.GITLAB: {"token": lambda: SECRET, "oauth": _oauth},
}

# What else a provider's metadata must say, where there is no host that everybody uses.
HOSTS: dict[ProviderKey, dict[str, Any]] = {
    ProviderKey.BITBUCKET_SERVER: {"base_url": "https://bitbucket.example.com"},
    ProviderKey.GITHUB_ENTERPRISE: {"base_url": "https://github.example.com"},
    ProviderKey.VSTS: {"base_url": "https://dev.azure.com/acme"},
}


def metadata_of(provider: type[IntegrationProvider]) -> list[dict[str, Any]]:
    """Metadata with each kind of credential alone."""
    host = HOSTS.get(provider.key, {})
    return [{**host, **_given(name, make)} for name, make in CREDENTIALS[provider.key].items()]


def _given(name: str, make: Callable[[], Any]) -> dict[str, Any]:
    return dict(make()) if "+" in name else {name: make()}


def secrets_of(metadata: dict[str, Any]) -> list[str]:
    """The texts that must be shown nowhere."""
    app = metadata.get("app") or {}
    key_lines = str(app.get("private_key", "")).splitlines()
    return [SECRET, *key_lines[1:-1]]


def test_every_provider_is_registered_once() -> None:
    keys = [provider.key for provider in PROVIDERS]
    assert len(set(keys)) == len(keys)
    assert set(CREDENTIALS) == set(keys), "give this test the credentials of a new provider"
    assert integrations.all() == list(PROVIDERS)


@each_provider
def test_it_is_found_by_its_key(provider: type[IntegrationProvider]) -> None:
    assert integrations.get(provider.key) is integrations.find(provider.key) is provider
    assert provider.key in set(ProviderKey)
    assert provider.name.strip()


def test_an_unknown_key() -> None:
    manager = IntegrationManager(())
    assert (manager.all(), manager.find("github")) == ([], None)
    with pytest.raises(KeyError):
        manager.get("github")


@each_provider
def test_its_flag_exists(provider: type[IntegrationProvider]) -> None:
    assert provider.feature in {feature.name for feature in features.all_features()}
    assert features.has(provider.feature) is True


@each_provider
def test_what_it_declares_it_has(provider: type[IntegrationProvider]) -> None:
    """Each capability is there with every method and the Protocol's parameters, or not at all."""
    for capability, protocol in CAPABILITIES.items():
        methods = [
            (name, method)
            for name, method in inspect.getmembers(protocol, inspect.isfunction)
            if not name.startswith("_")
        ]
        own = [getattr(provider.installation_class, name, None) for name, _ in methods]
        is_gits = capability is Capability.BLAME and Capability.MIRRORS in provider.capabilities()
        if capability not in provider.capabilities() or (is_gits and not any(own)):
            assert not any(own), f"{provider.key} has a part of {capability}"
            continue
        for (name, method), mine in zip(methods, own, strict=True):
            assert mine is not None
            wanted = inspect.signature(method).parameters.items()
            given = inspect.signature(mine).parameters.items()
            assert [(key, value.kind, value.default) for key, value in given] == [
                (key, value.kind, value.default) for key, value in wanted
            ], f"{provider.key}.{name}"
    assert set(CAPABILITIES) == set(Capability)


@each_provider
def test_a_credential_is_needed_and_only_one(provider: type[IntegrationProvider]) -> None:
    model = provider.metadata_model
    for metadata in metadata_of(provider):
        model.model_validate(metadata)
    everything = {key: value for each in metadata_of(provider) for key, value in each.items()}
    host = HOSTS.get(provider.key, {})
    refused = [host, everything] if len(CREDENTIALS[provider.key]) > 1 else [host]
    for metadata in refused:
        with pytest.raises(ValidationError) as refusal:
            model.model_validate(metadata)
        assert not any(secret in str(refusal.value) for secret in secrets_of(metadata))


@each_provider
def test_what_it_does_not_know_it_refuses(provider: type[IntegrationProvider]) -> None:
    for metadata in metadata_of(provider):
        with pytest.raises(ValidationError) as refusal:
            provider.metadata_model.model_validate({**metadata, "tokn": SECRET})
        assert SECRET not in str(refusal.value)


@each_provider
def test_no_secret_is_shown(provider: type[IntegrationProvider]) -> None:
    for metadata in metadata_of(provider):
        checked = provider.metadata_model.model_validate(metadata)
        external_id = provider.external_id_of(checked)
        model = RpcIntegration(
            id=1, provider=provider.key, external_id=external_id, name="N", status=0,
            metadata=checked.model_dump(mode="json"),
        )  # fmt: skip
        installation = provider.get_installation(model, 7)
        client = installation.get_client()
        shown = f"{checked!r} {checked} {model!r} {installation!r} {client!r} {external_id}"
        assert not any(secret in shown for secret in secrets_of(metadata))
        assert installation.organization_id == 7


@each_provider
def test_its_identity_on_the_host(provider: type[IntegrationProvider]) -> None:
    """Stable, fits its column, and another one for another credential."""
    model = provider.metadata_model
    seen = []
    for metadata in metadata_of(provider):
        first = provider.external_id_of(model.model_validate(metadata))
        assert first == provider.external_id_of(model.model_validate(metadata))
        column = Integration._meta.get_field("external_id")
        assert 0 < len(first) <= (column.max_length or 0)
        seen.append(first)
    assert len(set(seen)) == len(seen)
    with pytest.raises(TypeError):
        provider.external_id_of(RpcIntegration.model_construct())


@each_provider
def test_its_folder_is_like_every_other(provider: type[IntegrationProvider]) -> None:
    folder = Path(inspect.getfile(provider)).parent
    assert folder.name == provider.key.value
    assert Path(inspect.getfile(provider)).name == "integration.py"
    assert {path.name for path in folder.glob("*.py")} >= FILES


# What recordings of a capability's answers are called. Those that talk to no API have none.
RECORDINGS = {
    Capability.REPOSITORIES: r"/repo(?:s|sitory)?\b",
    Capability.COMMITS: r"/commits?\b",
    Capability.FILES: r"/content\b",
    Capability.BLAME: r"blame",
    Capability.ISSUES: r"/issues?\b",
    Capability.COMPARISONS: r"/(?:compare|diffstat|changes)\b",
    Capability.TREES: r"(?<!github)/content_list\b|/files-page",  # GitHub's is no tree of its API
    Capability.BRANCHES: r"/branch(?:es|-list)\b",
    Capability.PULL_REQUESTS: r"/(?:prs?|pulls|merges|pull-request-page)\b",
    Capability.CODE_SEARCH: r"/search",
    Capability.WEBHOOKS: r"/webhooks/push|/webhooks-examples",
}
# Of these nobody recorded an answer. They are held to the host's own description alone, or have none:
# a file's content may be its plain bytes, and where the host knows no blame, it is git's.
NOT_RECORDED = {
    "github": {Capability.BLAME, Capability.CODE_SEARCH, Capability.TREES},
    "gitlab": {Capability.BLAME, Capability.CODE_SEARCH, Capability.FILES},
    "bitbucket": {Capability.BLAME, Capability.CODE_SEARCH, Capability.FILES},
    "bitbucket_server": {Capability.FILES},
    "vsts": {Capability.BLAME, Capability.CODE_SEARCH, Capability.ISSUES},
}


@each_provider
def test_each_of_its_capabilities_has_goldens(provider: type[IntegrationProvider]) -> None:
    """What the host really sent and what it is read as; a subclass reads what its base reads."""
    reader = [each for each in provider.__mro__ if issubclass(each, IntegrationProvider)][-2]
    key = reader.key.value
    files = (Path(__file__).parent / key).rglob("golden.json")
    recorded = [name for file in files for name in json.loads(file.read_text(encoding="utf-8"))]
    found = {
        capability
        for capability, names in RECORDINGS.items()
        if any(re.search(names, name) for name in recorded)
    }
    assert not found & NOT_RECORDED[key], "there is one now"
    assert provider.capabilities() & RECORDINGS.keys() <= found | NOT_RECORDED[key]
    assert set(Capability) - RECORDINGS.keys() == {Capability.SOURCE_URLS, Capability.MIRRORS}


@each_provider
def test_a_commits_page(provider: type[IntegrationProvider]) -> None:
    url = provider.commit_url_format.format(url="https://git.example/a/b", sha="f" * 40)
    assert url.startswith("https://git.example/a/b/")
    assert "f" * 40 in url


# --- unknown and switched off -------------------------------------------------------------------

HEAD = "f" * 40


@pytest.mark.django_db
def test_an_unknown_provider_supports_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    others = {key: each for key, each in integrations._providers.items() if key != "gitlab"}
    monkeypatch.setattr(integrations, "_providers", others)
    organization = Factories.create_organization()
    project = Factories.create_project(organization)
    integration = Factories.create_integration(organization=organization, provider="gitlab")
    repository = Factories.create_repo(
        project, provider="gitlab", integration_id=integration.pk, config={"default_branch": "m"}
    )
    for name, call in _calls(organization.id, project.id, repository.id, integration.pk).items():
        with pytest.raises(Unsupported) as refusal:
            call()
        assert refusal.value.provider == "gitlab", name
    with pytest.raises(InvalidArgument, match="provider"):
        add_integration(operator_in(organization.id), provider="gitlab", metadata={})


@pytest.mark.django_db
@each_provider
def test_a_provider_that_is_switched_off(provider: type[IntegrationProvider]) -> None:
    """Every action that reaches a provider says so, and asks the host nothing."""
    organization = Factories.create_organization()
    project = Factories.create_project(organization)
    (metadata, *_) = metadata_of(provider)
    integration = Factories.create_integration(
        organization=organization, provider=provider.key, metadata=metadata
    )
    repository = Factories.create_repo(
        project, provider=provider.key, integration_id=integration.pk,
        config={"default_branch": "main"},
    )  # fmt: skip
    calls = _calls(organization.id, project.id, repository.id, integration.pk)
    calls["add_integration"] = lambda: add_integration(
        operator_in(organization.id), provider=provider.key, metadata=metadata
    )
    for name, call in calls.items():
        with features.override({provider.feature: False}), pytest.raises(ProviderDisabled) as off:
            call()
        assert off.value.provider == provider.key, name


def _calls(
    organization_id: int, project_id: int, repository_id: int, integration_id: int
) -> dict[str, Callable[[], object]]:
    """Every action that reaches a provider."""
    caller = operator_in(organization_id)
    group = Factories.create_group(Project.objects.get(pk=project_id))
    issue = Factories.create_external_issue(group=group, integration_id=integration_id)
    question = commit_context.LineQuestion(
        repository_id=repository_id, commit_sha=HEAD, filepath="a", line_number=1
    )
    of_file: dict[str, Any] = {"repository_id": repository_id, "commit_sha": HEAD, "filepath": "a"}
    mapping: dict[str, Any] = {"project_id": project_id, "repository_id": repository_id}

    def first_of_batch() -> None:
        (answer,) = commit_context.batch_get_commit_context(caller, [question])
        assert isinstance(answer, Exception)
        raise answer

    return {
        "get_commit": lambda: commits.get_commit(
            caller, repository_id=repository_id, commit_sha=HEAD
        ),
        "list_commits": lambda: commits.list_commits(caller, repository_id=repository_id),
        "get_file": lambda: files.get_file(caller, repository_id=repository_id, path="a"),
        "get_commit_context": lambda: commit_context.get_commit_context(caller, question),
        "batch_get_commit_context": first_of_batch,
        "stream_file_blame": lambda: next(commit_context.stream_file_blame(caller, **of_file)),
        "create_code_mapping": lambda: code_mappings.create_code_mapping(
            caller, **mapping, stack_root="a", source_root="b"
        ),
        "create_external_issue": lambda: external_issues.create_external_issue(
            caller, integration_id=integration_id, title="T", metadata={"repo": "a/b"}
        ),
        "link_external_issue": lambda: external_issues.link_external_issue(
            caller, group_id=group.id, external_issue_id=issue.id
        ),
        "capabilities of a repository": lambda: capabilities.get_capabilities(
            caller, repository_id=repository_id
        ),
        "capabilities of an integration": lambda: capabilities.get_capabilities(
            caller, integration_id=integration_id
        ),
        "sync_repositories": lambda: sync.sync_repositories(caller, integration_id=integration_id),
    }


@pytest.mark.parametrize("provider", PROVIDERS, ids=lambda provider: provider.key)
def test_no_pattern_of_the_metadata_unrolls_to_megabytes(provider):
    """Long texts have a ``max_length`` beside the pattern: see ``credential_texts``."""
    schema = json.dumps(provider.metadata_model.model_json_schema())
    counts = [int(most) for most in re.findall(r"\{\d+,(\d+)\}", schema)]
    assert "pattern" in schema
    assert max(counts, default=0) <= 255
