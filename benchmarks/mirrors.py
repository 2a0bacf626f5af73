"""What a blame on a mirror costs over git's own, and how often the git endpoint is asked for it."""

import os
import subprocess
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from benchmarks import calls, history, seed
from benchmarks.report import Figure, at_most, ratio_of_rounds
from forge_emulator import Emulator, HostedRepository
from forge_emulator.repositories import stable_number

ROUNDS = 15
NAME = "bench/history"
TOKEN = "ghp_bench_mirror"
# No file's contents: a file that is not there needs the commits and trees alone.
NOTHING = "no/such/file.py"


@dataclass(frozen=True, kw_only=True)
class _Scene:
    """The product in this process, a repository on an emulated host, and a key to it."""

    emulator: Emulator
    git_dir: Path
    head: str
    repository_id: int
    headers: dict[str, str]

    def blame(self, line: int, path: str = history.PATH) -> bytes:
        """GetCommitContext through the whole application; the answer's bytes."""
        from sentry.integrations.grpc.generated import scm_pb2
        from sentry.wsgi import application

        request = scm_pb2.GetCommitContextRequest(
            repository_id=self.repository_id, commit_sha=self.head, filepath=path, line_number=line
        )
        body = calls.framed(request)
        template = calls.rpc_environ("GetCommitContext", body, self.headers)
        return calls.call(application, template, body)  # type: ignore[arg-type] # WSGI's own types

    def git_blame(self, line: int) -> bytes:
        """The bare command, as one would type it."""
        command = ["git", "--git-dir", str(self.git_dir), "blame", f"-L{line},{line}"]
        command += [self.head, "--", history.PATH]
        return subprocess.run(command, check=True, capture_output=True).stdout

    def requests(self) -> int:
        """How many requests the git endpoint had since the last look."""
        asked = sum(request.kind == "git" for request in self.emulator.requests)
        self.emulator.clear_requests()
        return asked


def blames(data: seed.Seed) -> Iterable[Figure]:
    """Clone, first blame and warm blames of the same lines, each round with other lines."""
    git_dir = history.repository(data.home)
    hosted = HostedRepository(full_name=NAME, path=git_dir, private=True)
    with (
        tempfile.TemporaryDirectory() as mirrors,
        Emulator("github", [hosted], tokens={TOKEN: ("bench", "repo")}, rate_limit=None) as host,
    ):
        os.environ["SCM_MIRRORS_DIR"] = mirrors
        yield from _measured(_scene(data, host, git_dir))


def _measured(scene: _Scene) -> Iterable[Figure]:
    assert b"grpc-status" in scene.blame(1, NOTHING)
    yield Figure(name="mirror_clone_requests", value=scene.requests(), unit="requests")
    first = scene.blame(1)
    wrong = "" if _sha(scene.git_blame(1)) in first else "git and the service blame another commit"
    yield Figure(
        name="mirror_cold_blame_requests",
        value=scene.requests(),
        unit="requests",
        bar=at_most(2),
        invalid=wrong,
    )
    lines = range(2, history.LINES, history.LINES // (ROUNDS + 1))[: ROUNDS + 1]
    for work in (scene.blame, scene.git_blame):
        work(lines[0])
    rounds = [
        (
            calls.seconds_per_call(lambda line=line: scene.blame(line), 1),  # type: ignore[misc] # bound now
            calls.seconds_per_call(lambda line=line: scene.git_blame(line), 1),  # type: ignore[misc]
        )
        for line in lines[1:]
    ]
    agreed = all(_sha(scene.git_blame(line)) in scene.blame(line) for line in lines)
    if not agreed:
        wrong = "git and the service blame another commit"
    elif scene.requests():
        wrong = "the mirror was not warm"
    yield Figure(
        name="mirror_blame_over_git",
        value=ratio_of_rounds(rounds),
        unit="ratio",
        bar=at_most(1.5),
        invalid=wrong,
    )


def _sha(blamed: bytes) -> bytes:
    """The abbreviated id that git prints first; a root commit has a caret before it."""
    return blamed.split()[0].removeprefix(b"^")


def _scene(data: seed.Seed, host: Emulator, git_dir: Path) -> _Scene:
    """Rows of an organization of its own, whose blames are all a mirror's, and none remembered."""
    os.environ.update(seed.environment(data.home))
    os.environ["SCM_ALLOWED_HOSTS"] = "127.0.0.1"
    os.environ["SENTRY_OPTION_SCM_MIRRORS_USE_FOR"] = "github"
    os.environ["SENTRY_OPTION_SCM_BLAME_CACHE_TTL"] = "0"
    from sentry.runner import configure

    configure()
    from sentry.models import (
        ApiKey,
        Integration,
        Organization,
        OrganizationIntegration,
        Repository,
    )

    organization, _ = Organization.objects.get_or_create(slug="mirrors", name="Mirrors")
    urls = {"base_url": host.url, "web_url": host.url}
    integration, _ = Integration.objects.update_or_create(
        provider="github", external_id="bench", defaults={"metadata": {**urls, "token": TOKEN}}
    )
    OrganizationIntegration.objects.get_or_create(
        organization_id=organization.pk, integration=integration
    )
    repository, _ = Repository.objects.update_or_create(
        organization_id=organization.pk,
        provider="integrations:github",
        external_id=str(stable_number(NAME)),
        defaults={"name": NAME, "integration_id": integration.pk},
    )
    _, key = ApiKey.objects.create_with_token(
        organization_id=organization.pk, scope_list=["repository:read"], label="mirrors"
    )
    return _Scene(
        emulator=host,
        git_dir=git_dir,
        head=history.head(git_dir),
        repository_id=repository.pk,
        headers={"x-api-key": key},
    )
