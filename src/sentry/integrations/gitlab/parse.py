"""Reads what GitLab's REST API answers. Pure and total: JSON in, values out, one error.

Shapes: GitLab's published OpenAPI description, and its documentation where that is silent.
Everything here raises HostUnavailable for a shape that they do not allow.
"""

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from sentry.integrations.source_code_management.http_cache import digest
from sentry.integrations.source_code_management.json_reader import (
    Json,
    JsonObject,
    as_list,
    as_object,
    as_objects,
    as_text,
    unexpected,
)
from sentry.integrations.source_code_management.types import (
    AuthorInfo,
    CommitInfo,
    CredentialCheck,
    RepositoryInfo,
)

_EXTERNAL_ID_LENGTH = 64
_ABSENT = re.compile(r"404 (?P<what>.+) Not Found")
# GitLab's words for what is absent, and ours.
_RESOURCES = {
    "Project": "repository",
    "Repository": "repository",
    "Commit": "commit",
    "Tree": "commit",
    "Ref": "commit",
    "File": "file",
    "invalid revision or path": "folder",
    "Issue": "issue",
}
_NEEDED_SCOPE = "api"
USER_SCOPES = frozenset({"api", "read_api", "read_user"})


def parse_repository(value: Json) -> RepositoryInfo:
    """One project."""
    return repository_of(as_object(value, "project"))


def parse_repositories(value: Json) -> list[RepositoryInfo]:
    """A page of projects."""
    return [repository_of(item) for item in as_objects(value, "projects")]


def repository_of(item: JsonObject) -> RepositoryInfo:
    """A project of an answer, or of a webhook's body."""
    path, url = item.text("path_with_namespace"), item.text("web_url")
    return RepositoryInfo(
        name=path,
        identifier=path,
        external_id=external_id(url, item.integer("id"), item),
        url=url,
        default_branch=item.optional_text("default_branch") or None,
    )


def external_id(url: str, number: int, item: JsonObject) -> str:
    """The host's name with the project's number; the name's digest where it is too long.

    The host is the one that GitLab itself says it is: its webhooks say so, too.
    """
    try:
        host = urlsplit(url).netloc.lower()
    except ValueError:
        host = ""
    if not host:
        raise unexpected(item.path("web_url"))
    whole = f"{host}:{number}"
    return whole if len(whole) <= _EXTERNAL_ID_LENGTH else f"{digest(host)[:32]}:{number}"


def parse_commit(value: Json) -> CommitInfo:
    """One commit."""
    return commit_of(as_object(value, "commit"))


def parse_commits(value: Json) -> list[CommitInfo]:
    """A page of commits."""
    return [commit_of(item) for item in as_objects(value, "commits")]


def commit_of(item: JsonObject, *, web_url: str = "") -> CommitInfo:
    """A commit; ``web_url`` where the answer does not tell it. GitLab tells no account."""
    committed = item.optional_time("committed_date")
    return CommitInfo(
        sha=item.text("id"),
        message=item.text("message").rstrip("\n"),
        author=AuthorInfo(
            name=item.optional_text("author_name") or "",
            email=item.optional_text("author_email") or "",
        ),
        committed_at=item.time("authored_date") if committed is None else committed,
        web_url=item.optional_text("web_url") or web_url,
    )


def parse_file_size(headers: Mapping[str, str]) -> int | None:
    """The size of a file, in bytes, from the headers that come with it."""
    text = headers.get("x-gitlab-size", "")
    return int(text) if re.fullmatch("[0-9]{1,15}", text) else None


def parse_absent(value: Json, resource: str) -> str:
    """What a 404 says is absent; ``resource`` where it says nothing that is known."""
    message = as_object(value, "error").get("message")
    match = _ABSENT.fullmatch(message) if isinstance(message, str) else None
    return _RESOURCES.get(match["what"], resource) if match else resource


# --- credentials ---------------------------------------------------------------------------------


def parse_user_check(value: Json, scopes: tuple[str, ...] | None) -> CredentialCheck:
    """The answer of GET /user; ``scopes`` None where GitLab does not tell them."""
    user = as_object(value, "user")
    return CredentialCheck(
        account=user.text("username"),
        missing=missing_scopes(scopes),
        identity=f"user-{user.integer('id')}",
    )


def parse_token(value: Json) -> tuple[tuple[str, ...], int]:
    """The scopes and the account's number, from GET /personal_access_tokens/self."""
    token = as_object(value, "token")
    return _texts(token, "scopes"), token.integer("user_id")


def parse_token_info(value: Json) -> tuple[tuple[str, ...], int]:
    """The scopes and the account's number, from GET /oauth/token/info."""
    token = as_object(value, "token")
    return _texts(token, "scope"), token.integer("resource_owner_id")


def missing_scopes(scopes: tuple[str, ...] | None) -> tuple[str, ...]:
    """The platform reads code, and writes issues and webhooks: no lesser scope does all of it."""
    return () if scopes is None or _NEEDED_SCOPE in scopes else (_NEEDED_SCOPE,)


def parse_lacking_scopes(value: Json) -> list[str]:
    """The scopes of which a 403 says that any one would do; [] where it says nothing of the kind.

    Total, as RFC 6750 has it: ``{"error": "insufficient_scope", "scope": "api read_api"}``.
    """
    told = value if isinstance(value, dict) else {}
    scope = told.get("scope")
    is_lack = told.get("error") == "insufficient_scope"
    return scope.split() if is_lack and isinstance(scope, str) else []


def _texts(item: JsonObject, name: str) -> tuple[str, ...]:
    where = item.path(name)
    return tuple(as_text(value, where) for value in as_list(item.get(name), where))
