"""Checks of what callers give: each returns the clean value or names the field that is wrong."""

import re

from sentry.integrations.source_code_management.errors import InvalidArgument

_SHA = re.compile(r"[0-9a-fA-F]{4,64}")
_FULL_SHA = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
# What git allows in a ref name (git-check-ref-format), less what no host accepts.
_REF_FORBIDDEN = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|//|@\{|\.lock(/|$)|^[/.-]|[/.]$|/\.")
_BRANCH = re.compile(r"[A-Za-z0-9_.][A-Za-z0-9_./-]*")
_ROOT_FORBIDDEN = re.compile(r"[\s'\"]")
MAX_ID = 2**63 - 1
MAX_PATH_BYTES = 4096
MAX_REF_BYTES = 512
MAX_ROOT_LENGTH = 1024
MAX_LINE_NUMBER = 2**31 - 1


def clean_text(field: str, value: str, *, max_length: int, required: bool = False) -> str:
    """Text of at most ``max_length`` characters, valid Unicode without NUL.

    Raises:
        InvalidArgument: it is not, or it is blank though required.
    """
    if required and not value.strip():
        raise InvalidArgument(field, "is needed")
    if len(value) > max_length:
        raise InvalidArgument(field, f"is longer than {max_length} characters")
    if "\x00" in value or (not value.isascii() and any("\ud800" <= c <= "\udfff" for c in value)):
        raise InvalidArgument(field, "holds NUL or half a surrogate pair")
    return value


def clean_id(field: str, value: int) -> int:
    """A row's id: positive.

    Raises:
        InvalidArgument: it is not.
    """
    if not 0 < value <= MAX_ID:
        raise InvalidArgument(field, "expected a positive id")
    return value


def clean_sha(field: str, value: str) -> str:
    """A commit's id or an abbreviation of one, in lower case.

    Raises:
        InvalidArgument: it is not 4 to 64 hex digits.
    """
    if not _SHA.fullmatch(value):
        raise InvalidArgument(field, "expected 4 to 64 hex digits")
    return value.lower()


def is_full_sha(value: str) -> bool:
    """Whether the id is whole: 40 (SHA-1) or 64 (SHA-256) hex digits in lower case."""
    return _FULL_SHA.fullmatch(value) is not None


def clean_ref(field: str, value: str) -> str:
    """A branch, a tag or a commit's id; "" stays "" and means the default branch.

    Raises:
        InvalidArgument: git would not take it as a name.
    """
    clean_text(field, value, max_length=MAX_REF_BYTES)
    if value and _REF_FORBIDDEN.search(value):
        raise InvalidArgument(field, "is no name of a branch, tag or commit")
    return value


def clean_path(field: str, value: str, *, required: bool = True) -> str:
    """A file's path inside a repository; one leading slash is dropped.

    Raises:
        InvalidArgument: it is empty though required, too long, or steps out of the repository.
    """
    path = value.removeprefix("/")
    if not path:
        if required:
            raise InvalidArgument(field, "is needed")
        return ""
    clean_text(field, path, max_length=MAX_PATH_BYTES)
    if len(path.encode()) > MAX_PATH_BYTES:
        raise InvalidArgument(field, f"is longer than {MAX_PATH_BYTES} bytes")
    if any(segment in ("", ".", "..") for segment in path.split("/")):
        raise InvalidArgument(field, "expected a path inside the repository, without . or ..")
    return path


def clean_line_number(field: str, value: int) -> int:
    """A line number, counted from 1.

    Raises:
        InvalidArgument: it is not.
    """
    if not 1 <= value <= MAX_LINE_NUMBER:
        raise InvalidArgument(field, "expected a line number, counted from 1")
    return value


def clean_page_size(value: int, *, default: int, most: int) -> int:
    """How many items a page has: 0 means the default, more than the most means the most.

    Raises:
        InvalidArgument: it is negative.
    """
    if value < 0:
        raise InvalidArgument("page_size", "expected 0 or more")
    return min(value or default, most)


def clean_root(field: str, value: str) -> str:
    """A stack root or source root: no white space and no quotes; may be empty.

    Raises:
        InvalidArgument: it is neither.
    """
    clean_text(field, value, max_length=MAX_ROOT_LENGTH)
    if _ROOT_FORBIDDEN.search(value):
        raise InvalidArgument(field, "expected a path prefix without white space or quotes")
    return value


def clean_branch(field: str, value: str) -> str:
    """A branch's name: letters, digits and ``_ . / -``, not starting or ending with a slash.

    Raises:
        InvalidArgument: it is none.
    """
    clean_text(field, value, max_length=MAX_REF_BYTES)
    if not _BRANCH.fullmatch(value) or value.endswith("/") or ".." in value:
        raise InvalidArgument(field, "expected the name of a branch")
    return value
