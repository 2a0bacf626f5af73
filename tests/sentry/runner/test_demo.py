import os
import subprocess
import threading
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from sentry.integrations.source_code_management.types import ProviderKey
from sentry.runner.demo.abilities import demand_refusal
from sentry.runner.demo.hosts import HOSTS
from sentry.runner.demo.report import Report
from sentry.runner.demo.run import conclude
from sentry.runner.demo.truth import IGNORE_REVS, GitTruth, build_repository, run_git
from sentry.runner.main import cli
from sentry_scm_client import CapabilitySupport, Unimplemented
from tests.live import BIN, PATIENCE
from tests.sentry.runner.conftest import children_of

TOP = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("demo") / "built"
    build_repository(path)
    return path


def test_the_built_repository_has_two_hundred_commits_by_two_people(repository):
    git = GitTruth(repository)
    assert git.run("rev-list", "--count", "HEAD").strip() == "200"
    assert set(git.run("log", "--format=%an").split("\n")) == {"Ada Lovelace", "Åsa Öberg", ""}


def test_truth_reads_what_git_blame_says(repository):
    git = GitTruth(repository)
    lines = git.blame("HEAD", "shop.py")
    assert [line.text for line in lines] == (repository / "shop.py").read_text().splitlines()
    line = lines[17]
    porcelain = run_git(repository, "blame", "-L", "18,18", "--porcelain", "HEAD", "--", "shop.py")
    assert porcelain.startswith(line.sha)
    assert git.commit(line.sha).message.startswith("shop: Set price ")


def test_truth_ignores_the_revisions_that_the_repository_ignores(tmp_path):
    run_git(tmp_path, "init", "--quiet")
    file, ignored = tmp_path / "a.py", tmp_path / IGNORE_REVS
    for text in ("one = 1\n", "one  =  1\n"):
        file.write_text(text)
        run_git(tmp_path, "add", "a.py")
        run_git(tmp_path, "commit", "--quiet", "--message", "some")
    newest, oldest = GitTruth(tmp_path).run("rev-list", "HEAD").split()
    ignored.write_text(f"# spaces\n{newest}\nnonsense\n")
    run_git(tmp_path, "add", IGNORE_REVS)
    run_git(tmp_path, "commit", "--quiet", "--message", "ignore")
    git = GitTruth(tmp_path)
    assert git.ignored_revisions(newest) is None
    assert [line.sha for line in git.blame(newest, "a.py")] == [newest]
    assert git.ignored_revisions("HEAD") == [newest]
    assert [line.sha for line in git.blame("HEAD", "a.py")] == [oldest]


def test_the_demo_agrees_with_git(repository):
    result = CliRunner().invoke(cli, ["demo", "--repo", str(repository)])
    assert result.exit_code == 0, result.output
    assert result.output.endswith("demo: ok\n")
    assert "MISMATCH" not in result.output
    assert "StreamFileBlame: shop.py" in result.output
    assert "obtained from: BLAME_SOURCE_NATIVE" in result.output
    assert "title on the host: KeyError: 'price'" in result.output


def test_a_host_without_blame_and_issues_is_blamed_on_its_mirror_and_refuses_a_ticket(repository):
    result = CliRunner().invoke(cli, ["demo", "--provider", "bitbucket", "--repo", str(repository)])
    assert result.exit_code == 0, result.output
    assert result.output.endswith("demo: ok\n")
    assert "obtained from: BLAME_SOURCE_MIRROR" in result.output
    assert "UNIMPLEMENTED: Bitbucket Cloud ended its issue tracker" in result.output


def test_every_host_has_a_demo():
    assert list(HOSTS) == list(ProviderKey)


def test_one_host_that_fails_fails_all(tmp_path):
    done = subprocess.run(
        [TOP / "bin/demo-all"],
        env={**os.environ, "REPO": str(tmp_path / "nowhere")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert [line for line in lines if line.endswith(": FAILED")] == [
        f"{key}: FAILED" for key in ProviderKey
    ]
    assert sum("is no folder" in line for line in lines) == len(ProviderKey)


def test_a_shallow_repository_is_refused(repository, tmp_path):
    shallow = tmp_path / "shallow"
    subprocess.run(
        ["git", "clone", "--quiet", "--depth", "1", f"file://{repository}", str(shallow)],
        check=True,
    )
    result = CliRunner().invoke(cli, ["demo", "--repo", str(shallow)])
    assert result.exit_code == 1
    assert "shallow" in result.output
    assert "git fetch --unshallow" in result.output


def test_a_folder_that_is_no_repository_is_refused(tmp_path):
    result = CliRunner().invoke(cli, ["demo", "--repo", str(tmp_path)])
    assert result.exit_code == 1
    assert "not a git repository" in result.output


def test_a_repository_without_a_commit_is_refused(tmp_path):
    run_git(tmp_path, "init", "--quiet")
    result = CliRunner().invoke(cli, ["demo", "--repo", str(tmp_path)])
    assert result.exit_code == 1
    assert (
        result.output == f"Error: {tmp_path}: the repository has no commit on its current branch\n"
    )


@pytest.mark.parametrize("content", [b"", b" \n\n", b"\x00\x01"])
def test_a_repository_without_text_is_refused_before_anything_starts(tmp_path, content):
    run_git(tmp_path, "init", "--quiet")
    (tmp_path / "file").write_bytes(content)
    run_git(tmp_path, "add", "file")
    run_git(tmp_path, "commit", "--quiet", "--message", "some")
    result = CliRunner().invoke(cli, ["demo", "--repo", str(tmp_path)])
    assert result.exit_code == 1
    assert result.output.endswith("\nError: the repository has no text file to blame\n")
    assert "forge-emulator" not in result.output


def test_sigterm_leaves_nothing_behind(repository, tmp_path):
    with subprocess.Popen(
        [str(BIN / "sentry"), "demo", "--repo", str(repository)],
        env={**os.environ, "TMPDIR": str(tmp_path), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        text=True,
    ) as demo:
        limit = threading.Timer(PATIENCE, demo.kill)
        limit.start()
        assert demo.stdout is not None
        started = any("$ forge-emulator" in line for line in demo.stdout)
        children = children_of(demo.pid)
        demo.terminate()
        demo.stdout.read()
        assert demo.wait(PATIENCE) == 143
        limit.cancel()
    assert started
    assert children
    assert not running_among(children)
    assert not list(tmp_path.iterdir())


def running_among(processes: list[int]) -> list[int]:
    """Those that still run; one that has ended and waits for its parent to notice does not."""
    listed = subprocess.run(
        ["ps", "-A", "-o", "pid=,stat="], check=True, capture_output=True, text=True
    )
    states = dict(line.split() for line in listed.stdout.splitlines())
    return [pid for pid in processes if states.get(str(pid), "Z")[0] != "Z"]


def test_a_path_that_is_not_there_is_refused(tmp_path):
    result = CliRunner().invoke(cli, ["demo", "--repo", str(tmp_path / "nowhere")])
    assert result.exit_code == 1
    assert "is no folder" in result.output


def test_one_wrong_fact_fails_the_demo(capsys):
    report = Report()
    report.fact("commit", "abc", "abc")
    report.fact("author", "Ada", "Grace")
    assert "author: Ada   MISMATCH: it is Grace" in capsys.readouterr().out
    with pytest.raises(click.ClickException):
        conclude(report)


def test_a_demo_that_checked_nothing_fails():
    with pytest.raises(click.ClickException):
        conclude(Report())


def refuse(details: str) -> None:
    raise Unimplemented(details)


def test_a_refusal_counts_only_with_the_reason_that_was_told():
    told = CapabilitySupport(reason="there is none")
    report = Report()
    demand_refusal(lambda: refuse("github: issues: there is none"), told, report)
    assert report.mismatches == 0
    demand_refusal(lambda: refuse("something else"), told, report)
    demand_refusal(lambda: "an issue", told, report)
    demand_refusal(lambda: refuse(""), CapabilitySupport(), report)
    assert (report.checked, report.mismatches) == (4, 3)
