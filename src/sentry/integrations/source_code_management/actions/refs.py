"""From the names that callers use to full commit ids."""

from sentry.integrations.base import Integration
from sentry.integrations.source_code_management.actions.installations import require
from sentry.integrations.source_code_management.repository import CommitIntegration
from sentry.integrations.source_code_management.types import Capability, RepositoryRef
from sentry.integrations.source_code_management.validation import is_full_sha

_DEFAULT = frozenset({"HEAD", "@"})  # git takes neither for a branch's or a tag's name


def resolve_ref(installation: Integration, repo: RepositoryRef, ref: str) -> str:
    """The full id that a branch, tag or sha names; "" is the default branch.

    A full id is its own answer: no host is asked.

    Raises:
        NotFound: no such ref. Unsupported, HostError: the host could not be asked.
    """
    if is_full_sha(ref):
        return ref
    commits = require(installation, CommitIntegration, Capability.COMMITS)
    return commits.resolve_ref(repo, as_hosts_take_it(ref))


def as_hosts_take_it(ref: str) -> str:
    """A ref for ``CommitIntegration.resolve_ref``: git's names for the default branch become ""."""
    return "" if ref in _DEFAULT else ref
