"""What callers give: cleaned, or refused by the name of its field."""

import posixpath
import re
import subprocess

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sentry.integrations.source_code_management.errors import InvalidArgument
from sentry.integrations.source_code_management.validation import (
    MAX_ID,
    MAX_LINE_NUMBER,
    MAX_PATH_BYTES,
    clean_branch,
    clean_id,
    clean_line_number,
    clean_page_size,
    clean_path,
    clean_ref,
    clean_root,
    clean_sha,
    clean_text,
    is_full_sha,
)

# Every character that Python's text may hold, halves of surrogate pairs among them.
ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=40)
ODD = st.text(st.sampled_from("ab./-_ ~^:?*[\\@{\x00\x1f\x7f\ud800é'\"lock"), max_size=12)


def refused(function, *arguments, **keywords) -> str:
    with pytest.raises(InvalidArgument) as refusal:
        function("the_field", *arguments, **keywords)
    assert refusal.value.field == "the_field"
    return refusal.value.description


@given(ANY_TEXT)
@example("\x00")
@example("\udc80")
def test_text_is_refused_exactly_where_it_is_not_storable(value: str) -> None:
    try:
        value.encode()
        storable = "\x00" not in value
    except UnicodeEncodeError:
        storable = False
    if storable:
        assert clean_text("f", value, max_length=40) == value
    else:
        refused(clean_text, value, max_length=40)


def test_how_long_text_may_be() -> None:
    assert clean_text("f", "ü" * 5, max_length=5) == "ü" * 5
    assert "5 characters" in refused(clean_text, "x" * 6, max_length=5)
    assert clean_text("f", "", max_length=0) == ""
    for blank in ("", " \n\t", "\u2003"):
        assert refused(clean_text, blank, max_length=9, required=True) == "is needed"


@given(st.integers())
@example(0)
@example(MAX_ID)
@example(MAX_ID + 1)
def test_ids(value: int) -> None:
    if 1 <= value < 2**63:
        assert clean_id("f", value) == value
    else:
        refused(clean_id, value)


@given(st.integers())
@example(2**31 - 1)
@example(2**31)
def test_line_numbers(value: int) -> None:
    if 1 <= value <= MAX_LINE_NUMBER:
        assert clean_line_number("f", value) == value
    else:
        refused(clean_line_number, value)


@given(st.integers(min_value=0), st.integers(1, 100), st.integers(1, 1000))
def test_page_sizes(value: int, default: int, most: int) -> None:
    size = clean_page_size(value, default=default, most=most)
    assert 1 <= size <= most
    assert size in (value, default, most)
    assert clean_page_size(0, default=default, most=1000) == default


def test_a_negative_page_size() -> None:
    with pytest.raises(InvalidArgument) as refusal:
        clean_page_size(-1, default=100, most=1000)
    assert refusal.value.field == "page_size"


@given(st.text("0123456789abcdefABCDEF", min_size=4, max_size=64))
def test_shas(value: str) -> None:
    assert clean_sha("f", value) == value.lower()
    assert is_full_sha(value.lower()) == (len(value) in (40, 64))


@pytest.mark.parametrize(
    "value", ["", "abc", "a" * 65, "abcg", "abcd\n", " abcd", "٤٤٤٤", "ａｂｃｄ", "abcd\0", "main"]
)
def test_no_shas(value: str) -> None:
    refused(clean_sha, value)
    assert not is_full_sha(value)


def test_an_id_in_upper_case_is_not_whole_until_it_is_cleaned() -> None:
    assert not is_full_sha("A" * 40)
    assert is_full_sha(clean_sha("f", "A" * 40))


@given(ANY_TEXT | ODD)
@example("/a")
@example("//a")
@example("a/")
@example("a/./b")
@example("..")
@example("-rf")
def test_paths_stay_inside_and_are_as_git_writes_them(value: str) -> None:
    try:
        path = clean_path("f", value)
    except InvalidArgument:
        return
    assert path
    assert not path.startswith("/")
    assert posixpath.normpath(path) == path
    assert ".." not in path.split("/")
    assert path in (value, value[1:])
    path.encode()
    assert clean_path("f", path) == path


def test_paths() -> None:
    assert clean_path("f", "/src/größe.py") == "src/größe.py"
    assert clean_path("f", "a b/..c/d..") == "a b/..c/d.."
    assert clean_path("f", "", required=False) == clean_path("f", "/", required=False) == ""
    assert refused(clean_path, "/") == "is needed"
    assert clean_path("f", "x" * MAX_PATH_BYTES)
    assert "bytes" in refused(clean_path, "ü" * (MAX_PATH_BYTES // 2 + 1))
    for bad in ("x" * 100_000, "a\0b", "..", "a/..", "../a", ".", "a//b", "a/", "\ud800"):
        refused(clean_path, bad)


@pytest.mark.parametrize(
    "ref", ["main", "feature/x", "v1.0", "a" * 40, "refs/heads/main", "HEAD", "ü", "a-b_c.d", "@"]
)
def test_refs(ref: str) -> None:
    assert clean_ref("f", ref) == ref


@given(ODD)
@example("a.lock")
@example("a.lock/b")
@example("a..b")
@example("@{u}")
@example("-x")
@example(".a")
@example("a/.b")
@example("a.")
def test_refs_are_names_that_git_takes(value: str) -> None:
    """What is accepted, ``git check-ref-format`` accepts too."""
    try:
        ref = clean_ref("f", value)
    except InvalidArgument:
        return
    if ref in ("", "@"):
        return
    assert not ref.startswith("-")
    # a rule of its own: no component may start with a dot or end with .lock, no control characters
    assert not re.search(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|//|@\{|(^|/)\.|\.lock(/|$)|[/.]$|^/", ref)


def test_git_agrees_about_refs() -> None:
    names = ["main", "a/b", "a..b", "a.lock", "a b", ".a", "a/.b", "a.", "a/", "/a", "a//b", "a@{b",
             "a~", "a^", "a:", "a?", "a*", "a[", "a\\", "a\x7f", "@a", "a@", "ü/ö", "a.lockb"]  # fmt: skip
    for name in names:
        command = ["git", "check-ref-format", "--allow-onelevel", name]
        git_takes_it = subprocess.run(command, check=False).returncode == 0
        try:
            clean_ref("f", name)
            taken = True
        except InvalidArgument:
            taken = False
        assert taken == git_takes_it, name


def test_the_empty_ref_is_the_default_branch() -> None:
    assert clean_ref("f", "") == ""
    refused(clean_ref, "x" * 513)
    refused(clean_ref, "a\ud800")


@given(ODD)
def test_branches_are_refs(value: str) -> None:
    try:
        branch = clean_branch("f", value)
    except InvalidArgument:
        return
    assert re.fullmatch(r"[A-Za-z0-9_./-]+", branch)
    assert not branch.startswith(("/", "-"))
    assert not branch.endswith("/")
    assert ".." not in branch


def test_branches() -> None:
    for branch in ("main", "release/1.0", "a-b_c.d"):
        assert clean_branch("f", branch) == branch
    for bad in ("", "-x", "/a", "a/", "a b", "ü", "a\n", "x" * 513, "a..b"):
        refused(clean_branch, bad)


@given(ODD)
def test_roots(value: str) -> None:
    try:
        assert clean_root("f", value) == value
    except InvalidArgument:
        assert re.search(r"[\s'\"\x00\ud800]", value)
    else:
        assert not re.search(r"[\s'\"]", value)


def test_roots_may_be_empty_and_not_too_long() -> None:
    assert clean_root("f", "") == ""
    assert clean_root("f", "C:\\app\\")
    refused(clean_root, "x" * 1025)
    for bad in ("a b", "a\u00a0b", "'a'", '"'):
        refused(clean_root, bad)
