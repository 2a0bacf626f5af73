"""What the host tells of the whole repository: comparison, tree, pull requests, search."""

import re
from collections.abc import Sequence
from functools import partial

from sentry.runner.demo.abilities import demand_refusal, support
from sentry.runner.demo.report import Report
from sentry.runner.demo.truth import GitTruth, TrueLine
from sentry_scm_client import CAPABILITY_CODE_SEARCH, Repository, ScmClient

_BACK = 10
_MOST_ENTRIES = 50_000
_MATCHES = 100
_WORD = re.compile(r"[A-Za-z0-9]+")


def read_more(
    client: ScmClient,
    git: GitTruth,
    repository: Repository,
    lines: Sequence[TrueLine],
    report: Report,
) -> None:
    """Compares, lists and searches; what is searched for is a word of the lines."""
    _compare(client, git, repository, report)
    _list_tree(client, git, repository, report)
    _list_pull_requests(client, git, repository, report)
    _search(client, git, repository, lines, report)


def _compare(client: ScmClient, git: GitTruth, repository: Repository, report: Report) -> None:
    head = git.head().sha
    base = git.run("rev-list", "--first-parent", f"-{_BACK}", "HEAD").split()[-1]
    report.heading(f"CompareCommits: {base[:12]} and {head[:12]}")
    got = client.compare_commits(repository.id, base, head, 1000)
    truth = git.run("rev-list", f"{base}..{head}").split()
    report.fact("commits", len(got.commits), len(truth))
    wrong = {commit.key for commit in got.commits} ^ set(truth)
    report.fact("commits that git has not between them", len(wrong), 0)
    changed = git.paths("diff", "--name-only", "-M", "-z", f"{base}...{head}")
    report.fact("files", len(got.files), len(changed))
    others = {change.path for change in got.files} ^ set(changed)
    report.fact("files that git has not changed", len(others), 0)


def _list_tree(client: ScmClient, git: GitTruth, repository: Repository, report: Report) -> None:
    head = git.head().sha
    report.heading("ListTree")
    got = client.list_tree(repository.id, head, "", _MOST_ENTRIES)
    truth = git.paths("ls-tree", "-r", "--name-only", "-z", head)
    report.fact("of commit", got.commit_id, head)
    report.fact("files", len(got.entries), min(len(truth), _MOST_ENTRIES))
    unknown = {entry.path for entry in got.entries} - set(truth)
    report.fact("files that git has not", len(unknown), 0)
    report.fact("more than these", got.truncated, len(truth) > _MOST_ENTRIES)


def _list_pull_requests(
    client: ScmClient, git: GitTruth, repository: Repository, report: Report
) -> None:
    report.heading("ListPullRequestsForCommit")
    found = client.list_pull_requests_for_commit(repository.id, git.head().sha)
    report.fact("pull requests, of which nobody made one", len(found.pull_requests), 0)


def _search(
    client: ScmClient,
    git: GitTruth,
    repository: Repository,
    lines: Sequence[TrueLine],
    report: Report,
) -> None:
    word, files = _rarest_word(git, lines)
    report.heading(f"GetCapabilities and SearchCode: {word}")
    told = support(client, CAPABILITY_CODE_SEARCH, repository_id=repository.id)
    search = partial(client.search_code, repository.id, word, _MATCHES)
    if not told.supported:
        demand_refusal(search, told, report)
        return
    paths = [match.path for match in search().matches]
    report.fact("files", len(set(paths)), min(len(files), _MATCHES))
    report.fact("files without the word", len(set(paths) - set(files)), 0)


def _rarest_word(git: GitTruth, lines: Sequence[TrueLine]) -> tuple[str, list[str]]:
    """The word of the lines that the fewest files hold, with these, letter case ignored."""
    found = {word for line in lines for word in _WORD.findall(line.text)}
    found = found or {word for line in lines for word in line.text.split()}
    longest = sorted(found, key=lambda word: (-len(word), word))[:3]
    held = {word: git.files_with(word) for word in longest}
    return min(held.items(), key=lambda item: len(item[1]))
