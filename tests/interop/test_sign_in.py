"""``docs/authentication.md`` tells how to sign in with ``curl``: its commands are run as they stand."""

import json
import os
import re
import subprocess
import urllib.request
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests import live
from tests.docs import pages

pytestmark = pytest.mark.skipif(not live.found("curl"), reason="needs curl, which was not found")

NAME = "ada"
PASSWORD = "a-password-of-interop"


@pytest.fixture(scope="session")
def person(installation: live.Platform) -> Mapping[str, str]:
    """A user of the installation, as the page's commands are told of one."""
    secret = installation.home / "user.password"
    secret.write_text(PASSWORD, encoding="ascii")
    secret.chmod(0o600)
    installation.sentry(
        "createuser", "--email", "ada@example.com", "--username", NAME,
        "--password-file", str(secret),
    )  # fmt: skip
    return {**os.environ, "SENTRY_USER": NAME, "SENTRY_PASSWORD": PASSWORD}


def run(
    commands: str, environment: Mapping[str, str], folder: Path
) -> "subprocess.CompletedProcess[str]":
    """Runs commands of the page in a shell that stops at the first failure."""
    return subprocess.run(
        ["bash", "-euc", commands], env=environment, cwd=folder,
        capture_output=True, text=True, check=False, timeout=live.PATIENCE,
    )  # fmt: skip


def test_the_commands_sign_in_and_out(
    server: str, person: Mapping[str, str], tmp_path: Path
) -> None:
    commands = pages.block("docs/authentication.md", "curl: session")
    done = run(commands, {**person, "SENTRY": server}, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    signed_in, asked = done.stdout.replace("}{", "}\n{").splitlines()
    assert json.loads(signed_in)["username"] == NAME
    assert signed_in == asked
    ask = 'curl --silent --fail --cookie cookies.txt "$SENTRY/api/0/auth/"'
    assert run(ask, {**person, "SENTRY": server}, tmp_path).returncode != 0


def test_the_operators_pages_come_with_their_files(server: str) -> None:
    """Under both servers, with nothing in front of them that serves files."""
    with urllib.request.urlopen(f"{server}/admin/login/") as answer:
        page = answer.read().decode()
    sheets = re.findall(r'href="(/static/[^"]+\.css)"', page)
    assert sheets
    for sheet in sheets:
        with urllib.request.urlopen(server + sheet) as answer:
            assert answer.headers["content-type"].startswith("text/css")
            assert len(answer.read()) == int(answer.headers["content-length"]) > 0
