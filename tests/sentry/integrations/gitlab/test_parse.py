"""The parsers take any JSON: a value or HostUnavailable, never anything else."""

import itertools
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from sentry.integrations.gitlab import parse, parse_issues, parse_reads
from sentry.integrations.gitlab.parse_blame import parse_blame
from sentry.integrations.gitlab.webhooks.parse import parse_delivery, parse_hook, parse_hooks
from sentry.integrations.source_code_management.errors import HostUnavailable
from sentry.integrations.source_code_management.json_reader import Json
from sentry.integrations.source_code_management.types import EntryKind

PROJECT: dict[str, Json] = {
    "id": 7,
    "path_with_namespace": "acme/shop",
    "web_url": "https://gitlab.com/acme/shop",
    "default_branch": "main",
}
COMMIT: dict[str, Json] = {
    "id": "a" * 40,
    "message": "Say it\n",
    "author_name": "Ada",
    "author_email": "ada@example.com",
    "authored_date": "2024-05-06T07:08:09.000+02:00",
    "committed_date": "2024-05-06T07:08:10.000+02:00",
    "parent_ids": [],
    "web_url": "https://gitlab.com/c",
}
DIFF: dict[str, Json] = {
    "new_path": "b",
    "old_path": "a",
    "new_file": False,
    "renamed_file": True,
    "deleted_file": False,
}
ENTRY: dict[str, Json] = {"id": "e" * 40, "type": "blob", "path": "a/b", "mode": "100644"}
MERGE_REQUEST: dict[str, Json] = {
    "iid": 3,
    "title": "T",
    "state": "locked",
    "author": {"username": "ada", "name": "Ada"},
    "source_branch": "x",
    "target_branch": "main",
    "sha": "b" * 40,
    "merge_commit_sha": None,
    "squash_commit_sha": "c" * 40,
    "web_url": "https://gitlab.com/m",
    "created_at": "2024-05-06T07:08:09Z",
}
ISSUE: dict[str, Json] = {
    "iid": 1,
    "title": "T",
    "description": None,
    "state": "opened",
    "assignees": [{"username": "ada"}],
    "web_url": "https://gitlab.com/i",
    "created_at": "2024-05-06T07:08:09Z",
}
MATCH: dict[str, Json] = {"path": "a.py", "ref": "main", "startline": 3, "data": "x\nfind me\ny\n"}
HOOK: dict[str, Json] = {"id": 1, "url": "https://x.example", "signing_token_present": True}
DELIVERY: dict[str, Json] = {
    "object_kind": "push",
    "ref": "refs/heads/main",
    "before": "a" * 40,
    "after": "b" * 40,
    "project": PROJECT,
    "commits": [
        {"id": "b" * 40, "message": "m", "timestamp": "2024-05-06T07:08:09Z", "author": {}}
    ],
    "total_commits_count": 1,
}
TOKEN: dict[str, Json] = {"scopes": ["api"], "user_id": 5}
INFO: dict[str, Json] = {"scope": ["api"], "resource_owner_id": 5}
USER: dict[str, Json] = {"id": 5, "username": "ada"}


def blame(value: Json) -> object:
    return parse_blame(value, first=1, commit_url=lambda sha: f"https://x/{sha}")


READERS: dict[str, tuple[Callable[[Json], object], Any]] = {
    "repository": (parse.parse_repository, PROJECT),
    "repositories": (parse.parse_repositories, [PROJECT]),
    "commit": (parse.parse_commit, COMMIT),
    "commits": (parse.parse_commits, [COMMIT]),
    "absent": (lambda value: parse.parse_absent(value, "file"), {"message": "404 File Not Found"}),
    "user": (lambda value: parse.parse_user_check(value, ()), USER),
    "token": (parse.parse_token, TOKEN),
    "token info": (parse.parse_token_info, INFO),
    "comparison": (
        lambda value: parse_reads.parse_comparison(value, "a" * 40),
        {"commits": [COMMIT], "diffs": [DIFF], "compare_timeout": False},
    ),
    "changes": (parse_reads.parse_changes, [DIFF]),
    "tree": (parse_reads.parse_tree, [ENTRY]),
    "branches": (parse_reads.parse_branches, [{"name": "main", "commit": {"id": "a" * 40}}]),
    "merge requests": (parse_reads.parse_merge_requests, [MERGE_REQUEST]),
    "code": (lambda value: parse_reads.parse_code_matches(value, ["find"]), [MATCH]),
    "blame": (blame, [{"commit": COMMIT, "lines": ["a", "b"]}]),
    "issue": (lambda value: parse_issues.parse_issue(value, "acme/shop"), ISSUE),
    "issues": (lambda value: parse_issues.parse_issues(value, "acme/shop"), [ISSUE]),
    "note": (lambda value: parse_issues.parse_note(value, "https://x"), {"id": 5}),
    "users": (lambda value: parse_issues.parse_user_id(value, "ada"), [USER]),
    "refusal": (parse_issues.parse_rejected_fields, {"message": {"title": ["no"]}, "error": "x y"}),
    "hook": (parse_hook, HOOK),
    "hooks": (parse_hooks, [HOOK]),
    "delivery": (lambda value: parse_delivery(value, instance="https://x"), DELIVERY),
}
ODD: list[Json] = [
    None,
    True,
    0,
    -1,
    1.5,
    "",
    "x",
    [],
    [None],
    {},
    {"id": None},
    "\0\ud800",
    10**30,
]


def spoilt(value: Any) -> Iterator[Json]:
    """The value with each of its parts gone, or of another type, one at a time."""
    if isinstance(value, dict):
        for name, part in value.items():
            yield {key: each for key, each in value.items() if key != name}
            for other in itertools.chain(ODD, spoilt(part)):
                yield {**value, name: other}
    elif isinstance(value, list):
        for index, part in enumerate(value):
            for other in itertools.chain(ODD, spoilt(part)):
                yield [*value[:index], other, *value[index + 1 :]]


@pytest.mark.parametrize("name", READERS)
def test_a_reader_is_total(name):
    read, whole = READERS[name]
    assert read(whole) is not None
    for value in itertools.chain(ODD, spoilt(whole)):
        try:
            found = read(value)
        except HostUnavailable:
            continue
        shown = repr(found)
        assert "\\x00" not in shown or name in {"absent", "refusal"}


@pytest.mark.parametrize("name", READERS)
def test_a_truncated_text_is_no_json_and_never_reaches_a_reader(name):
    text = json.dumps(READERS[name][1])
    with pytest.raises(ValueError):  # noqa: PT011 -- the json module's own
        json.loads(text[: len(text) // 2])


# --- facts ---------------------------------------------------------------------------------------


def test_the_committers_time_counts_and_the_authors_stands_in():
    assert parse.parse_commit(COMMIT).committed_at.second == 10
    assert parse.parse_commit({**COMMIT, "committed_date": None}).committed_at.second == 9
    assert parse.parse_commit(COMMIT).message == "Say it"


def test_an_external_id_fits_its_column():
    long = {**PROJECT, "web_url": f"https://{'h' * 60}.example/acme/shop"}
    one = parse.parse_repository(long).external_id
    other = parse.parse_repository({**long, "web_url": "https://" + "g" * 70 + "/x"}).external_id
    assert len(one) <= 64
    assert one.endswith(":7")
    assert one != other
    assert parse.parse_repository(PROJECT).external_id == "gitlab.com:7"


def test_a_comparison_is_read_in_either_order():
    newer: dict[str, Any] = {**COMMIT, "id": "b" * 40, "parent_ids": ["a" * 40]}
    orders: list[Any] = [[COMMIT, newer], [newer, COMMIT]]
    for commits in orders:
        found = parse_reads.parse_comparison({"commits": commits, "diffs": []}, "b" * 40)
        assert [commit.sha[0] for commit in found.commits] == ["a", "b"]
        assert found.has_root
    cut = parse_reads.parse_comparison(
        {"commits": [newer], "diffs": [], "compare_timeout": True}, "b" * 40
    )
    assert (cut.has_root, cut.is_cut) == (False, True)


def test_kinds_of_entries():
    link = {**ENTRY, "mode": "120000"}
    module = {**ENTRY, "type": "commit", "mode": "160000"}
    folder = {**ENTRY, "type": "tree"}
    kinds = [entry.kind for entry in parse_reads.parse_tree([ENTRY, link, module, folder])]
    assert kinds == [EntryKind.FILE, EntryKind.SYMLINK, EntryKind.SUBMODULE]


def test_lines_that_hold_no_word_are_all_shown():
    (found,) = parse_reads.parse_code_matches([MATCH], ["nothing"])
    assert [line.number for line in found.lines] == [3, 4, 5]
    (found,) = parse_reads.parse_code_matches([MATCH], ["FIND"])
    assert [(line.number, line.text) for line in found.lines] == [(4, "find me")]


def test_blame_counts_from_the_first_line_and_reads_each_commit_once():
    groups: Any = [
        {"commit": COMMIT, "lines": ["a\r", "b\n"]},
        {"commit": {**COMMIT, "id": "b" * 40}, "lines": []},
        {"commit": COMMIT, "lines": ["c"]},
    ]
    ranges = parse_blame(groups, first=7, commit_url=lambda sha: f"https://x/{sha}")
    assert [(each.start, each.end, each.lines) for each in ranges] == [
        (7, 8, ("a", "b")),
        (9, 9, ("c",)),
    ]
    assert ranges[0].commit is ranges[1].commit


def test_blame_without_a_page_gets_one():
    commit = {name: value for name, value in COMMIT.items() if name != "web_url"}
    (found,) = parse_blame(
        [{"commit": commit, "lines": ["a"]}], first=1, commit_url=lambda sha: f"https://x/{sha[0]}"
    )
    assert found.commit.web_url == "https://x/a"


@pytest.mark.parametrize(
    ("message", "resource"),
    [
        ("404 Project Not Found", "repository"),
        ("404 Commit Not Found", "commit"),
        ("404 File Not Found", "file"),
        ("404 invalid revision or path Not Found", "folder"),
        ("404 Secret Not Found", "thing"),
        ("404 Not Found", "thing"),
        (None, "thing"),
        ({"base": []}, "thing"),
    ],
)
def test_what_is_absent(message, resource):
    assert parse.parse_absent({"message": message}, "thing") == resource
