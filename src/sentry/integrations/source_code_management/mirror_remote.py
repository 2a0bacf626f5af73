"""The host's side of a mirror: where git fetches, with which credential, at which address."""

import functools
import logging
import re
from collections.abc import Sequence
from contextlib import suppress
from ipaddress import ip_address

import httpcore

from sentry.integrations.source_code_management.errors import (
    DeadlineExceeded,
    HostUnavailable,
    IntegrationBroken,
    NotFound,
    ScmError,
)
from sentry.integrations.source_code_management.http_guard import (
    Origin,
    check_address,
    parse_origin,
)
from sentry.integrations.source_code_management.http_transport import (
    allow_list,
    resolve,
    resolve_within,
)
from sentry.integrations.source_code_management.mirror_git import (
    Git,
    GitFailedError,
    SizeWatch,
    file_of_ids,
)
from sentry.integrations.source_code_management.mirror_parse import (
    CredentialRefusedError,
    IncompleteFetchError,
    fetch_failure,
    is_local_damage,
)
from sentry.integrations.source_code_management.repository import MirrorIntegration
from sentry.integrations.source_code_management.types import MirrorSource, RepositoryRef
from sentry.integrations.source_code_management.validation import is_full_sha
from sentry.utils import deadline

logger = logging.getLogger(__name__)

_HEADER_NAME = re.compile(r"[A-Za-z0-9\-]+")
_HEADER_VALUE = re.compile(r"[\x20-\x7e]+")
_RESOLVE_SECONDS = 10.0
_SAID = 300  # characters of git's own text that are logged
_REMOTE = "origin"
_FILTER = "blob:none"
_FETCH = (
    "fetch",
    "--no-tags",
    "--no-write-fetch-head",
    "--no-recurse-submodules",
    "--no-auto-maintenance",
    "--progress",  # git dies of the closed pipe where this process does
    f"--filter={_FILTER}",
)
_BRANCHES = "+refs/heads/*:refs/heads/*"
_TAGS = "+refs/tags/*:refs/tags/*"
_WITHOUT_TAGS = "without-tags"  # a file in the mirror: tags of this repository cannot be fetched


class MirrorRemote:
    """Fetches one repository from its host. Asks for a newer credential once.

    Where to fetch is asked before the first fetch and kept for the others.
    """

    def __init__(self, host: MirrorIntegration, repo: RepositoryRef) -> None:
        """Asks nothing yet."""
        self._host = host
        self._repo = repo
        self._renewed = False

    @functools.cached_property
    def _source(self) -> MirrorSource:
        return self._host.get_mirror_source(self._repo)

    @functools.cached_property
    def _origin(self) -> Origin:
        """Where the first source led: a later one may lead nowhere else."""
        return parse_origin(self._source.url, allow_list())

    def fetch_refs(self, git: Git, watch: SizeWatch) -> None:
        """Every branch and tag, with commits and trees; of files none, where the host can filter.

        A tag may name a file's contents, which a filter leaves out: git then takes none of the
        names. Such a repository is fetched without tags, also later. What only a tag holds is still
        there for ``fetch_commit``.

        Raises:
            NotFound: no such repository. SizeExceededError: it is larger than it may be.
            IntegrationBroken: there is no credential, or the guard refuses the URL.
            HostError, PreconditionFailed, DeadlineExceeded: the host did not give it.
        """
        without_tags = git.git_dir / _WITHOUT_TAGS
        if not without_tags.exists():
            try:
                self._fetch(git, watch, ["--prune", _REMOTE, _BRANCHES, _TAGS])
            except IncompleteFetchError:
                without_tags.touch()
            else:
                return
        self._fetch(git, watch, ["--prune", _REMOTE, _BRANCHES])

    def fetch_commit(self, git: Git, watch: SizeWatch, sha: str) -> None:
        """One commit that no branch or tag holds, with its history; a name for it is not kept.

        Raises:
            NotFound: the host has or gives no such commit, or this is no full id. Else as
                ``fetch_refs``.
        """
        if not is_full_sha(sha):
            raise NotFound("commit")
        self._fetch(git, watch, [_REMOTE, sha])

    def fetch_objects(self, git: Git, watch: SizeWatch, ids: Sequence[str]) -> None:
        """These objects, in one request beside git's greeting.

        Raises:
            NotFound: the host lacks one. Else as ``fetch_refs``.
        """
        # As git's own lazy fetch does it: no negotiation, since no object is like another here.
        config = [("fetch.negotiationAlgorithm", "noop")]
        self._fetch(git, watch, ["--stdin", _REMOTE], stdin=file_of_ids(ids), config=config)

    def _fetch(
        self,
        git: Git,
        watch: SizeWatch,
        arguments: Sequence[str],
        *,
        stdin: bytes = b"",
        config: Sequence[tuple[str, str]] = (),
    ) -> None:
        while True:
            try:
                git(
                    *_FETCH,
                    *arguments,
                    stdin=stdin,
                    config=[*self._config(), *config],
                    protocol=self._origin.scheme,
                    watch=watch,
                )
            except GitFailedError as failure:
                self._judge(failure)
            else:
                return

    def _judge(self, failure: GitFailedError) -> None:
        """Renews the credential that the host refused, for another try.

        Raises:
            GitFailedError: git could not read what is on disk.
            ScmError: what else the failure means, or what no newer credential mends.
        """
        if failure.status < 0 or is_local_damage(failure.stderr):
            raise failure
        error = fetch_failure(failure.stderr)
        logger.info("mirror.fetch_failed", extra=self._facts(failure, error))
        if not isinstance(error, CredentialRefusedError) or self._renewed:
            raise error from None
        self._renewed = True
        self._source = self._host.get_mirror_source(self._repo, rejected=self._source)

    def _facts(self, failure: GitFailedError, error: ScmError) -> dict[str, object]:
        return {
            "host": self._origin.host,
            "repository": self._repo.identifier,
            "status": failure.status,
            "error": type(error).__name__,
            "said": failure.stderr[-_SAID:],
        }

    def _config(self) -> list[tuple[str, str]]:
        """The remote, the credential and the address, all by the environment: none is on disk."""
        if parse_origin(self._source.url, allow_list()) != self._origin:
            raise IntegrationBroken("the repository moved to another host meanwhile")
        config = [
            (f"remote.{_REMOTE}.url", self._source.url),
            (f"remote.{_REMOTE}.promisor", "true"),
            (f"remote.{_REMOTE}.partialCloneFilter", _FILTER),
            ("http.curloptResolve", _pinned(self._origin)),
        ]
        for name, value in self._source.headers.items():
            if not _HEADER_NAME.fullmatch(name) or not _HEADER_VALUE.fullmatch(value):
                raise IntegrationBroken("the integration's credential does not fit into a header")
            config.append((f"http.{self._origin}/.extraHeader", f"{name}: {value}"))
        return config


def _pinned(origin: Origin) -> str:
    """The host's checked addresses, as curl takes them: git looks up no name itself.

    Raises:
        IntegrationBroken: an address is not public and not listed.
    """
    addresses = _addresses(origin)
    allowed = allow_list()
    for address in addresses:
        check_address(origin.host, address, allowed)
    listed = ",".join(f"[{each}]" if ":" in each else each for each in addresses)
    host = f"[{origin.host}]" if ":" in origin.host else origin.host
    return f"{host}:{origin.port}:{listed}"


def _addresses(origin: Origin) -> list[str]:
    with suppress(ValueError):
        return [str(ip_address(origin.host))]
    left = deadline.remaining(_RESOLVE_SECONDS)
    if left <= 0:
        raise DeadlineExceeded
    try:
        return resolve_within(resolve, origin.host, origin.port, min(left, _RESOLVE_SECONDS))
    except (httpcore.ConnectError, httpcore.ConnectTimeout):
        raise HostUnavailable("the host has no address now") from None
