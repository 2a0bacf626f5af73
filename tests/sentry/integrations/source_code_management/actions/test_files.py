"""Files: the host's bytes are git's own, as far as they are wanted."""

import subprocess
from typing import Any

import pytest

from sentry.integrations.source_code_management.actions.files import get_file
from sentry.integrations.source_code_management.errors import InvalidArgument, NotFound
from sentry.integrations.source_code_management.types import FileContent
from tests.sentry.integrations.scene import PATH, Scene

from .conftest import asked, caller_in

pytestmark = pytest.mark.django_db


def get(scene: Scene, path: str, **fields) -> FileContent:
    return get_file(caller_in(scene), repository_id=scene.repository.id, path=path, **fields)


def bytes_of(scene: Scene, path: str, revision: str = "HEAD") -> bytes:
    command = ["git", "-C", str(scene.git.path), "cat-file", "blob", f"{revision}:{path}"]
    return subprocess.run(command, capture_output=True, check=True).stdout


@pytest.mark.parametrize("path", [PATH, "logo.png", "empty.txt", "README.md", "many/0.py"])
def test_whole_files(rich: Scene, path: str) -> None:
    file = get(rich, f"/{path}")
    expected = bytes_of(rich, path)
    assert (file.path, file.commit_sha) == (path, rich.git.head())
    assert (file.content, file.size, file.truncated) == (expected, len(expected), False)


@pytest.mark.parametrize("wanted", [1, 17, 1_500_000])
def test_the_first_bytes(rich: Scene, wanted: int) -> None:
    expected = bytes_of(rich, "big.txt")
    file = get(rich, "big.txt", max_bytes=wanted)
    assert (file.content, file.size) == (expected[:wanted], len(expected))
    assert file.truncated


def test_one_mebibyte_unless_more_is_wanted(rich: Scene) -> None:
    assert len(get(rich, "big.txt").content) == 1024 * 1024
    whole = get(rich, "big.txt", max_bytes=2**31)
    assert (whole.content, whole.truncated) == (bytes_of(rich, "big.txt"), False)


@pytest.mark.parametrize("ref", ["feature/x", "v1.0", "main", "HEAD~1"])
def test_as_of_a_ref(rich: Scene, ref: str) -> None:
    sha = rich.git("rev-parse", ref).strip()
    file = get(rich, PATH, ref=sha[:12] if "~" in ref else ref)
    assert (file.commit_sha, file.content) == (sha, bytes_of(rich, PATH, ref))


def test_a_whole_id_is_not_looked_up(rich: Scene) -> None:
    first = rich.git.shas()[-1]
    file = get(rich, PATH, ref=first)
    assert (file.commit_sha, file.content) == (first, bytes_of(rich, PATH, first))
    assert len(asked(rich.emulator)) == 1


@pytest.mark.parametrize(
    ("path", "ref", "resource"),
    [
        ("src", "", "file"),
        ("nothing.py", "", "file"),
        ("README.md/x", "", "file"),
        ("-x", "", "file"),
        (PATH, "nowhere", "ref"),
        (PATH, "f" * 40, "file"),
    ],
)
def test_what_is_not_there(rich: Scene, path: str, ref: str, resource: str) -> None:
    with pytest.raises(NotFound) as refusal:
        get(rich, path, ref=ref)
    assert refusal.value.resource == resource


@pytest.mark.parametrize(
    ("field", "fields"),
    [
        ("path", {"path": ""}),
        ("path", {"path": "/"}),
        ("path", {"path": "../etc/passwd"}),
        ("path", {"path": "a\0b"}),
        ("path", {"path": "a" * 100_000}),
        ("path", {"path": "ü" * 2049}),
        ("ref", {"path": "a", "ref": "-rf"}),
        ("max_bytes", {"path": "a", "max_bytes": -1}),
        ("repository_id", {"path": "a", "repository_id": -1}),
    ],
)
def test_what_can_never_work(scene: Scene, field: str, fields: dict[str, Any]) -> None:
    asks: dict[str, Any] = {"repository_id": scene.repository.id, **fields}
    with pytest.raises(InvalidArgument) as refusal:
        get_file(caller_in(scene), **asks)
    assert (refusal.value.field, asked(scene.emulator)) == (field, [])
