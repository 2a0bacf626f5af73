"""A repository that is hard to blame, the host that serves it, and an installation of one method."""

import base64
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from forge_emulator import Emulator, HostedRepository
from sentry.integrations.source_code_management.errors import IntegrationBroken, ScmError
from sentry.integrations.source_code_management.mirror import (
    MirrorPlace,
    blame_lines,
    blame_whole_file,
)
from sentry.integrations.source_code_management.types import (
    BlameRangeInfo,
    FileBlameInfo,
    MirrorSource,
    RepositoryRef,
    SourceLineInfo,
)
from tests.sentry.integrations.scene import ADA, LINUS, GitTruth

FULL_NAME = "acme/odd"
TOKEN = "ghp_mirror_secret_token"
REPO = RepositoryRef(identifier=FULL_NAME)


def lines_of(count: int, **changed: str) -> bytes:
    """A text of so many lines; ``_3="x"`` changes the third."""
    rows = [changed.get(f"_{number}", f"line {number} of many") for number in range(1, count + 1)]
    return "".join(f"{row}\n" for row in rows).encode()


def remove(git: GitTruth, *paths: str) -> None:
    """Takes files away; the next commit records it."""
    for path in paths:
        (git.path / path).unlink()


def build_odd_repository(folder: Path) -> GitTruth:
    """Renames (exact, changed, twice, among many removed files), a merge that conflicts, CRLF, text
    that is no UTF-8, a binary, an empty file, and a path that looks like nothing good."""
    folder.mkdir(parents=True, exist_ok=True)
    git = GitTruth(folder)
    git("init", "-q", "-b", "main")
    git.commit("Begin", {"old.py": lines_of(30), "steady.py": lines_of(10)})
    git.commit("Change the old one", {"old.py": lines_of(30, _3="third")}, LINUS)
    remove(git, "old.py")
    git.commit("Move it, as it is", {"lib/middle.py": lines_of(30, _3="third")})
    git.commit("Change it there", {"lib/middle.py": lines_of(30, _3="third", _9="ninth")}, LINUS)
    git.commit("Add much", {f"junk/{n}.py": f"junk {n}\n".encode() * 20 for n in range(60)})
    remove(git, "lib/middle.py", *(f"junk/{n}.py" for n in range(60)))
    changed = {"_3": "third", "_9": "ninth", "_20": "twentieth"}
    git.commit("Move it with a change", {"src/größe new.py": lines_of(30, **changed)}, LINUS)
    git.commit("Change it once more", {"src/größe new.py": lines_of(30, **changed, _1="first")})
    odd = {
        "crlf.txt": b"a\r\nb\r\nc\r\n",
        "latin.txt": "café\nnaïve\n".encode("latin-1"),
        "picture.png": b"\x89PNG\0\1\n\2\xff\n",
        "empty.txt": b"",
        "no end.txt": b"one\ntwo",
        "--upload-pack=x": b"an option\nit is not\n",
        "a\nb.txt": b"a path of two lines\n",
        "*": b"no pattern\n",
        ":(glob)**": b"no pathspec\n",
    }
    git.commit("Add what is odd", odd, ADA)
    git.commit(
        "Change the odd", {"crlf.txt": b"a\r\nB\r\nc\r\n", "latin.txt": b"caf\xe9\n\xff\n"}, LINUS
    )
    _merge(git)
    git("tag", "-a", "v1", "-m", "One", **_tagger())
    return git


def _tagger() -> dict[str, str]:
    return {"GIT_COMMITTER_NAME": "T", "GIT_COMMITTER_EMAIL": "t@example.com"}


def _merge(git: GitTruth) -> None:
    """Both sides change the same file; the merge's own text is neither's."""
    git("checkout", "-q", "-b", "side")
    git.commit("On the side", {"steady.py": lines_of(10, _2="side", _9="side too")}, LINUS)
    git("checkout", "-q", "main")
    git.commit("On main", {"steady.py": lines_of(10, _2="main", _5="main too")})
    side, both = (
        git("rev-parse", "side").strip(),
        lines_of(10, _2="both", _5="main too", _9="side too"),
    )
    (git.path / "steady.py").write_bytes(both)
    git("add", "-A")
    tree = git("write-tree").strip()
    people = {
        f"GIT_{role}_{what}": "M" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
    }
    merge = git("commit-tree", tree, "-p", git.head(), "-p", side, "-m", "Merge", **people).strip()
    git("reset", "-q", "--hard", merge)


@dataclass
class FakeInstallation:
    """Fulfils ``MirrorIntegration`` alone; tokens are used in their order, as they are refused.

    ``asked`` has an entry for each source that was asked for: whether another one was refused.
    """

    url: str
    tokens: list[str] = field(default_factory=lambda: [TOKEN])
    identity: str = "credential-1"
    asked: list[bool] = field(default_factory=list)

    def get_mirror_identity(self) -> str:
        return self.identity

    def get_mirror_source(
        self, repo: RepositoryRef, *, rejected: MirrorSource | None = None
    ) -> MirrorSource:
        self.asked.append(rejected is not None)
        if rejected is not None:
            self.tokens.pop(0)
        if not self.tokens:
            raise IntegrationBroken
        basic = base64.b64encode(f"x-access-token:{self.tokens[0]}".encode()).decode()
        return MirrorSource(
            url=f"{self.url}/{repo.identifier}.git",
            headers={"authorization": f"Basic {basic}"},
            identity=self.identity,
        )


@dataclass
class MirrorScene:
    """A host over a repository, and where its mirror would be."""

    emulator: Emulator
    git: GitTruth
    host: FakeInstallation
    tenant: str = "7:1"
    repo: RepositoryRef = REPO

    @property
    def place(self) -> MirrorPlace:
        return MirrorPlace(provider="github", tenant=self.tenant, host=self.host, repo=self.repo)

    def blame(self, path: str, *numbers: int, sha: str = "") -> list[FileBlameInfo | ScmError]:
        """The blame of lines on the mirror."""
        ref = sha or self.git.head()
        lines = [SourceLineInfo(lineno=n, path=path, ref=ref, repo=REPO) for n in numbers]
        return blame_lines(self.place, lines)

    def whole(self, path: str, sha: str = "") -> list[BlameRangeInfo]:
        """The blame of a file on the mirror."""
        return blame_whole_file(self.place, path=path, sha=sha or self.git.head())

    def requests(self) -> list[str]:
        """What was asked of the host since the last time, as method and last part of the path."""
        found = [
            f"{request.method} {request.path.rpartition('.git/')[2]}"
            for request in self.emulator.requests
        ]
        self.emulator.clear_requests()
        return found


def host_over(git: GitTruth, *, token: str = TOKEN) -> Iterator[MirrorScene]:
    """The scene over a repository, while the emulator runs."""
    hosted = HostedRepository(full_name=FULL_NAME, path=git.path, private=True)
    tokens = {token: ("robot", "repo")}
    with Emulator("github", [hosted], tokens=tokens, rate_limit=None) as emulator:
        yield MirrorScene(emulator=emulator, git=git, host=FakeInstallation(emulator.url))
