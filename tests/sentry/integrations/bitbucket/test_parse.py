"""Whatever shape arrives: a value, or the one error."""

import copy
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from sentry.integrations.bitbucket import parse, parse_files, parse_pulls
from sentry.integrations.bitbucket.webhooks.parse import parse_delivery
from sentry.integrations.source_code_management.errors import HostUnavailable, InvalidArgument
from sentry.integrations.source_code_management.types import (
    AuthorInfo,
    ChangeKind,
    EntryKind,
    FileChange,
    PullRequestState,
)

LINKS: Any = {
    "self": {"href": "https://h/2.0/x/src/" + "a" * 40 + "/p"},
    "html": {"href": "https://w/x"},
}
USER: Any = {"type": "user", "uuid": "{u}", "display_name": "Dora"}
REPOSITORY: Any = {
    "type": "repository", "full_name": "acme/shop", "uuid": "{r}", "links": LINKS,
    "mainbranch": {"type": "branch", "name": "main"},
}  # fmt: skip
COMMIT: Any = {
    "type": "commit", "hash": "a" * 40, "date": "2024-01-02T03:04:05+00:00", "message": "m\n",
    "author": {"type": "author", "raw": "Dora <d@x>", "user": USER}, "links": LINKS,
}  # fmt: skip
FILE: Any = {
    "type": "commit_file",
    "path": "src/a.py",
    "size": 3,
    "attributes": ["link"],
    "links": LINKS,
}
PULL: Any = {
    "type": "pullrequest", "id": 7, "title": "t", "description": "d", "state": "OPEN",
    "author": USER, "created_on": "2024-01-02T03:04:05.000001+00:00", "links": LINKS,
    "source": {"branch": {"name": "x"}, "commit": {"hash": "b" * 12}},
    "destination": {"branch": {"name": "main"}, "commit": {"hash": "c" * 12}},
    "merge_commit": {"hash": "d" * 12},
}  # fmt: skip
REF: Any = {"type": "branch", "name": "main", "target": COMMIT}
CHANGE: Any = {"type": "diffstat", "status": "renamed", "old": {"path": "a"}, "new": {"path": "b"}}
MATCH: Any = {
    "file": FILE,
    "content_matches": [
        {"lines": [{"line": 3, "segments": [{"text": "a "}, {"text": "b", "match": True}]}]}
    ],
}
HOOK: Any = {"uuid": "{h}", "url": "https://x/"}
DELIVERY: Any = {
    "repository": REPOSITORY,
    "push": {"changes": [{"old": REF, "new": REF, "truncated": False, "commits": [COMMIT]}]},
    "pullrequest": PULL,
}


def page(item: object) -> Any:
    return {"values": [item], "next": "https://h/x", "pagelen": 1}


READERS: dict[str, tuple[Callable[[Any], object], object]] = {
    "repository": (parse.parse_repository, REPOSITORY),
    "repositories": (parse.parse_repositories, page(REPOSITORY)),
    "workspaces": (parse.parse_workspaces, page({"workspace": {"slug": "acme"}})),
    "workspace": (parse.parse_workspace_uuid, {"uuid": "{w}"}),
    "listed workspace": (parse.parse_listed_workspace_uuid, page({"workspace": {"uuid": "{w}"}})),
    "account": (parse.parse_account, USER),
    "commit": (parse.parse_commit, COMMIT),
    "commits": (parse.parse_commits, page(COMMIT)),
    "refs": (parse.parse_refs, page(REF)),
    "branches": (parse.parse_branches, page(REF)),
    "next": (parse.next_link, page(REF)),
    "message": (parse.parse_message, {"type": "error", "error": {"message": "m"}}),
    "scopes": (
        parse.parse_missing_scopes,
        {"error": {"detail": {"granted": ["a"], "required": ["a", "b"]}}},
    ),
    "granted": (parse.parse_granted_scopes, {"error": {"detail": {"granted": ["a"]}}}),
    "file": (parse_files.parse_file_meta, FILE),
    "listing": (lambda value: parse_files.parse_listing(value, "src"), page(FILE)),
    "changes": (parse_files.parse_changes, page(CHANGE)),
    "matches": (parse_files.parse_matches, page(MATCH)),
    "numbers": (parse_pulls.parse_pull_numbers, page(PULL)),
    "pull": (parse_pulls.parse_pull, PULL),
    "hooks": (parse_pulls.parse_hooks, page(HOOK)),
    "hook": (parse_pulls.parse_hook, HOOK),
    "push": (lambda value: parse_delivery("repo:push", value), DELIVERY),
    "updated": (lambda value: parse_delivery("repo:updated", value), DELIVERY),
    "deleted": (lambda value: parse_delivery("repo:deleted", value), DELIVERY),
    "pulled": (lambda value: parse_delivery("pullrequest:created", value), DELIVERY),
}
ODD: list[Any] = [None, True, 7, -1.5, "", "x\0\udc80", [], [None], {}, {"x": {}}, [[]], 10**30]


def places(value: object, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place inside a value."""
    inner: Any = []
    if isinstance(value, dict):
        inner = value.items()
    elif isinstance(value, list):
        inner = enumerate(value)
    for key, item in inner:
        yield (*path, key)
        yield from places(item, (*path, key))


def changed(value: Any, path: tuple[Any, ...], new: object, *, remove: bool = False) -> Any:
    whole = copy.deepcopy(value)
    target = whole
    for key in path[:-1]:
        target = target[key]
    if remove:
        del target[path[-1]]
    else:
        target[path[-1]] = new
    return whole


@pytest.mark.parametrize("name", READERS)
def test_it_is_read(name):
    reader, value = READERS[name]
    assert reader(value)


@pytest.mark.parametrize("name", READERS)
def test_any_other_shape_is_a_value_or_the_one_error(name):
    reader, value = READERS[name]
    variants = [*ODD]
    for path in places(value):
        variants += [changed(value, path, odd) for odd in ODD]
        variants.append(changed(value, path, None, remove=True))
    for variant in variants:
        try:
            reader(variant)
        except HostUnavailable:
            continue


# --- what is meant -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "user", "author"),
    [
        ("Dora <d@x>", None, AuthorInfo(name="Dora", email="d@x")),
        ("Dora von A <d@x>", USER, AuthorInfo(name="Dora von A", email="d@x", external_id="bitbucket:{u}")),
        ("<d@x>", USER, AuthorInfo(name="Dora", email="d@x", external_id="bitbucket:{u}")),
        ("Dora <>", None, AuthorInfo(name="Dora", email="")),
        ("A <b> C <d@x>", None, AuthorInfo(name="A <b> C", email="d@x")),
        ("Dora", None, AuthorInfo(name="Dora", email="")),
        ("Dora <d@x", None, AuthorInfo(name="Dora <d@x", email="")),
        ("", None, AuthorInfo(name="", email="")),
        (None, USER, AuthorInfo(name="Dora", email="", external_id="bitbucket:{u}")),
    ],
)  # fmt: skip
def test_authors(raw, user, author):
    value: Any = {**COMMIT, "author": {"raw": raw, "user": user}}
    assert parse.parse_commit(value).author == author
    assert parse.parse_commit({**COMMIT, "author": None}).author == AuthorInfo(name="", email="")


@pytest.mark.parametrize(
    ("old", "new", "change"),
    [
        (None, "a", FileChange(path="a", kind=ChangeKind.ADDED)),
        ("a", None, FileChange(path="a", kind=ChangeKind.REMOVED)),
        ("a", "a", FileChange(path="a", kind=ChangeKind.MODIFIED)),
        ("a", "b", FileChange(path="b", kind=ChangeKind.RENAMED, previous_path="a")),
    ],
)
@pytest.mark.parametrize("status", ["modified", "merge conflict", None])
def test_changes_are_told_by_their_sides(old, new, change, status):
    sides = {"old": old and {"path": old}, "new": new and {"path": new}}
    assert parse_files.parse_changes(page({"status": status, **sides})) == [change]


@pytest.mark.parametrize(
    ("attributes", "kind"),
    [
        (["executable"], EntryKind.FILE),
        (["link"], EntryKind.SYMLINK),
        (["subrepository"], EntryKind.SUBMODULE),
        ("link", EntryKind.SYMLINK),
        (None, EntryKind.FILE),
    ],
)
def test_attributes_are_a_list_or_a_word(attributes, kind):
    (listed,) = parse_files.parse_listing(page({**FILE, "attributes": attributes}), "")
    assert listed.entry is not None
    assert listed.entry.kind is kind


def test_an_entry_of_another_folder_is_an_error():
    with pytest.raises(HostUnavailable):
        parse_files.parse_listing(page(FILE), "sr")


@pytest.mark.parametrize(
    ("state", "meant"),
    [
        ("OPEN", PullRequestState.OPEN),
        ("MERGED", PullRequestState.MERGED),
        ("DECLINED", PullRequestState.CLOSED),
        ("SUPERSEDED", PullRequestState.CLOSED),
    ],
)
def test_states(state, meant):
    assert parse_pulls.parse_pull({**PULL, "state": state}).state is meant
    with pytest.raises(HostUnavailable):
        parse_pulls.parse_pull({**PULL, "state": state.lower()})


def test_lines_around_a_match_are_left_out():
    segments = [[{"text": "before"}], [{"text": "a"}, {"text": "b", "match": True}], []]
    lines = [{"line": n, "segments": parts} for n, parts in enumerate(segments, 1)]
    value = page({"file": FILE, "content_matches": [{"lines": lines}]})
    (match,) = parse_files.parse_matches(value)
    assert [(line.number, line.text) for line in match.lines] == [(2, "ab")]
    (bare,) = parse_files.parse_matches(page({"file": {"path": "a"}, "content_matches": None}))
    assert (bare.ref, bare.lines) == ("", ())


def test_quotation():
    assert parse.quoted('a"b\\c') == '"a\\"b\\\\c"'
    with pytest.raises(InvalidArgument):
        parse.parse_identifier("a")
