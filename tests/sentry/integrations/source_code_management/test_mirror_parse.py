"""What git prints, read: whole, cut, and with what no text has."""

from datetime import UTC, datetime

import pytest

from sentry.integrations.source_code_management.errors import (
    HostForbidden,
    HostRateLimited,
    HostUnavailable,
    NotFound,
)
from sentry.integrations.source_code_management.mirror_parse import (
    BlamedLine,
    CredentialRefusedError,
    IncompleteFetchError,
    OtherFormatError,
    fetch_failure,
    is_local_damage,
    line_count_of,
    missing_ids,
    object_ids,
    parse_blame,
    parse_changes,
    parse_commits,
    parse_ignore_revs,
    parse_link,
    parse_renames,
    parse_tree,
)

A, B, NONE = "a" * 40, "b" * 40, "0" * 40


def test_a_tree_has_sizes_where_contents_are_here():
    output = (
        f"100644 blob {A}      12\ta b\n\tc\x00100644 blob {B}     BAD\t\xff\x00"
        f"160000 commit {A}       -\tsub\x00040000 tree {B}       -\tdir\0"
        f"120000 blob {A}       3\tlink\0"
    ).encode("latin-1")
    entries = parse_tree(output)
    assert list(entries) == [b"a b\n\tc", b"\xff", b"sub", b"dir", b"link"]
    assert [(e.kind, e.size) for e in entries.values()] == [
        ("blob", 12),
        ("blob", None),
        ("commit", None),
        ("tree", None),
        ("blob", 3),
    ]
    assert [path for path, entry in entries.items() if entry.is_link] == [b"link"]
    assert parse_tree(b"") == {}


def test_lines_of_a_blame_with_headers_once_for_each_commit():
    output = (
        f"{A} 1 1 2\nauthor x\nsummary {B} 9 9\nfilename old name\n\tone\n{A} 2 2\n\t\ttwo\r\n"
        f"{B} 7 3 1\nboundary\nfilename f\n\t\xff\0\n"
    ).encode("latin-1")
    assert list(parse_blame(output)) == [
        BlamedLine(number=1, sha=A, text="one"),
        BlamedLine(number=2, sha=A, text="\ttwo"),
        BlamedLine(number=3, sha=B, text="\ufffd\ufffd"),
    ]
    assert list(parse_blame(b"")) == []


@pytest.mark.parametrize(
    ("seconds", "time"),
    [
        ("1700000000", datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)),
        ("", datetime(1970, 1, 1, tzinfo=UTC)),
        ("-5", datetime(1970, 1, 1, tzinfo=UTC)),
        ("9" * 30, datetime(9999, 12, 31, tzinfo=UTC)),
    ],
)
def test_commits_with_whole_messages(seconds, time):
    output = f"{A}\0Ann\0a@b\0{seconds}\0One\n\nTwo.\n\0{B}\0\0\0{seconds}\0\0".encode()
    commits = parse_commits(output)
    assert list(commits) == [A, B]
    assert commits[A].message == "One\n\nTwo."
    assert (commits[A].author.name, commits[A].author.email) == ("Ann", "a@b")
    assert commits[A].committed_at == time
    assert parse_commits(b"") == {}


def test_a_cut_list_of_commits_has_the_whole_ones():
    assert list(parse_commits(f"{A}\0Ann\0a@b\x001\0One\0{B}\0Bob".encode())) == [A]


@pytest.mark.parametrize(
    ("content", "ids"),
    [
        (f"{A}\n{B}\n", (A, B)),
        (f"# {A}\n\n {B.upper()}  # noise\r\n{B}\n", (B,)),
        ("abc123\nnot one\n-x\n" + "f" * 41, ()),
        ("f" * 64, ("f" * 64,)),
        ("", ()),
    ],
)
def test_revisions_to_ignore(content, ids):
    assert parse_ignore_revs(content.encode()) == ids


@pytest.mark.parametrize(
    ("content", "path"),
    [
        (b"x", b"x"),
        (b"./a/b", b"a/b"),
        (b"a/../b//c", b"b/c"),
        (b"...", b"..."),
        (b"-x\n\xff", b"-x\n\xff"),
        (b"", None),
        (b".", None),
        (b"a/..", None),
        (b"..", None),
        (b"../x", None),
        (b"a/../../x", None),
        (b"/x", None),
        (b"//x", None),
        (b"x\0y", None),
    ],
)
def test_where_a_link_leads(content, path):
    assert parse_link(content) == path


def test_changes_against_each_parent():
    output = (
        f"{A} {B} {A}\0\n:100644 100644 {A} {B} M\0one\0:000000 100644 {NONE} {A} A\0:x\0"
        f"{B}\0\n:160000 100644 {A} {B} T\0sub\0"
    ).encode()
    first, second, third = parse_changes(output)
    assert (first.commit, first.parents, first.old, first.new, first.path) == (
        A,
        (B, A),
        A,
        B,
        b"one",
    )
    assert (second.status, second.old, second.new, second.path) == ("A", "", A, b":x")
    assert (third.commit, third.parents, third.old, third.new) == (B, (), "", B)
    assert list(parse_changes(b"")) == []


def test_former_names():
    facts = f":100644 100644 {A} {B} R094"
    renamed = f"{facts}\0old\nname\0new\0{facts}\0: R\0newer\0".encode()
    assert parse_renames(renamed) == [b"old\nname", b": R"]
    assert parse_renames(b"") == []


def test_ids_in_what_git_says():
    assert missing_ids(f"{A} blob 12\n{B} missing\n".encode()) == [B]
    assert object_ids(f"fatal: unable to read {A}, not {A}f or {A[:9]}") == [A]
    assert line_count_of("fatal: file a has only 12 lines\n") == 12
    assert line_count_of("fatal: file a has only 1 line\n") == 1
    assert line_count_of("fatal: no such path") is None


@pytest.mark.parametrize(
    ("stderr", "kind"),
    [
        ("fatal: could not read Username for 'https://h': terminal prompts disabled", CredentialRefusedError),
        ("fatal: Authentication failed for 'https://h/x.git/'", CredentialRefusedError),
        ("fatal: unable to access 'https://h/': The requested URL returned error: 403", HostForbidden),
        ("fatal: repository 'https://h/x.git/' not found", NotFound),
        ("fatal: unable to access 'https://h/': The requested URL returned error: 410", NotFound),
        ("fatal: unable to access 'https://h/': The requested URL returned error: 429", HostRateLimited),
        ("fatal: unable to access 'https://h/': The requested URL returned error: 301", HostUnavailable),
        ("fatal: unable to access 'https://h/': The requested URL returned error: 503", HostUnavailable),
        (f"fatal: remote error: upload-pack: not our ref {A}", NotFound),
        (f"error: Server does not allow request for unadvertised object {A}", NotFound),
        ("fatal: mismatched algorithms: client sha256; server sha1", OtherFormatError),
        ("fatal: Server does not support this repository's object format", OtherFormatError),
        (f"fatal: bad revision '{A}'\nerror: https://h/x did not send all necessary objects", IncompleteFetchError),
        (f"fatal: could not fetch {A} from promisor remote", IncompleteFetchError),
        ("fatal: unable to access 'https://h/': Could not resolve host: h", HostUnavailable),
        ("", HostUnavailable),
    ],
)  # fmt: skip
def test_what_a_failed_fetch_means(stderr, kind):
    error = fetch_failure(stderr)
    assert type(error) is kind
    assert "https://h" not in str(error)


def test_damage_on_disk_is_told_from_the_hosts_failures():
    assert is_local_damage("error: packfile ./objects/pack/pack-1.pack does not match index")
    assert not is_local_damage("fatal: unable to access 'https://h/': Empty reply from server")
