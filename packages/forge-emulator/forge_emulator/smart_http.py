"""git's smart HTTP protocol, spoken by `git http-backend` (CGI, RFC 3875) as a subprocess."""

from __future__ import annotations

import subprocess
import threading
from typing import IO, TYPE_CHECKING

from werkzeug.wrappers import Response

from forge_emulator.git import environment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from werkzeug.wrappers import Request

_CHUNK = 64 * 1024
SERVICES = {"git-upload-pack", "git-receive-pack"}


def service_of(request: Request, suffix: str) -> str | None:
    """The service that a request asks for, or None where it is not smart HTTP.

    `suffix` is the path behind the repository's name.
    """
    if suffix == "/info/refs" and request.method == "GET":
        wanted = request.args.get("service", "")
    elif request.method == "POST":
        wanted = suffix.removeprefix("/")
    else:
        return None
    return wanted if wanted in SERVICES else None


def serve(
    request: Request,
    git_dir: Path,
    suffix: str,
    *,
    user: str,
    partial_clone: bool = True,
    watch_push: Callable[[], Callable[[], None]] | None = None,
) -> Response:
    """Run the backend and stream its answer; the body is fed from a thread meanwhile.

    With `partial_clone` False the server does not offer object filters. `watch_push` is called
    before a push, and what it gives when the push is over (`World.watch_push`).
    """
    is_push = suffix == "/git-receive-pack" and request.method == "POST"
    finished = watch_push() if watch_push is not None and is_push else None
    process = subprocess.Popen(
        ["git", "http-backend"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=_cgi(request, git_dir, suffix, user=user, partial_clone=partial_clone),
        cwd=git_dir,
    )
    stdin, stdout = process.stdin, process.stdout
    if stdin is None or stdout is None:  # both were asked for
        raise RuntimeError("the subprocess has no pipes")
    feeder = threading.Thread(target=_feed, args=(request.stream, stdin), daemon=True)
    feeder.start()
    status, headers = _read_head(stdout)
    return Response(
        _body(process, stdout, feeder, finished),
        status=status,
        headers=headers,
        direct_passthrough=True,
    )


def _cgi(
    request: Request, git_dir: Path, suffix: str, *, user: str, partial_clone: bool
) -> dict[str, str]:
    variables = environment(
        uploadpack__allowFilter="true" if partial_clone else "false",
        http__receivepack="true",  # whether a push is allowed was decided before
    )
    protocol = request.headers.get("Git-Protocol", "")
    variables |= {
        "GIT_HTTP_EXPORT_ALL": "1",
        "PATH_TRANSLATED": f"{git_dir}{suffix}",
        "PATH_INFO": suffix,
        "REQUEST_METHOD": request.method,
        "QUERY_STRING": request.query_string.decode("ascii", "replace"),
        "CONTENT_TYPE": request.headers.get("Content-Type", ""),
        "HTTP_CONTENT_ENCODING": request.headers.get("Content-Encoding", ""),
        "HTTP_GIT_PROTOCOL": protocol,
        "GIT_PROTOCOL": protocol,
        "REMOTE_USER": user,
        "REMOTE_ADDR": request.remote_addr or "",
    }
    if request.content_length is not None:
        variables["CONTENT_LENGTH"] = str(request.content_length)
    return variables


def _feed(source: IO[bytes], sink: IO[bytes]) -> None:
    """Hand the request's body on; either end may hang up."""
    try:
        with sink:
            while chunk := source.read(_CHUNK):
                sink.write(chunk)
    except OSError:
        return


def _read_head(stdout: IO[bytes]) -> tuple[int, list[tuple[str, str]]]:
    """The CGI header block: the status from its `Status` line, and the other headers."""
    status, headers = 200, []
    while line := stdout.readline().rstrip(b"\r\n"):
        name, _, value = line.decode("latin-1").partition(":")
        if name.lower() == "status":
            status = int(value.split()[0])
        else:
            headers.append((name, value.strip()))
    return (status, headers) if headers else (500, [("Content-Type", "text/plain")])


def _body(
    process: subprocess.Popen[bytes],
    stdout: IO[bytes],
    feeder: threading.Thread,
    finished: Callable[[], None] | None,
) -> Iterator[bytes]:
    """The rest of the answer; however it ends, no process and no pipe is left behind."""
    try:
        while chunk := stdout.read1(_CHUNK):  # type: ignore[attr-defined]
            yield chunk
    finally:
        stdout.close()
        if process.poll() is None:
            process.terminate()
        process.wait()
        feeder.join(timeout=5)
        if finished is not None:
            finished()
