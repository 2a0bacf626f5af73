from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentry.integrations.github import parse
from sentry.integrations.github.parse_blame import parse_blame
from sentry.integrations.source_code_management.errors import (
    HostRateLimited,
    HostUnavailable,
    InvalidArgument,
)
from sentry.integrations.source_code_management.issue_markers import with_marker
from sentry.integrations.source_code_management.json_reader import Json
from sentry.integrations.source_code_management.types import AuthorInfo

# git's ids of these blobs
HI = "32f95c0d1244a78b2be1bab8de17906fabb2c4a8"
EMPTY = "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"

COMMIT: dict[str, Any] = {
    "sha": "a" * 40,
    "html_url": "https://github.com/acme/shop/commit/" + "a" * 40,
    "commit": {
        "message": "Fix\0it",
        "author": {"name": "Ann", "email": "ann@example.com", "date": "2024-01-01T00:00:00Z"},
        "committer": {"name": "Bob", "email": "b@example.com", "date": "2024-01-02T00:00:00Z"},
    },
    "author": {"login": "ann"},
    "committer": None,
}

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    *COMMIT,
                    "author",
                    "date",
                    "data",
                    "repository",
                    "c0",
                    "t0",
                    "errors",
                    "path",
                    "type",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


def test_a_commit_has_its_authors_account_and_the_committers_time():
    commit = parse.parse_commit(COMMIT)
    assert commit.author == AuthorInfo(
        name="Ann", email="ann@example.com", external_id="github:ann"
    )
    assert commit.committed_at == datetime(2024, 1, 2, tzinfo=UTC)
    assert commit.message == "Fix\ufffdit"


def test_a_commit_may_lack_account_author_and_page():
    facts = {"message": "", "author": None, "committer": COMMIT["commit"]["committer"]}
    commit = parse.parse_commit({"sha": "b", "commit": facts, "author": {}})
    assert commit.author == AuthorInfo(name="", email="", external_id="")
    assert commit.web_url == ""


def test_a_commit_without_committer_has_its_authors_time():
    facts = {**COMMIT["commit"], "committer": None}
    commit = parse.parse_commit({**COMMIT, "commit": facts})
    assert commit.committed_at == datetime(2024, 1, 1, tzinfo=UTC)
    with pytest.raises(HostUnavailable):
        parse.parse_commit({**COMMIT, "commit": {"message": "x"}})


def test_an_issues_body_may_be_null_and_its_marker_is_taken_off():
    item: dict[str, Any] = {
        "number": 7,
        "title": "T",
        "body": None,
        "html_url": "https://h/7",
        "repository_url": "https://api.h/repos/acme/shop",
        "state": "closed",
        "created_at": "2024-01-01T00:00:00Z",
    }
    assert parse.parse_issue(item).description == ""
    assert parse.parse_issue(item).key == "acme/shop#7"
    with pytest.raises(HostUnavailable):
        parse.parse_issue({**item, "repository_url": "https://api.h"})
    marked = {**item, "body": with_marker("Text", "m-1_x"), "pull_request": {}}
    (listed,) = parse.parse_issues([marked])
    assert (listed.issue.description, listed.marker, listed.is_pull_request) == (
        "Text",
        "m-1_x",
        True,
    )
    assert with_marker("Text", "") == "Text"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"type": "file", "size": 2, "sha": HI, "encoding": "base64", "content": "aGk=\n"}, b"hi"),
        ({"type": "file", "size": 0, "sha": EMPTY, "encoding": "base64", "content": ""}, b""),
        ({"type": "file", "size": 9, "sha": HI, "encoding": "none", "content": ""}, None),
        ({"type": "file", "size": 0, "sha": HI, "encoding": "base64", "content": ""}, None),
        ({"type": "symlink", "size": 3, "sha": HI}, None),
    ],
)
def test_a_file_entry_has_a_size_an_id_and_perhaps_its_own_content(value, expected):
    entry = parse.parse_file_entry(value)
    assert entry is not None
    assert (entry.size, entry.blob_sha, entry.content) == (value["size"], value["sha"], expected)


@pytest.mark.parametrize("value", [[], [{}], {"type": "submodule"}, {"type": "dir"}])
def test_what_is_no_file_has_no_entry(value):
    assert parse.parse_file_entry(value) is None


def test_a_content_that_is_no_base64_cannot_be_read():
    file: dict[str, Json] = {"type": "file", "size": 1, "sha": HI, "encoding": "base64"}
    with pytest.raises(HostUnavailable):
        parse.parse_file_entry({**file, "content": "a"})
    with pytest.raises(HostUnavailable):
        parse.parse_file_entry({**file, "content": "ü"})


def test_a_token_stays_out_of_the_repr_and_is_fit_for_a_header():
    value: dict[str, Any] = {"token": "ghs_secret", "expires_at": "2024-01-01T00:00:00Z"}
    assert "secret" not in repr(parse.parse_installation_token(value))
    for bad in ("", "a b", "a\nb", "ü"):
        with pytest.raises(HostUnavailable):
            parse.parse_installation_token({**value, "token": bad})


def test_a_null_among_repositories_is_left_out():
    repo: dict[str, Any] = {"id": 1, "full_name": "a/b", "html_url": "u", "default_branch": ""}
    answers: list[Any] = [[repo, None], {"repositories": [None, repo]}]
    for value in answers:
        (found,) = parse.parse_repositories(value)
        assert (found.external_id, found.default_branch) == ("1", None)


@given(json_values)
def test_whatever_comes_gives_a_value_or_the_one_error(value):
    for read in (
        parse.parse_installation_token,
        parse.parse_repository,
        parse.parse_repositories,
        parse.parse_commit,
        parse.parse_commits,
        parse.parse_file_entry,
        parse.parse_issue,
        parse.parse_issues,
        parse.parse_rejected_fields,
        parse.parse_message,
        lambda item: parse_blame(item, 2),
    ):
        try:
            read(value)
        except (HostUnavailable, HostRateLimited) as error:
            assert error.message  # noqa: PT017 -- either way is right


@given(st.text())
def test_whatever_is_asked_for_gives_a_name_or_the_callers_error(text):
    for read in (parse.parse_identifier, parse.parse_issue_key, lambda t: with_marker("", t)):
        try:
            read(text)
        except InvalidArgument as error:
            assert error.field  # noqa: PT017 -- either way is right
