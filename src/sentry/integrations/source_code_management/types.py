"""The values of the domain: what hosts tell (``…Info``) and what the platform keeps.

All are immutable. Times are aware UTC; line numbers count from 1; text is valid UTF-8 without NUL.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class ProviderKey(StrEnum):
    """The six hosts, under the keys that the platform stores."""

    GITHUB = "github"
    GITHUB_ENTERPRISE = "github_enterprise"
    GITLAB = "gitlab"
    BITBUCKET = "bitbucket"
    BITBUCKET_SERVER = "bitbucket_server"
    VSTS = "vsts"


class Capability(StrEnum):
    """What a host may be able to do; each is one Protocol of this package."""

    REPOSITORIES = "repositories"
    COMMITS = "commits"
    FILES = "files"
    BLAME = "blame"
    ISSUES = "issues"
    SOURCE_URLS = "source_urls"


class RepositoryState(StrEnum):
    """A repository's state as callers see it. Rows being deleted are not seen."""

    ACTIVE = "active"
    DISABLED = "disabled"
    HIDDEN = "hidden"


# --- what hosts tell ---------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class AuthorInfo:
    """A commit's author as the host tells it; ``external_id`` is the account ("github:login")."""

    name: str
    email: str
    external_id: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class CommitInfo:
    """A commit as the host tells it. ``committed_at`` is the committer's time."""

    sha: str
    message: str
    author: AuthorInfo
    committed_at: datetime
    web_url: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class RepositoryInfo:
    """A repository as the host lists it. ``identifier`` is what its API addresses it by."""

    name: str
    identifier: str
    external_id: str
    url: str
    default_branch: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class RepositoryRef:
    """A repository as a provider needs it to make requests.

    ``identifier`` is the host's name for it ("owner/name"); ``config`` are the facts kept with
    the repository's row.
    """

    identifier: str
    external_id: str = ""
    url: str = ""
    config: Mapping[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class FileContent:
    """The first bytes of a file as of a commit; ``size`` is the whole file's, in bytes."""

    path: str
    commit_sha: str
    content: bytes
    size: int

    @property
    def truncated(self) -> bool:
        """Whether the content ends before the file does."""
        return len(self.content) < self.size


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceLineInfo:
    """One line to blame: line ``lineno`` (from 1) of ``path`` as of commit ``ref`` in ``repo``."""

    lineno: int
    path: str
    ref: str
    repo: RepositoryRef


@dataclass(frozen=True, kw_only=True, slots=True)
class FileBlameInfo:
    """The answer for one line: the commit that last changed it, and the line's own text."""

    line: SourceLineInfo
    commit: CommitInfo
    code: str


@dataclass(frozen=True, kw_only=True, slots=True)
class BlameRangeInfo:
    """Lines ``start`` to ``end`` (from 1, both included) of one commit, with their texts."""

    start: int
    end: int
    commit: CommitInfo
    lines: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class NewIssue:
    """An issue to open on a host. ``marker`` is hidden in it, to find it again after a crash."""

    repo: str
    title: str
    description: str
    labels: tuple[str, ...] = ()
    assignee: str = ""
    marker: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class IssueInfo:
    """An issue as the host tells it; ``key`` is the platform's name for it ("owner/name#7")."""

    key: str
    title: str
    description: str
    web_url: str
    metadata: Mapping[str, str] = field(default_factory=dict)


# --- what the platform keeps -------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class Repository:
    """A repository of an organization. ``config`` never holds a secret."""

    id: int
    organization_id: int
    name: str
    url: str
    provider: ProviderKey | None
    external_id: str
    status: RepositoryState
    integration_id: int | None
    date_added: datetime
    config: Mapping[str, str] = field(hash=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Commit:
    """A commit of a repository; ``id`` is None where it is not stored."""

    id: int | None
    repository_id: int
    sha: str
    message: str
    author: AuthorInfo | None
    committed_at: datetime
    web_url: str


@dataclass(frozen=True, kw_only=True, slots=True)
class CommitContext:
    """Who last changed a line: the answer to a blame of line ``line_number`` of ``filename``."""

    repository_id: int
    commit_sha: str
    filename: str
    line_number: int
    blame: CommitInfo
    code: str


@dataclass(frozen=True, kw_only=True, slots=True)
class CodeMapping:
    """Maps ``stack_root`` of a project's stack traces to ``source_root`` of a repository."""

    id: int
    organization_id: int
    project_id: int
    repository_id: int
    integration_id: int | None
    stack_root: str
    source_root: str
    default_branch: str
    automatically_generated: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class ExternalIssue:
    """A ticket on a host that the organization knows of."""

    id: int
    organization_id: int
    integration_id: int
    key: str
    title: str
    description: str
    web_url: str
    metadata: Mapping[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class CapabilitySupport:
    """Whether a capability is there, and why not."""

    capability: Capability
    supported: bool
    reason: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Page[T]:
    """A part of a list; ``next_token`` is empty on the last page."""

    items: tuple[T, ...]
    next_token: str = ""
