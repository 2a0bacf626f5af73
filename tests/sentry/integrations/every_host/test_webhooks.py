"""Real pushes to every host become commits: its own delivery, through the door, against git."""

import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

import pytest

from forge_emulator import Emulator, HostedRepository
from sentry.actions.operator import operator_in
from sentry.integrations.manager import integrations
from sentry.integrations.services.integration import integration_service
from sentry.integrations.source_code_management.actions.installations import ref_of
from sentry.integrations.source_code_management.actions.rows import to_repository
from sentry.integrations.source_code_management.actions.webhook_registration import (
    register_webhooks,
)
from sentry.integrations.source_code_management.http_runtime import shared_runtime
from sentry.integrations.source_code_management.types import ProviderKey, RepositoryRef
from sentry.models import (
    Commit,
    CommitAuthor,
    CommitFileChange,
    Integration,
    PullRequest,
    Repository,
    RepositoryStatus,
    WebhookPayload,
    WebhookStatus,
)
from sentry.testutils.client import Client
from sentry.testutils.factories import Factories
from sentry.testutils.helpers.options import override_options
from sentry.testutils.tasks import run_due_tasks
from tests.sentry.integrations.scene import ADA, LINUS, GitTruth, build_repository

from .hosts import HOSTS, TOKEN, HostKind


@dataclass
class Relay:
    """Takes what a host delivers, to be handed to the door by the test's own thread."""

    received: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    url: str = ""

    def __enter__(self) -> Self:
        relay = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                relay.received.append((self.path, dict(self.headers.items()), body))
                self.send_response(202)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *details: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@dataclass
class Hooked:
    """One host that delivers to the relay, and a clone to push from."""

    kind: HostKind
    emulator: Emulator
    relay: Relay
    work: GitTruth
    integration: Integration
    repository: Repository

    def installation(self) -> Any:
        installed = integration_service.get_installed(
            organization_id=self.repository.organization_id, integration_id=self.integration.pk
        )
        assert installed is not None
        provider = integrations.get(self.kind.key.value)
        return provider.get_installation(installed.integration, self.repository.organization_id)

    def push(self, *refs: str) -> None:
        """Pushes with the credential that the platform itself fetches with."""
        name = self.repository.config["identifier"]
        ref = RepositoryRef(
            identifier=name,
            external_id=self.repository.external_id or "",
            config=self.repository.config,
        )
        source = self.installation().get_mirror_source(ref)
        settings = {
            f"GIT_CONFIG_{part}_{index}": text
            for index, (header, value) in enumerate(source.headers.items())
            for part, text in (("KEY", "http.extraHeader"), ("VALUE", f"{header}: {value}"))
        }
        self.work(
            "push", "-q", source.url, *refs, GIT_CONFIG_COUNT=str(len(source.headers)), **settings
        )

    def hand_over(self, *, status: int = 202) -> None:
        """Posts to the door what was delivered, as it came, and handles it."""
        self.emulator.wait_for_deliveries()
        for path, headers, body in self.relay.received:
            kind = headers.pop("Content-Type", "application/json")
            kept = {name: value for name, value in headers.items() if name.lower() != "host"}
            answer = Client().post(path, body, content_type=kind, headers=kept)
            assert answer.status_code == status, path
        self.relay.received.clear()
        run_due_tasks()


@pytest.fixture(params=HOSTS, ids=lambda kind: kind.key.value)
def hooked(request, db, settings, tmp_path: Path) -> Iterator[Hooked]:
    kind: HostKind = request.param
    settings.SCM_ALLOWED_HOSTS = ["127.0.0.1"]
    settings.SCM_MIRRORS_DIR = str(tmp_path / "mirrors")
    shared_runtime.cache_clear()
    work = build_repository(tmp_path / "work")
    work("tag", "start")
    work("clone", "-q", "--bare", ".", str(tmp_path / "shop.git"))
    hosted = HostedRepository(full_name=kind.full_name, path=tmp_path / "shop.git", private=True)
    folder = os.environ.get("CONTRACTS_DIR")
    organization = Factories.create_organization()
    with (
        Relay() as relay,
        Emulator(
            kind.key.value,
            [hosted],
            tokens={TOKEN: (kind.account,)},
            rate_limit=None,
            allow_push=True,
            contracts=Path(folder) if folder else None,
        ) as emulator,
        override_options({"system.url-prefix": relay.url}),
    ):
        integration = Factories.create_integration(
            organization=organization,
            provider=kind.key.value,
            metadata=dict(kind.metadata(emulator.url)),
        )
        repository = Factories.create_repo(
            organization_id=organization.id, provider=kind.key.value, integration_id=integration.pk
        )
        made = Hooked(kind, emulator, relay, work, integration, repository)
        info = made.installation().get_repository(kind.name)
        Repository.objects.filter(pk=repository.pk).update(
            name=info.name,
            url=info.url,
            external_id=info.external_id,
            config={"identifier": info.identifier},
        )
        repository.refresh_from_db()
        told = list(register_webhooks(operator_in(organization.id), integration_id=integration.pk))
        assert [each.problem for each in told] == [""]
        made.hand_over()
        yield made
        if folder:
            assert emulator.problems == []
    shared_runtime.cache_clear()


def commit_some(git: GitTruth) -> None:
    """A change, a move, a removal, names outside ASCII, and a merge."""
    git.commit("Grüße ☃\n\nBody", {"neu/ä b.txt": b"1\n", "x.txt": b"1\n2\n"}, LINUS)
    git("mv", "README.md", "LIESMICH.md")
    git.commit("Move", {"x.txt": b"1\n3\n"})
    git("rm", "-q", "x.txt")
    git.commit("Remove", {})
    git("checkout", "-q", "-b", "side", "HEAD~2")
    git.commit("Side", {"side.py": b"s\n"}, LINUS)
    git("checkout", "-q", "main")
    people = {"GIT_AUTHOR_NAME": ADA[0], "GIT_AUTHOR_EMAIL": ADA[1]}
    people |= {"GIT_COMMITTER_NAME": ADA[0], "GIT_COMMITTER_EMAIL": ADA[1]}
    git("merge", "-q", "--no-ff", "-m", "Merge side", "side", **people)


def check(hooked: Hooked) -> None:
    """What is stored is what git says, and every delivery is done."""
    git = hooked.work
    shas = git("rev-list", "main", "^start").split()
    rows = {row.key: row for row in Commit.objects.all()}
    assert set(shas) <= set(rows)
    for sha in shas:
        name, email, message = git("show", "-s", "--format=%an%x00%ae%x00%B", sha).split("\0")
        row = rows[sha]
        assert (row.author_name, row.author_email) == (name, email)
        assert (row.message or "").strip() == message.strip()
        stored = CommitFileChange.objects.filter(commit=row).values_list("filename", "type")
        assert dict(stored) == files_in_git(git, sha), message
    assert set(CommitAuthor.objects.values_list("email", flat=True)) == {ADA[1], LINUS[1]}
    states = set(WebhookPayload.objects.values_list("status", flat=True))
    assert states <= {WebhookStatus.DONE}


def files_in_git(git: GitTruth, sha: str) -> dict[str, str]:
    out = git(
        "diff-tree", "--root", "-r", "-z", "--no-renames", "--name-status", "--no-commit-id",
        "--diff-merges=first-parent", sha,
    )  # fmt: skip
    parts = out.split("\0")[:-1]
    return dict(zip(parts[1::2], parts[::2], strict=True))


def test_a_push_becomes_commits(hooked: Hooked) -> None:
    commit_some(hooked.work)
    hooked.push("main")
    hooked.hand_over()
    check(hooked)
    hooked.emulator.redeliver(hooked.emulator.deliveries[-1])
    hooked.hand_over(status=200)
    hooked.work.commit("Another", {"another.txt": b"a\n"})
    hooked.push("main", "main~1:refs/heads/branch")
    hooked.hand_over()
    check(hooked)


def test_a_pull_request_is_recorded(hooked: Hooked) -> None:
    hooked.work("branch", "topic", "main")
    hooked.work.commit("On it", {"on.txt": b"1\n"})
    hooked.push("main", "topic")
    hooked.hand_over()
    full_name = hooked.kind.full_name
    pull = hooked.emulator.add_pull_request(full_name, title="First", head="main", base="topic")
    hooked.hand_over()
    row = PullRequest.objects.get()
    assert (row.title, row.state) == ("First", "open")
    assert (row.head_branch, row.base_branch) == ("main", "topic")
    hooked.emulator.change_pull_request(full_name, pull.number, merge_commit="main")
    hooked.hand_over()
    row.refresh_from_db()
    assert row.state == "merged"


def test_a_new_name_is_followed(hooked: Hooked) -> None:
    """GitLab tells a project's webhook of no new name: the next push does."""
    owner, _, _ = hooked.kind.full_name.rpartition("/")
    hooked.emulator.rename_repository(hooked.kind.full_name, f"{owner}/store")
    if hooked.kind.key is ProviderKey.GITLAB:
        hooked.work.commit("Under the new name", {"new.txt": b"1\n"})
        hooked.push("main")
    hooked.hand_over()
    hooked.repository.refresh_from_db()
    former, _, _ = hooked.kind.name.rpartition("/")
    assert hooked.repository.name == f"{former}/store"
    assert ref_of(to_repository(hooked.repository)).identifier == f"{former}/store"
    page = hooked.installation().get_repository(f"{former}/store").url
    assert hooked.repository.url == page
    assert hooked.repository.status == RepositoryStatus.ACTIVE
    states = set(WebhookPayload.objects.values_list("status", flat=True))
    assert states <= {WebhookStatus.DONE}


def test_a_deletion_is_followed_where_the_host_tells_of_it(hooked: Hooked) -> None:
    hooked.emulator.remove_repository(hooked.kind.full_name)
    hooked.hand_over()
    hooked.repository.refresh_from_db()
    silent = hooked.kind.key in (ProviderKey.GITLAB, ProviderKey.BITBUCKET_SERVER)
    expected = RepositoryStatus.ACTIVE if silent else RepositoryStatus.DISABLED
    assert hooked.repository.status == expected
    states = set(WebhookPayload.objects.values_list("status", flat=True))
    assert states <= {WebhookStatus.DONE}
