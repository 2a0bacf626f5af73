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
    COMPARISONS = "comparisons"
    TREES = "trees"
    BRANCHES = "branches"
    PULL_REQUESTS = "pull_requests"
    CODE_SEARCH = "code_search"
    WEBHOOKS = "webhooks"
    MIRRORS = "mirrors"


class BlameSource(StrEnum):
    """Who said who last changed a line: the host, or git on a mirror."""

    NATIVE = "native"
    MIRROR = "mirror"


class RepositoryState(StrEnum):
    """A repository's state as callers see it. Rows being deleted are not seen."""

    ACTIVE = "active"
    DISABLED = "disabled"
    HIDDEN = "hidden"


class ChangeKind(StrEnum):
    """What a change does to a file."""

    ADDED = "added"
    MODIFIED = "modified"
    REMOVED = "removed"
    RENAMED = "renamed"


class EntryKind(StrEnum):
    """What a tree holds under a path; a folder is no entry of its own."""

    FILE = "file"
    SYMLINK = "symlink"
    SUBMODULE = "submodule"


class PullRequestState(StrEnum):
    """Where a pull or merge request stands."""

    OPEN = "open"
    CLOSED = "closed"
    MERGED = "merged"


class IssueState(StrEnum):
    """Whether an issue still asks for something."""

    OPEN = "open"
    CLOSED = "closed"


class SyncJobState(StrEnum):
    """How far a synchronization has come."""

    WAITING = "waiting"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


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
    """A repository as the host lists it. ``identifier`` is what its API addresses it by.

    ``facts`` is what its provider wants to find in ``RepositoryRef.config`` besides.
    """

    name: str
    identifier: str
    external_id: str
    url: str
    default_branch: str | None = None
    facts: Mapping[str, str] = field(default_factory=dict, hash=False)


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
class FileChange:
    """What a commit or a comparison does to a file.

    ``previous_path`` is where a renamed file was before; "" for all others.
    """

    path: str
    kind: ChangeKind
    previous_path: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ComparisonInfo:
    """What ``head`` has that ``base`` has not.

    Attributes:
        commits: those reachable from head and not from base, newest first.
        files: what they changed together: the merge base against head.
        commits_truncated: whether there are more commits than these.
        files_truncated: whether there are more files than these.
    """

    commits: tuple[CommitInfo, ...]
    files: tuple[FileChange, ...]
    commits_truncated: bool = False
    files_truncated: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class TreeEntry:
    """A file of a tree, by its path from the repository's root.

    ``object_id`` is git's id of it, "" where the host does not tell; ``size`` in bytes, None
    where it does not. A host that does not tell kinds apart calls all of them files.
    """

    path: str
    kind: EntryKind = EntryKind.FILE
    object_id: str = ""
    size: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class TreeInfo:
    """The files below a folder as of a commit, ordered as git does; perhaps not all of them."""

    entries: tuple[TreeEntry, ...]
    truncated: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class BranchInfo:
    """A branch and the commit at its tip."""

    name: str
    sha: str


@dataclass(frozen=True, kw_only=True, slots=True)
class PullRequestInfo:
    """A pull or merge request as the host tells it.

    ``key`` is its number within the repository; ``merge_sha`` the commit that merged it, "" where
    there is none or the host does not tell.
    """

    key: str
    title: str
    description: str
    state: PullRequestState
    author: AuthorInfo | None
    head_branch: str
    base_branch: str
    head_sha: str
    merge_sha: str
    web_url: str
    created_at: datetime | None
    merged_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class CodeMatchLine:
    """A line that a search found; ``number`` from 1, 0 where the host does not tell."""

    number: int
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class CodeMatch:
    """A file that a search of code found, as of ``ref`` ("" where the host does not tell)."""

    path: str
    ref: str
    lines: tuple[CodeMatchLine, ...]
    web_url: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class MirrorSource:
    """Where git fetches a repository, and with what.

    Attributes:
        url: https, without a credential.
        headers: what carries the credential; sent to this origin alone, never logged.
        identity: a digest that names the credential without telling it.
    """

    url: str
    headers: Mapping[str, str] = field(repr=False, hash=False)
    identity: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class CredentialCheck:
    """What a host says of the credential that asks.

    Attributes:
        account: whom it stands for, as people would say it ("dora", "acme's installation").
        missing: the permissions that the platform needs and the credential lacks, in the host's
            own words; a host that does not tell them is asked by small reads.
        identity: the host's unchanging id of that account ("user-42"), for the integration's
            ``external_id``; "" where the host has none.
        settings: metadata to be stored as they are here: unchanging ids for names that were given.
    """

    account: str
    missing: tuple[str, ...] = ()
    identity: str = ""
    settings: Mapping[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceLineInfo:
    """One line to blame: line ``lineno`` (from 1) of ``path`` as of commit ``ref`` in ``repo``."""

    lineno: int
    path: str
    ref: str
    repo: RepositoryRef


@dataclass(frozen=True, kw_only=True, slots=True)
class FileBlameInfo:
    """The answer for one line: the commit that last changed it, and the line's own text.

    ``has_ignore_revs`` says whether the commit's tree holds a ``.git-blame-ignore-revs``; None
    where the host did not tell with the blame. ``ignore_revs_applied`` says whether the revisions
    named there were left out. ``whole`` are the ranges of the whole file in order, where the host
    gave them with the line; else empty.
    """

    line: SourceLineInfo
    commit: CommitInfo
    code: str
    has_ignore_revs: bool | None = None
    source: BlameSource = BlameSource.NATIVE
    ignore_revs_applied: bool = False
    whole: tuple["BlameRangeInfo", ...] = field(default=(), repr=False, compare=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class BlameRangeInfo:
    """Lines ``start`` to ``end`` (from 1, both included) of one commit, with their texts.

    ``ignore_revs_applied`` is as in ``FileBlameInfo``.
    """

    start: int
    end: int
    commit: CommitInfo
    lines: tuple[str, ...]
    source: BlameSource = BlameSource.NATIVE
    ignore_revs_applied: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class NewIssue:
    """An issue to open on a host. ``marker`` is hidden in it, to find it again after a crash.

    ``repo`` has an id where the platform knows the repository; else its name is all that there is.
    """

    repo: RepositoryRef
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
    state: IssueState = IssueState.OPEN
    assignees: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class IssueCommentInfo:
    """A comment on an issue, by the host's id of it."""

    id: str
    web_url: str = ""


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
    """Who last changed a line: the answer to a blame of line ``line_number`` of ``filename``.

    ``source`` says how it was obtained; ``ignore_revs_applied`` whether the revisions that the
    commit's ``.git-blame-ignore-revs`` names were left out (false where it has none).
    """

    repository_id: int
    commit_sha: str
    filename: str
    line_number: int
    blame: CommitInfo
    code: str
    source: BlameSource = BlameSource.NATIVE
    ignore_revs_applied: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """What commit ``head_sha`` has that ``base_sha`` has not; see ``ComparisonInfo``."""

    base_sha: str
    head_sha: str
    commits: tuple[Commit, ...]
    files: tuple[FileChange, ...]
    commits_truncated: bool
    files_truncated: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Tree:
    """Files as of a commit; ``skipped`` are those whose paths are not UTF-8."""

    commit_sha: str
    entries: tuple[TreeEntry, ...]
    truncated: bool
    skipped: int


@dataclass(frozen=True, kw_only=True, slots=True)
class PullRequest:
    """A pull request of a repository of the platform."""

    repository_id: int
    info: PullRequestInfo


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
