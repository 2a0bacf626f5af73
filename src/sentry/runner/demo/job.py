"""The main job, done with the client package over gRPC-Web, every fact checked against git."""

from collections.abc import Sequence
from datetime import UTC

from sentry.runner.demo.reads import read_more
from sentry.runner.demo.report import Report
from sentry.runner.demo.setting import Setting
from sentry.runner.demo.synchronization import end_sync, start_sync
from sentry.runner.demo.tickets import open_ticket
from sentry.runner.demo.truth import GitTruth, TrueLine
from sentry_scm_client import CommitContext, LineRef, Repository, ScmClient, scm_pb2

_FILES = 5
_LINES_PER_FILE = 4
_CODE = (".py", ".go", ".js", ".ts", ".java", ".kt", ".rb", ".rs", ".php", ".cs", ".c", ".cpp")


def do_job(client: ScmClient, git: GitTruth, setting: Setting, report: Report) -> None:
    """Does all that the service offers; every answer goes into the report."""
    started = start_sync(client, setting, report)
    repository = _list_repositories(client, git, setting, report)
    _read_commit(client, git, repository, report)
    lines = _choose_lines(git)
    context = _blame_one(client, git, repository, lines[len(lines) // 2], report)
    _check_source(context, git, setting, report)
    _blame_many(client, git, repository, lines, report)
    _blame_file(client, git, repository, lines[len(lines) // 2].path, report)
    _map_code(client, git, setting, repository, report)
    read_more(client, git, repository, lines, report)
    open_ticket(client, setting, report)
    end_sync(client, started, report)


def _list_repositories(
    client: ScmClient, git: GitTruth, setting: Setting, report: Report
) -> Repository:
    report.heading("ListRepositories")
    repositories = list(client.iter_repositories(organization_id=setting.organization_id))
    report.fact("repositories", [item.name for item in repositories], [setting.host.full_name])
    repository = client.get_repository(repositories[0].id)
    report.fact("provider", repository.provider, setting.host.provider)
    branch = git.branch() if setting.host.lists_branch else ""
    report.fact("default branch", repository.config["default_branch"], branch)
    return repository


def _read_commit(client: ScmClient, git: GitTruth, repository: Repository, report: Report) -> None:
    truth = git.head()
    report.heading("GetCommit")
    commit = client.get_commit(repository.id, truth.sha[:12])
    report.fact("commit", commit.key, truth.sha)
    report.fact("author", commit.author.name, truth.author_name)
    report.fact("e-mail", commit.author.email, truth.author_email)
    report.fact("time", commit.date_added.ToDatetime(UTC), truth.committed_at)
    report.fact("message", commit.message.strip("\n"), truth.message)
    count = len(client.list_commits(repository.id, page_size=10).commits)
    total = int(git.run("rev-list", "--count", "HEAD"))
    report.fact("commits on the first page of 10", count, min(10, total))


def _choose_lines(git: GitTruth) -> list[TrueLine]:
    """Some lines that say something, spread over some files."""
    head = git.head().sha
    chosen: list[TrueLine] = []
    for path in _choose_files(git.text_files(head)):
        lines = [line for line in git.blame(head, path) if line.text.strip()]
        step = max(1, len(lines) // _LINES_PER_FILE)
        chosen += lines[::step][:_LINES_PER_FILE]
    return chosen


def _choose_files(paths: Sequence[str]) -> list[str]:
    """Some files from all over the repository; source code where there is any."""
    code = [path for path in paths if path.endswith(_CODE)] or list(paths)
    step = max(1, len(code) // _FILES)
    return code[::step][:_FILES]


def _blame_one(
    client: ScmClient, git: GitTruth, repository: Repository, line: TrueLine, report: Report
) -> CommitContext:
    report.heading(f"GetCommitContext: {line.path}, line {line.number}")
    context = client.get_commit_context(repository.id, git.head().sha, line.path, line.number)
    _check_blame(git, context, line, report)
    return context


def _check_source(context: CommitContext, git: GitTruth, setting: Setting, report: Report) -> None:
    """No host's own blame ignores revisions, so that the mirror is asked where some are."""
    ignores = git.ignored_revisions("HEAD") is not None
    source = scm_pb2.BLAME_SOURCE_MIRROR if ignores else setting.host.blame
    name = scm_pb2.BlameSource.Name
    report.fact("obtained from", name(context.blame_source), name(source))


def _check_blame(git: GitTruth, context: CommitContext, line: TrueLine, report: Report) -> None:
    truth = git.commit(line.sha)
    report.fact("commit", context.blame_commit_id, line.sha)
    report.fact("author", context.blame_author.name, truth.author_name)
    report.fact("e-mail", context.blame_author.email, truth.author_email)
    report.fact("time", context.blame_committed_at.ToDatetime(UTC), truth.committed_at)
    report.fact("code", context.code_snippet, line.text)


def _blame_many(
    client: ScmClient,
    git: GitTruth,
    repository: Repository,
    lines: Sequence[TrueLine],
    report: Report,
) -> None:
    files = {line.path for line in lines}
    report.heading(f"BatchGetCommitContext: {len(lines)} lines of {len(files)} files in one call")
    head = git.head().sha
    asked = [
        LineRef(
            repository_id=repository.id,
            commit_sha=head,
            filepath=line.path,
            line_number=line.number,
        )
        for line in lines
    ]
    answers = client.batch_get_commit_context(asked)
    for line, answer in zip(lines, answers, strict=True):
        got = (
            f"{answer.blame_commit_id}  {answer.code_snippet}"
            if isinstance(answer, CommitContext)
            else answer.code().name
        )
        report.fact(f"{line.path}:{line.number}", got, f"{line.sha}  {line.text}")


def _blame_file(
    client: ScmClient, git: GitTruth, repository: Repository, path: str, report: Report
) -> None:
    report.heading(f"StreamFileBlame: {path}")
    head = git.head().sha
    got = [
        (item.commit_id, text)
        for item in client.stream_file_blame(repository.id, head, path)
        for text in item.lines
    ]
    truth = [(line.sha, line.text) for line in git.blame(head, path)]
    report.fact("lines", len(got), len(truth))
    wrong = sum(one != other for one, other in zip(got, truth, strict=False))
    report.fact("lines that differ from git blame", wrong, 0)


def _map_code(
    client: ScmClient, git: GitTruth, setting: Setting, repository: Repository, report: Report
) -> None:
    report.heading("CreateCodeMapping")
    mapping = client.create_code_mapping(
        organization_id=setting.organization_id,
        project_id=setting.project_id,
        repository_id=repository.id,
        stack_root="/app/",
        source_root="src/",
    )
    report.fact("project", mapping.project_id, setting.project_id)
    report.fact("maps", (mapping.stack_root, mapping.source_root), ("/app/", "src/"))
    report.fact("default branch", mapping.default_branch, git.branch())
