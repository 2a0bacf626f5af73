"""Reads what Bitbucket answers of repositories, commits and accounts. Pure and total.

Shapes: Bitbucket's published OpenAPI description. Everything here raises HostUnavailable for a
shape that the description does not allow, unless it says otherwise.
"""

import re
from dataclasses import dataclass

from sentry.integrations.source_code_management.errors import InvalidArgument
from sentry.integrations.source_code_management.json_reader import (
    Json,
    JsonObject,
    as_object,
    clean_text,
)
from sentry.integrations.source_code_management.types import (
    AuthorInfo,
    BranchInfo,
    CommitInfo,
    RepositoryInfo,
)

_IDENTIFIER = re.compile(r"(?P<workspace>[A-Za-z0-9_\-]{1,100})/(?P<slug>[A-Za-z0-9._\-]{1,100})")
_UUID = re.compile(r"\{[0-9A-Fa-f\-]{36}\}")
_RAW_AUTHOR = re.compile(r"(?P<name>.*?)\s*<(?P<email>[^<>]*)>\s*", re.DOTALL)


@dataclass(frozen=True, kw_only=True, slots=True)
class RepositoryName:
    """The two parts of "workspace/slug"."""

    workspace: str
    slug: str

    @property
    def identifier(self) -> str:
        """Both together, as Bitbucket's API addresses a repository."""
        return f"{self.workspace}/{self.slug}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """An account: what people call it, and Bitbucket's id of it (a UUID in braces)."""

    name: str
    uuid: str


@dataclass(frozen=True, kw_only=True, slots=True)
class NamedRef:
    """A branch or a tag, and the commit that it names."""

    name: str
    sha: str
    is_branch: bool


def parse_identifier(identifier: str, *, field_name: str = "repo") -> RepositoryName:
    """Takes "workspace/slug" apart.

    Raises:
        InvalidArgument: it has characters or a form that Bitbucket does not allow.
    """
    match = _IDENTIFIER.fullmatch(identifier)
    if match is None or match["slug"] in (".", ".."):
        raise InvalidArgument(field_name, "must be workspace/repository, as Bitbucket writes it")
    return RepositoryName(workspace=match["workspace"], slug=match["slug"])


def is_uuid(text: str) -> bool:
    """Whether a text is an id as Bitbucket gives repositories, in braces."""
    return _UUID.fullmatch(text) is not None


def quoted(text: str) -> str:
    """A text as Bitbucket's filter language (``q``) writes one."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


# --- pages ----------------------------------------------------------------------------------------


def values_of(value: Json, where: str) -> list[JsonObject]:
    """The entries of a page."""
    return as_object(value, where).objects("values")


def next_link(value: Json) -> str | None:
    """The address of the page that follows, which may be anything; None on the last one."""
    return as_object(value, "page").optional_text("next") or None


def link_of(item: JsonObject, name: str) -> str:
    """One of an object's addresses; "" where it has none of this name."""
    links = item.optional_object("links")
    link = links.optional_object(name) if links else None
    return (link.optional_text("href") if link else None) or ""


# --- repositories ---------------------------------------------------------------------------------


def parse_repository(value: Json) -> RepositoryInfo:
    """One repository."""
    return repository_of(as_object(value, "repository"))


def parse_repositories(value: Json) -> list[RepositoryInfo]:
    """A page of repositories."""
    return [repository_of(item) for item in values_of(value, "repositories")]


def repository_of(item: JsonObject) -> RepositoryInfo:
    """A repository where it stands in an answer or in a delivery."""
    full_name = item.text("full_name")
    branch = item.optional_object("mainbranch")
    return RepositoryInfo(
        name=full_name,
        identifier=full_name,
        external_id=item.text("uuid"),
        url=link_of(item, "html"),
        default_branch=(branch.optional_text("name") if branch else None) or None,
    )


def parse_workspaces(value: Json) -> list[str]:
    """A page of the caller's own workspaces: their slugs."""
    return [item.object("workspace").text("slug") for item in values_of(value, "workspaces")]


def parse_workspace_uuid(value: Json) -> str:
    """The UUID of a workspace, from the answer of GET /workspaces/{workspace}."""
    return as_object(value, "workspace").text("uuid")


def parse_listed_workspace_uuid(value: Json) -> str:
    """The UUID of the workspace that a page of its repositories names; "" where it names none.

    The description leaves it out of a repository, the host's answers and deliveries have it.
    """
    for item in values_of(value, "repositories"):
        workspace = item.optional_object("workspace")
        return (workspace.optional_text("uuid") if workspace else None) or ""
    return ""


def parse_account(value: Json) -> Account:
    """The answer of GET /user."""
    item = as_object(value, "user")
    name = item.optional_text("display_name") or item.optional_text("nickname")
    return Account(name=name or item.text("uuid"), uuid=item.text("uuid"))


# --- commits --------------------------------------------------------------------------------------


def parse_commit(value: Json) -> CommitInfo:
    """One commit."""
    return commit_of(as_object(value, "commit"))


def parse_commits(value: Json) -> list[CommitInfo]:
    """A page of commits."""
    return [commit_of(item) for item in values_of(value, "commits")]


def commit_of(item: JsonObject) -> CommitInfo:
    """A commit where it stands in an answer or in a delivery."""
    author = item.optional_object("author")
    return CommitInfo(
        sha=item.text("hash"),
        message=(item.optional_text("message") or "").rstrip("\n"),
        author=parse_author(author),
        committed_at=item.time("date"),
        web_url=link_of(item, "html"),
    )


def parse_author(author: JsonObject | None) -> AuthorInfo:
    """A commit's author from git's "name <address>", and the account where Bitbucket knows it."""
    if author is None:
        return AuthorInfo(name="", email="")
    raw = author.optional_text("raw") or ""
    match = _RAW_AUTHOR.fullmatch(raw)
    user = author.optional_object("user")
    known = account_of(user) if user else AuthorInfo(name="", email="")
    return AuthorInfo(
        name=(match["name"] if match else raw.strip()) or known.name,
        email=match["email"].strip() if match else "",
        external_id=known.external_id,
    )


def account_of(user: JsonObject) -> AuthorInfo:
    """An account as an author; Bitbucket tells no address of it."""
    uuid = user.optional_text("uuid") or ""
    name = user.optional_text("display_name") or user.optional_text("nickname") or ""
    return AuthorInfo(name=name, email="", external_id=f"bitbucket:{uuid}" if uuid else "")


# --- refs -----------------------------------------------------------------------------------------


def parse_refs(value: Json) -> list[NamedRef]:
    """A page of branches and tags."""
    return [
        NamedRef(
            name=item.text("name"),
            sha=item.object("target").text("hash"),
            is_branch=item.text("type") != "tag",
        )
        for item in values_of(value, "refs")
    ]


def parse_branches(value: Json) -> list[BranchInfo]:
    """A page of branches."""
    return [BranchInfo(name=each.name, sha=each.sha) for each in parse_refs(value)]


# --- errors ---------------------------------------------------------------------------------------


def parse_message(value: Json) -> str:
    """The text of an error, for telling one cause from another; never for a caller's eyes."""
    error = as_object(value, "error").optional_object("error")
    return (error.optional_text("message") if error else None) or ""


def parse_missing_scopes(value: Json) -> list[str]:
    """The scopes that a 403 says are required and not granted; [] where it does not say.

    Total: what is not in the shape that Bitbucket was seen to send says nothing.
    """
    detail = _detail(value)
    granted = _texts(detail.get("granted"))
    return [name for name in _texts(detail.get("required")) if name not in granted]


def parse_granted_scopes(value: Json) -> list[str] | None:
    """All the scopes that a 403 says the credential has; None where it does not say. Total."""
    granted = _detail(value).get("granted")
    return _texts(granted) if isinstance(granted, list) else None


def _detail(value: Json) -> dict[str, Json]:
    error = value.get("error") if isinstance(value, dict) else None
    detail = error.get("detail") if isinstance(error, dict) else None
    return detail if isinstance(detail, dict) else {}


def _texts(value: Json) -> list[str]:
    items = value if isinstance(value, list) else []
    return [clean_text(item) for item in items if isinstance(item, str)]
