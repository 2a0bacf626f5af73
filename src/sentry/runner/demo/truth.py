"""What git itself says: the facts that the demonstration's answers are held against."""

import os
import re
import subprocess
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

IGNORE_REVS = ".git-blame-ignore-revs"
_FULL_ID = re.compile(r"[0-9a-f]{40}")
_GENERATED_COMMITS = 200
_START = datetime(2025, 1, 1, tzinfo=UTC)
_PEOPLE = (("Ada Lovelace", "ada@example.com"), ("Åsa Öberg", "asa@example.com"))


@dataclass(frozen=True, kw_only=True, slots=True)
class TrueCommit:
    """A commit as ``git log`` shows it."""

    sha: str
    author_name: str
    author_email: str
    committed_at: datetime
    message: str


@dataclass(frozen=True, kw_only=True, slots=True)
class TrueLine:
    """A line as ``git blame`` shows it: its number, its last commit, and its text."""

    path: str
    number: int
    sha: str
    text: str


class GitTruth:
    """Asks one repository, without anybody's git configuration."""

    def __init__(self, path: Path) -> None:
        """Takes the path of a repository."""
        self.path = path

    def run(self, *arguments: str) -> str:
        """The output of a git command.

        Raises:
            click.ClickException: git refuses it.
        """
        return run_git(self.path, *arguments)

    def head(self) -> TrueCommit:
        """The newest commit of the current branch."""
        return self.commit("HEAD")

    def branch(self) -> str:
        """The current branch."""
        return self.run("symbolic-ref", "--short", "HEAD").strip()

    def commit(self, ref: str) -> TrueCommit:
        """One commit."""
        fields = self.run(
            "log", "-1", "--no-mailmap", "--format=%H%x00%an%x00%ae%x00%ct%x00%B", ref
        )
        sha, name, email, seconds, message = fields.split("\x00", 4)
        return TrueCommit(
            sha=sha,
            author_name=name,
            author_email=email,
            committed_at=datetime.fromtimestamp(int(seconds), tz=UTC),
            message=message.strip("\n"),
        )

    def text_files(self, ref: str) -> list[str]:
        """The text files of a commit with a line that is not blank; none is no error."""
        words = ("grep", "-I", "-l", "-z", "-e", "[^[:space:]]", ref)
        listed = run_git(self.path, *words, found_nothing=1)
        return [name.removeprefix(f"{ref}:") for name in listed.split("\x00") if name]

    def files_with(self, word: str) -> list[str]:
        """The text files of the newest commit that hold the word, letter case ignored."""
        words = ("grep", "-I", "-l", "-z", "-i", "-F", "-e", word, "HEAD")
        listed = run_git(self.path, *words, found_nothing=1)
        return [name.removeprefix("HEAD:") for name in listed.split("\x00") if name]

    def paths(self, *arguments: str) -> list[str]:
        """What a command lists with NULs between."""
        return [name for name in self.run(*arguments).split("\x00") if name]

    def ignored_revisions(self, ref: str) -> list[str] | None:
        """The full ids in the commit's file of revisions that blame ignores; None without one."""
        if not self.paths("ls-tree", "-z", ref, "--", IGNORE_REVS):
            return None
        lines = self.run("show", f"{ref}:{IGNORE_REVS}").split("\n")
        return [line.strip() for line in lines if _FULL_ID.fullmatch(line.strip())]

    def blame(self, ref: str, path: str) -> list[TrueLine]:
        """The blame of a whole file, without the revisions that the commit has ignored."""
        with tempfile.NamedTemporaryFile("w", prefix="ignore-revs-") as file:
            file.write("\n".join(self.ignored_revisions(ref) or ()))
            file.flush()
            ignored = f"--ignore-revs-file={file.name}"
            porcelain = self.run("blame", "--line-porcelain", ignored, ref, "--", path)
        lines: list[TrueLine] = []
        sha = ""
        for line in porcelain.split("\n"):
            if line.startswith("\t"):
                text = line[1:].removesuffix("\r")
                lines.append(TrueLine(path=path, number=len(lines) + 1, sha=sha, text=text))
            elif line[:40].isalnum() and line[40:41] == " ":
                sha = line[:40]
        return lines


def run_git(
    path: Path,
    *arguments: str,
    at: datetime | None = None,
    who: int = 0,
    found_nothing: int = 0,
) -> str:
    """The output of a git command in a repository, as one of the made-up people.

    Args:
        path: the repository.
        arguments: the command.
        at: the time of a commit.
        who: the number of the person.
        found_nothing: a further exit status that is no failure.

    Raises:
        click.ClickException: git refuses it, or is not there.
    """
    name, email = _PEOPLE[who]
    environment = {
        **os.environ,
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_SYSTEM": os.devnull,
        "GIT_AUTHOR_NAME": name,
        "GIT_AUTHOR_EMAIL": email,
        "GIT_COMMITTER_NAME": name,
        "GIT_COMMITTER_EMAIL": email,
    }
    if at is not None:
        environment["GIT_AUTHOR_DATE"] = environment["GIT_COMMITTER_DATE"] = at.isoformat()
    command = ["git", "-c", "core.quotePath=false", "-C", str(path), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, check=False, env=environment)
    except FileNotFoundError:
        raise click.ClickException("the program git is needed and was not found") from None
    if done.returncode not in {0, found_nothing}:
        said = done.stderr.decode("utf-8", "replace").strip()
        raise click.ClickException(f"git {arguments[0]}: {said}")
    return done.stdout.decode("utf-8", "replace")


def build_repository(path: Path) -> None:
    """Makes a repository of 200 commits by two people, one of them with a non-ASCII name."""
    path.mkdir()
    run_git(path, "init", "--quiet", "--initial-branch=main")
    file = path / "shop.py"
    for number in range(_GENERATED_COMMITS):
        lines = file.read_text().splitlines() if file.exists() else []
        lines.insert(number * 7 % (len(lines) + 1), f"price_{number} = {number}")
        file.write_text("\n".join(lines) + "\n")
        run_git(path, "add", "shop.py")
        run_git(
            path,
            "commit",
            "--quiet",
            "--message",
            f"shop: Set price {number}.",
            at=_START + timedelta(hours=number),
            who=number % 2,
        )
