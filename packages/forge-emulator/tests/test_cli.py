"""The program, run as one."""

import json
import os
import signal
import stat
import subprocess
import sys
import urllib.request

import httpx
import pytest
from click.testing import CliRunner

from forge_emulator.cli import main

PROGRAM = [sys.executable, "-c", "from forge_emulator.cli import main; main()"]


@pytest.fixture
def program(tmp_path):
    """Starts the program and answers (process, its address); all are ended."""
    running = []

    def run(*arguments, **environment):
        process = subprocess.Popen(
            [*PROGRAM, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | environment,
            cwd=tmp_path,
        )
        running.append(process)
        assert process.stdout
        assert process.stderr
        line = process.stdout.readline().strip()
        assert line.startswith("listening on http://127.0.0.1:"), process.stderr.read()
        return process, line.removeprefix("listening on ")

    yield run
    for process in running:
        process.kill()
        process.communicate()


def fails(*arguments):
    """What the program says when it refuses its arguments, with status 2."""
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 2
    assert done.stdout == ""
    return done.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_serves_until_a_signal(program, shop, number):
    process, url = program("--repo", str(shop.path))
    answer = httpx.get(f"{url}/repos/local/shop", trust_env=False)
    assert answer.json()["default_branch"] == "main"
    assert httpx.get(f"{url}/_emulator/health", trust_env=False).status_code == 404
    process.send_signal(number)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out) == (0, "")
    assert err == "no credential is accepted: see --token-out, --token-file, --token-env\n"


def test_several_repositories_and_tokens(program, shop, tmp_path):
    (tmp_path / "token").write_text("ghp_from_file\n")
    _, url = program(
        "--repo", f"{shop.path}=acme/one", "--repo", f"{shop.path}/.git=acme/two", "--private",
        "--token-file", "token", "--token-env", "MY_TOKEN", "--token-out", "made", "--login", "me",
        "--no-rate-limit", MY_TOKEN="ghp_from_env",
    )  # fmt: skip
    made = (tmp_path / "made").read_text().strip()
    assert stat.S_IMODE((tmp_path / "made").stat().st_mode) == 0o600
    for token in ("ghp_from_file", "ghp_from_env", made):
        for name in ("one", "two"):
            request = urllib.request.Request(
                f"{url}/repos/acme/{name}", headers={"Authorization": f"token {token}"}
            )
            with urllib.request.urlopen(request) as response:
                assert json.load(response)["private"] is True
                assert response.headers["x-ratelimit-limit"] is None
    assert httpx.get(f"{url}/repos/acme/one", trust_env=False).status_code == 404


def test_app(program, shop, public_pem, app_key, tmp_path):
    import time

    import jwt

    (tmp_path / "key.pem").write_text(public_pem)
    _, url = program("--repo", str(shop.path), "--app-id", "12", "--app-public-key", "key.pem")
    now = int(time.time())
    token = jwt.encode({"iss": "12", "iat": now - 5, "exp": now + 500}, app_key, algorithm="RS256")
    answer = httpx.post(
        f"{url}/app/installations/1/access_tokens",
        headers={"Authorization": f"Bearer {token}"},
        trust_env=False,
    )
    assert answer.status_code == 201


def test_control_door_of_the_program(program, shop):
    _, url = program("--repo", str(shop.path), "--control")
    assert httpx.get(f"{url}/_emulator/health", trust_env=False).json() == {"status": "ok"}


def test_control_door(start_emulator, connect):
    emulator = start_emulator(control=True)
    with connect(emulator) as client:
        fault = {"kind": "status", "status": 418, "body": "aGk=", "headers": {"X-A": "b"}}
        assert client.post("/_emulator/faults", json=fault | {"times": 1}).status_code == 201
        assert client.get("/_emulator/faults").json()[0]["body"] == "aGk="
        hit = client.get("/repos/acme/shop")
        assert (hit.status_code, hit.text, hit.headers["x-a"]) == (418, "hi", "b")
        assert client.get("/_emulator/faults").json() == []
        listed = client.get("/_emulator/requests").json()
        assert [(r["path"], r["status"], r["fault"]) for r in listed] == [
            ("/repos/acme/shop", 418, "status")
        ]
        assert client.delete("/_emulator/requests").status_code == 204
        assert client.get("/_emulator/requests").json() == []
        client.post("/_emulator/faults", json={"kind": "drop"})
        assert client.delete("/_emulator/faults").status_code == 204
        assert client.get("/repos/acme/shop").status_code == 200
        assert client.get("/_emulator/nothing").status_code == 404
        for bad in (
            b"{",
            b"[]",
            b"{}",
            b'{"kind": "fire"}',
            b'{"kind": 1}',
            b'{"kind": "drop", "more": 1}',
            b'{"kind": "status", "status": true}',
            b'{"kind": "html", "body": "?"}',
        ):
            answer = client.post("/_emulator/faults", content=bad)
            assert answer.status_code == 400
            assert answer.json()["message"]


def test_control_door_is_for_this_machine(emulator):
    from werkzeug.test import Client

    from forge_emulator.app import Application
    from forge_emulator.control import ControlDoor
    from forge_emulator.dialects.github import GitHub
    from forge_emulator.request_log import RequestLog

    log = RequestLog()
    door = ControlDoor(emulator.faults, log)
    application = Application(
        dialect=GitHub(emulator.world), faults=emulator.faults, log=log, control=door
    )
    client = Client(application)
    for address, status in (("127.0.0.1", 200), ("192.0.2.1", 403), ("", 403)):
        answer = client.get("/_emulator/health", environ_base={"REMOTE_ADDR": address})
        assert answer.status_code == status


def test_help():
    done = CliRunner().invoke(main, ["--help"])
    assert done.exit_code == 0
    for option in ("--repo", "--dialect", "--token-out", "--app-public-key", "--control"):
        assert option in done.stdout
    assert "26.11.0" in CliRunner().invoke(main, ["--version"]).stdout


def test_refusal_of_the_program(tmp_path):
    done = subprocess.run(
        [*PROGRAM, "--repo", str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert "there is no git repository" in done.stderr
    assert "Traceback" not in done.stderr


def test_bad_input(shop, tmp_path, public_pem):
    repo = ("--repo", str(shop.path))
    assert "Missing option '--repo'" in fails()
    assert "no git repository" in fails("--repo", str(tmp_path))
    assert "no git repository" in fails("--repo", f"{tmp_path}=a/b")
    assert "not a name" in fails("--repo", f"{shop.path}=a//c")
    assert "already a repository" in fails(*repo, *repo)
    assert "cvs" in fails(*repo, "--dialect", "cvs")
    assert "cannot read the token" in fails(*repo, "--token-file", str(tmp_path / "none"))
    (tmp_path / "empty").write_text("\n")
    assert "is empty" in fails(*repo, "--token-file", str(tmp_path / "empty"))
    assert "NO_SUCH is not set" in fails(*repo, "--token-env", "NO_SUCH")
    assert "cannot create" in fails(*repo, "--token-out", str(tmp_path / "empty"))
    assert "go together" in fails(*repo, "--app-id", "1")
    (tmp_path / "key.pem").write_text("not a key")
    broken = ("--app-id", "1", "--app-public-key", str(tmp_path / "key.pem"))
    assert "not a public key" in fails(*repo, *broken)


def test_port_in_use(shop, program):
    _, url = program("--repo", str(shop.path))
    assert url
    port = url.rsplit(":", 1)[1]
    assert "cannot listen" in fails("--repo", str(shop.path), "--port", port)
