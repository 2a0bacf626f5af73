"""Sets a platform up in a temporary folder, does the main job, and cleans up."""

import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import click

from sentry.integrations.source_code_management.types import ProviderKey
from sentry.runner.demo.hosts import HOSTS
from sentry.runner.demo.job import do_job
from sentry.runner.demo.programs import clean_environment, program, run_command, serving
from sentry.runner.demo.report import Report
from sentry.runner.demo.setting import Setting
from sentry.runner.demo.termination import sigterm_unwinds
from sentry.runner.demo.truth import GitTruth, build_repository, run_git
from sentry_scm_client import ScmClient

_SCOPES = "repository:read,repository:write,event:write"
_SOURCE = Path(__file__).parents[4]


def run_demo(repo: Path | None, provider: ProviderKey) -> None:
    """Runs the demonstration; prints what it did.

    Args:
        provider: the host that is emulated.
        repo: a git repository; None for this project's own clone, or where that has no whole
            history, a repository that is built for the purpose.

    Raises:
        click.ClickException: something could not be set up, or a fact was not as git has it.
        SystemExit: with status 143 after SIGTERM, when all that was started has ended.
    """
    report = Report()
    with sigterm_unwinds(), tempfile.TemporaryDirectory(prefix="sentry-demo-") as folder:
        room = Path(folder)
        git = GitTruth(_choose_repository(repo, room))
        if not git.text_files("HEAD"):
            raise click.ClickException("the repository has no text file to blame")
        commits = git.run("rev-list", "--count", "HEAD").strip()
        click.echo(f"{commits} commits on {git.branch()}")
        environment = clean_environment(room / "home")
        with _emulator(environment, provider, git, room) as (host_url, token_file):
            setting = _set_up(environment, room, provider, host_url, token_file)
            web = [program("sentry"), "run", "web", "--port", "0"]
            with serving(environment, *web) as url:
                click.echo(f"$ sentry run web --port 0      # {url}")
                api_key = (room / "api.key").read_text().strip()
                with ScmClient(url, api_key, secure=False) as client:
                    do_job(client, git, setting, report)
    conclude(report)


def conclude(report: Report) -> None:
    """Says how it went.

    Raises:
        click.ClickException: a fact was not as git has it, or none was checked.
    """
    click.echo(f"\n{report.checked} facts checked, {report.mismatches} mismatches")
    if report.mismatches or not report.checked:
        raise click.ClickException("the service and git do not agree")
    click.echo("demo: ok")


def _choose_repository(repo: Path | None, room: Path) -> Path:
    if repo is not None:
        if not repo.is_dir():
            raise click.ClickException(f"{repo} is no folder")
        if run_git(repo, "rev-parse", "--is-shallow-repository").strip() == "true":
            raise click.ClickException(
                f"{repo} is a shallow clone: its history is cut off, so git itself cannot blame"
                " it truly. Complete it with `git fetch --unshallow`, or name another."
            )
        _require_commit(repo)
        click.echo(f"repository: {repo}")
        return _frozen(repo, room)
    if _has_whole_history(_SOURCE):
        click.echo("repository: this project's own clone")
        return _frozen(_SOURCE, room)
    click.echo("repository: this clone has no whole history, so one of 200 commits is built")
    build_repository(room / "built")
    return room / "built"


def _require_commit(repo: Path) -> None:
    try:
        run_git(repo, "rev-parse", "--verify", "HEAD")
    except click.ClickException:
        text = f"{repo}: the repository has no commit on its current branch"
        raise click.ClickException(text) from None


def _has_whole_history(path: Path) -> bool:
    if not (path / ".git").exists():
        return False
    try:
        shallow = run_git(path, "rev-parse", "--is-shallow-repository").strip()
        run_git(path, "rev-parse", "--verify", "HEAD")
        run_git(path, "symbolic-ref", "HEAD")
    except click.ClickException:
        return False
    return shallow == "false"


def _frozen(path: Path, room: Path) -> Path:
    """A bare clone, so that what is committed meanwhile does not matter."""
    clone = room / "repository.git"
    run_git(room, "clone", "--quiet", "--bare", "--no-hardlinks", str(path.resolve()), str(clone))
    return clone


@contextmanager
def _emulator(
    environment: Mapping[str, str], provider: ProviderKey, git: GitTruth, room: Path
) -> Iterator[tuple[str, Path]]:
    host = HOSTS[provider]
    token_file = room / "host.token"
    token_file.touch(mode=0o600)
    token_file.write_text(host.new_token())
    with serving(
        environment,
        program("forge-emulator"),
        *("--repo", f"{git.path}={host.full_name}", "--login", host.login),
        *("--dialect", provider, "--port", "0", "--token-file", str(token_file)),
    ) as url:
        click.echo(f"$ forge-emulator --dialect {provider} --repo …={host.full_name}      # {url}")
        yield url, token_file


def _set_up(
    environment: Mapping[str, str],
    room: Path,
    provider: ProviderKey,
    host_url: str,
    token_file: Path,
) -> Setting:
    """Does what an operator does; secrets go through files."""

    def create(*arguments: str) -> int:
        made: dict[str, int] = json.loads(run_command(environment, *arguments, "--json"))
        return int(made["id"])

    mine = ("--organization", "demo")
    run_command(environment, "init")
    organization_id = create("organization", "create", "Demo", "--slug", "demo")
    project_id = create("project", "create", *mine, "Shop", "--slug", "shop")
    group_id = create("group", "create", *mine, "--project", "shop", "KeyError: price")
    key_file = ("--token-file", str(room / "api.key"))
    run_command(environment, "apikey", "create", *mine, "--scopes", _SCOPES, *key_file)
    host = HOSTS[provider]
    where = host.address(host_url)
    credential = host.credential(room, token_file)
    add = ("integration", "add", *mine, "--provider", provider)
    integration_id = create(*add, *where, *credential)
    run_command(environment, "repository", "sync", *mine, "--integration", str(integration_id))
    return Setting(
        organization_id=organization_id,
        project_id=project_id,
        group_id=group_id,
        integration_id=integration_id,
        host=host,
        host_url=host_url,
        host_token=token_file.read_text(),
    )
