"""Real repositories and a running emulator over them."""

import json
import os
import ssl
import subprocess
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from forge_emulator import AppCredentials, Emulator, HostedRepository

TOKEN = "ghp_test"
START = datetime(2024, 1, 1, 12, tzinfo=UTC)
ALICE = ("Alice Ångström", "alice@example.com")
BOB = ("Bob", "bob@example.com")


@dataclass
class Builder:
    """Writes a repository whose every byte is the same at each run."""

    path: Path
    commits: list[str] = field(default_factory=list)
    hours: int = 0

    def git(self, *arguments: str, stdin: bytes = b"", env: dict[str, str] | None = None) -> str:
        done = subprocess.run(
            ["git", "-C", str(self.path), *arguments],
            input=stdin,
            capture_output=True,
            check=True,
            env={
                "PATH": os.environ["PATH"],
                "GIT_CONFIG_NOSYSTEM": "1",
                "GIT_CONFIG_GLOBAL": os.devnull,
                "LC_ALL": "C",
            }
            | (env or {}),
        )
        return done.stdout.decode("utf-8", "surrogateescape").rstrip("\n")

    def identity(self, author=ALICE, committer=BOB) -> dict[str, str]:
        self.hours += 1
        when = int((START + timedelta(hours=self.hours)).timestamp())
        return {
            "GIT_AUTHOR_NAME": author[0],
            "GIT_AUTHOR_EMAIL": author[1],
            "GIT_AUTHOR_DATE": f"@{when - 600} +0200",
            "GIT_COMMITTER_NAME": committer[0],
            "GIT_COMMITTER_EMAIL": committer[1],
            "GIT_COMMITTER_DATE": f"@{when} +0000",
        }

    def write(self, files: dict[str, bytes | None]) -> None:
        for name, content in files.items():
            target = self.path / name
            if content is None:
                target.unlink()
            else:
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(content)

    def commit(self, message: str, files: dict[str, bytes | None], author=ALICE) -> str:
        self.write(files)
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message, env=self.identity(author))
        self.commits.append(self.git("rev-parse", "HEAD"))
        return self.commits[-1]


def start(path: Path) -> Builder:
    path.mkdir(parents=True)
    builder = Builder(path)
    builder.git("init", "-q", "-b", "main")
    return builder


@pytest.fixture(scope="session")
def shop(tmp_path_factory) -> Builder:
    """Merges, a rename, a binary file, CRLF, symbolic links, names outside ASCII, a large file."""
    repo = start(tmp_path_factory.mktemp("git") / "shop")
    repo.commit("Begin", {"README.md": b"# Shop\n", "src/app.py": b"one\ntwo\nthree\nfour\n"})
    repo.commit("Change two\n\nThe body\nof it.", {"src/app.py": b"one\nTWO\nthree\nfour\n"}, BOB)
    repo.commit("Windows", {"crlf.txt": b"a\r\nb\r\n", "bin.dat": b"\0\1\2" * 9})
    repo.commit("Umlaut", {"docs/grüße ☃.md": "schön\n".encode(), "a b.txt": b"space\n"}, BOB)
    repo.git("checkout", "-q", "-b", "feature/x")
    repo.commit("Feature", {"src/feature.py": b"def feature():\n    return 1\n"}, BOB)
    repo.git("checkout", "-q", "main")
    repo.commit("Main goes on", {"src/app.py": b"zero\none\nTWO\nthree\nfour\n"})
    repo.git("merge", "-q", "--no-ff", "-m", "Merge feature", "feature/x", env=repo.identity())
    repo.commits.append(repo.git("rev-parse", "HEAD"))
    repo.git("mv", "README.md", "docs/README.md")
    (repo.path / "link").symlink_to("docs/README.md")
    (repo.path / "lost").symlink_to("nowhere")
    repo.commit("Move and link", {})
    repo.commit(
        "Large", {"large.txt": b"x" * 1_100_000, "crlf.txt": b"a\r\nc\r\n", "bin.dat": None}
    )
    repo.git("tag", "-a", "v1", "-m", "Version 1", env=repo.identity())
    repo.git("tag", "light", "HEAD~1")
    repo.git("branch", "old", "HEAD~2")
    return repo


@pytest.fixture(scope="session")
def empty(tmp_path_factory) -> Builder:
    return start(tmp_path_factory.mktemp("git") / "empty")


@pytest.fixture(scope="session")
def app_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture(scope="session")
def public_pem(app_key):
    return (
        app_key.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )


class Clock:
    """Time that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def move(self, **by: float) -> None:
        self.now += timedelta(**by)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def start_emulator(shop, empty, public_pem, clock):
    """Starts an emulator with the given settings; all are stopped at the end."""
    running = []

    def run(**settings):
        repositories = [
            HostedRepository(full_name="acme/shop", path=shop.path, id=1001, description="A shop"),
            HostedRepository(full_name="acme/empty", path=empty.path, id=1002),
            HostedRepository(full_name="acme/secret", path=shop.path, id=1003, private=True),
            HostedRepository(
                full_name="dora/old", path=shop.path, id=1004, archived=True, has_issues=False
            ),
        ]
        values = {
            "tokens": {
                TOKEN: ("dora", "repo"),
                "ghp_narrow": ("eve", "acme/shop"),
            },
            "app": AppCredentials(
                app_id="12345",
                public_key_pem=public_pem,
                installations={"777": ["acme/shop", "acme/secret"], "888": "all"},
            ),
            "users": {"alice@example.com": "alice"},
            "clock": clock,
        }
        emulator = Emulator("github", repositories, **(values | settings))
        emulator.start()
        running.append(emulator)
        return emulator

    yield run
    for emulator in running:
        emulator.stop()


@pytest.fixture
def emulator(start_emulator):
    return start_emulator()


@pytest.fixture
def connect():
    """A client of an emulator, with a token unless told otherwise."""
    clients = []

    def run(emulator: Emulator, token: str | None = TOKEN, base: str = "", **settings):
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        client = httpx.Client(
            verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),  # unused, and dear to fill
            base_url=emulator.url + base,
            headers=headers,
            timeout=20,
            trust_env=False,
            **settings,
        )
        clients.append(client)
        return client

    yield run
    for client in clients:
        client.close()


@dataclass
class Received:
    """A webhook as it arrived; header names in lower case."""

    path: str
    headers: dict[str, str]
    body: bytes

    def json(self):
        return json.loads(self.body)


class Inbox:
    """Listens for webhooks, and answers with the statuses given, the last one for ever."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.statuses = [200]
        inbox = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                inbox.received.append(Received(self.path, headers, body))
                more = len(inbox.statuses) > 1
                self.send_response(inbox.statuses.pop(0) if more else inbox.statuses[0])
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *details):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        )
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/hook"

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def inbox():
    found = Inbox()
    yield found
    found.close()


@pytest.fixture
def client(emulator, connect):
    return connect(emulator)


@pytest.fixture
def git(tmp_path):
    """Runs git in a folder of the test, with the configuration of nobody."""

    def run(*arguments, check=True):
        environment = {
            "PATH": os.environ["PATH"],
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_TERMINAL_PROMPT": "0",
            "LC_ALL": "C",
            "HOME": str(tmp_path),
        }
        done = subprocess.run(
            ["git", *arguments], capture_output=True, check=False, env=environment, cwd=tmp_path
        )
        if check:
            assert done.returncode == 0, done.stderr.decode()
        return done

    return run


@dataclass(kw_only=True)
class Forge:
    """An emulator that takes pushes to `x/y`, a clone of it in `work`, and who hears of them."""

    emulator: Emulator
    client: httpx.Client
    inbox: Inbox
    work: Builder

    def hook(self, events=("push", "pull_request", "repository"), **config):
        values = {"url": self.inbox.url, "secret": "s3cret", "content_type": "json"} | config
        body = {"events": list(events), "config": values}
        answer = self.client.post("/repos/x/y/hooks", json=body)
        assert answer.status_code == 201
        return answer.json()

    def push(self, *refs, force=False):
        remote = self.emulator.url.replace("http://", "http://u:ghp_test@") + "/x/y.git"
        self.work.git("push", "-q", *(["-f"] if force else []), remote, *refs)

    def arrived(self, event):
        self.emulator.wait_for_deliveries()
        return [d for d in self.inbox.received if d.headers["x-github-event"] == event]


@pytest.fixture
def forge(start_emulator, connect, inbox, shop, tmp_path) -> Forge:
    shop.git("clone", "-q", "--bare", ".", str(tmp_path / "x.git"))
    emulator = start_emulator(allow_push=True)
    emulator.add_repository(HostedRepository(full_name="x/y", path=tmp_path / "x.git", id=77))
    work = Builder(tmp_path / "work")
    shop.git("clone", "-q", str(tmp_path / "x.git"), str(work.path))
    return Forge(emulator=emulator, client=connect(emulator), inbox=inbox, work=work)


@pytest.fixture
def ask(client):
    """The answer to a GraphQL query, parsed."""

    def run(query: str, **variables):
        response = client.post("/graphql", json={"query": query, "variables": variables})
        assert response.status_code == 200
        return response.json()

    return run
