"""The Dockerfile does what it says: its commands make an installation that serves."""

import re
import socket
import stat
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg
import pytest
from cryptography.fernet import Fernet

from sentry.testutils import services
from tests.live import ROOT, running
from tests.tooling.dockerfile import DOCKERFILE, SYSTEM_PROGRAMS, Image, named, parse
from tests.tooling.test_compose import OURS, SECRETS, filled


def free_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return str(server.getsockname()[1])


def test_the_parser_knows_every_instruction_that_is_used() -> None:
    known = {
        *("FROM", "WORKDIR", "COPY", "RUN", "ENV", "VOLUME", "USER", "EXPOSE"),
        *("HEALTHCHECK", "ENTRYPOINT", "CMD"),
    }
    assert {each.name for each in DOCKERFILE} <= known
    text = '# a comment\nRUN one \\\n  --two\nHEALTHCHECK --interval=1s \\\n CMD ["x"]\n'
    run, check = parse(text)
    assert (run.text, run.flags) == ("one --two", ())
    assert (check.text, check.flags) == ('CMD ["x"]', ("--interval=1s",))


def test_it_runs_as_nobody_special() -> None:
    (user,) = named("USER")
    assert all(int(number) >= 1000 for number in user.text.split(":"))
    after = DOCKERFILE[DOCKERFILE.index(user) :]
    assert not {"RUN", "COPY"} & {each.name for each in after}


def test_entrypoint_and_command_need_no_shell() -> None:
    (entrypoint,), (command,) = named("ENTRYPOINT"), named("CMD")
    assert entrypoint.text == '["sentry"]'
    assert command.text.startswith("[")


def test_no_secret_is_built_in() -> None:
    assert named("ARG") == []
    names = [pair.partition("=")[0] for each in named("ENV") for pair in each.words()]
    assert set(names) == {"PATH", "SENTRY_HOME"}


def test_only_what_is_copied_is_sent_to_the_engine() -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    allowed = {line[1:] for line in lines if line.startswith("!")}
    copied = {word for each in named("COPY") if not each.flags for word in each.words()[:-1]}
    assert "*" in lines
    assert copied == allowed


def test_every_requirement_is_installed_by_hash() -> None:
    installs = [each.text for each in named("RUN") if "pip install" in each.text]
    assert len(installs) == 3
    for text in installs:
        assert ("--require-hashes" in text and "--only-binary :all:" in text) or (
            "--no-deps" in text and "--no-index" in text
        )


@pytest.mark.slow
def test_what_it_builds_serves(tmp_path: Path) -> None:
    """One test, since building takes seconds and the runs of a module may be spread."""
    image = Image(root=tmp_path)
    image.build()
    check_what_is_left_out(image)
    check_what_is_installed(image)
    check_health(image)
    if services.find("postgres") and services.find("redis"):
        check_compose(image)


def check_what_is_left_out(image: Image) -> None:
    assert [text.split()[0] for text in image.left_out] == list(SYSTEM_PROGRAMS)
    assert "install --yes --no-install-recommends git " in image.left_out[0]


def check_what_is_installed(image: Image) -> None:
    script = "import sentry, importlib.util as u; print(sentry.__file__, u.find_spec('pytest'))"
    where, pytest_ = image.run(["python", "-c", script]).split()
    assert Path(where).is_relative_to(image.root / "opt/sentry")
    assert pytest_ == "None"


def health_check(port: str) -> list[str]:
    """The image's health check, of the server on another port."""
    (check,) = named("HEALTHCHECK")
    text = check.text.replace(":9000", f":{port}")
    return parse(text)[0].words()


def check_health(image: Image) -> None:
    (entrypoint,), (command,) = named("ENTRYPOINT"), named("CMD")
    port = free_port()
    asks = health_check(port)
    assert "run `sentry upgrade`" in image.run([*entrypoint.words(), "doctor"], status=1)
    image.run([*entrypoint.words(), "upgrade", "--noinput"])
    serves = [word.replace("9000", port) for word in command.words()]
    hosts = ".example.com"
    with running(
        [str(image.root / "opt/sentry/bin/sentry"), *serves],
        {**image.environment, "SENTRY_ALLOWED_HOSTS": hosts}, image.folder,
    ) as program:  # fmt: skip
        assert program.url == f"http://127.0.0.1:{port}"
        image.run(asks, hosts=hosts)
        assert "status 400" in image.run(asks, status=1, hosts="other.example.org")
    assert "no answer: ConnectionRefusedError" in image.run(asks, status=1)
    keys = image.root / "var/lib/sentry/encryption.keys"
    assert stat.S_IMODE(keys.stat().st_mode) == 0o600


def check_compose(image: Image) -> None:
    """The commands of ``compose.yaml``, with its environment, on this machine's services."""
    name = f"test_compose_{uuid4().hex[:12]}"
    server = str(services.find("postgres"))
    secrets = dict.fromkeys(SECRETS, Fernet.generate_key().decode())
    environment = {
        **image.environment,
        **{key: filled(value, secrets) for key, value in OURS["web"]["environment"].items()},
        "DATABASE_URL": urlsplit(server)._replace(path=f"/{name}").geturl(),
        "REDIS_URL": str(services.find("redis")),
        "SENTRY_REDIS_PREFIX": f"{name}:",
        "AMQP_URL": str(services.find("rabbitmq") or ""),
    }
    port = free_port()
    composed = Image(root=image.root, environment=environment, folder=image.folder)
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
        try:
            told = composed.run(["sentry", *OURS["upgrade"]["command"]])
            assert re.search(r"^ran \d+ migrations$", told, re.MULTILINE)
            serves = [word.replace("9000", port) for word in OURS["web"]["command"]]
            program = str(image.root / "opt/sentry/bin/sentry")
            with running([program, *serves], environment, image.folder):
                composed.run(health_check(port))
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())
