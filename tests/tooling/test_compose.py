"""``compose.yaml``: its commands exist, its order holds, and nothing secret stands in it."""

import re
import shutil
import subprocess
from collections.abc import Mapping
from typing import Any

import click
import pytest
import yaml

from sentry.runner.main import cli
from tests.docs import pages
from tests.live import PATIENCE, ROOT
from tests.tooling.dockerfile import named

TEXT = (ROOT / "compose.yaml").read_text(encoding="utf-8")
CONFIG: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = CONFIG["services"]
OURS = {name: each for name, each in SERVICES.items() if each["image"].startswith("sentry:")}
VARIABLE = re.compile(r"\$\{(\w+)(:[-?])([^}]*)\}")
SECRETS = {
    "POSTGRES_PASSWORD", "RABBITMQ_PASSWORD", "SENTRY_SECRET_KEY", "SENTRY_ENCRYPTION_KEYS",
}  # fmt: skip


def filled(value: str, given: Mapping[str, str]) -> str:
    """The value with its variables, as compose fills them."""

    def fill(found: re.Match[str]) -> str:
        name, kind, default = found.groups()
        if not given.get(name) and kind == ":?":
            raise KeyError(name)
        return given.get(name) or default

    return VARIABLE.sub(fill, value)


def resolved(words: list[str]) -> click.Context:
    """The command that the words call, its options parsed but nothing run."""
    context = cli.make_context("sentry", list(words))
    while isinstance(context.command, click.Group):
        name, command, rest = context.command.resolve_command(
            context, [*context._protected_args, *context.args]
        )
        assert command is not None
        context = command.make_context(name, rest, parent=context)
    return context


def test_the_platform_is_there_whole() -> None:
    assert set(OURS) == {"upgrade", "web", "worker", "beat"}
    assert set(SERVICES) - set(OURS) == {"postgres", "redis", "rabbitmq"}


@pytest.mark.parametrize("name", OURS)
def test_every_command_is_one_of_sentry(name: str) -> None:
    words = OURS[name]["command"]
    assert resolved(words).command.name == words[1 if words[0] == "run" else 0]


def test_the_server_listens_where_the_image_says() -> None:
    (command,) = named("CMD")
    assert SERVICES["web"]["command"] == command.words()
    (port,) = SERVICES["web"]["ports"]
    assert port.endswith(f":{named('EXPOSE')[0].text}")
    assert port.startswith("127.0.0.1:")


@pytest.mark.parametrize("name", OURS)
def test_a_process_may_do_little(name: str) -> None:
    service = OURS[name]
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["volumes"] == ["home:/var/lib/sentry"]
    assert [each.text for each in named("VOLUME")] == ["/var/lib/sentry"]


def test_the_database_is_upgraded_before_anything_runs() -> None:
    assert OURS["upgrade"]["depends_on"] == {"postgres": {"condition": "service_healthy"}}
    assert OURS["upgrade"]["restart"] == "no"
    for name in set(OURS) - {"upgrade"}:
        waits = OURS[name]["depends_on"]
        assert waits["upgrade"] == {"condition": "service_completed_successfully"}
        assert all(
            waits[each] == {"condition": "service_healthy"} for each in ("redis", "rabbitmq")
        )


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_has_a_health_check_or_says_that_it_has_none(name: str) -> None:
    check: Any = SERVICES[name].get("healthcheck")
    if name == "web":
        assert check is None  # the image's own
    elif name in OURS:
        assert check == {"disable": True}
    else:
        assert check["test"][0] == "CMD"


def test_every_secret_must_be_given() -> None:
    needed = {name for name, kind, _ in VARIABLE.findall(TEXT) if kind == ":?"}
    assert needed == SECRETS
    environment = OURS["web"]["environment"]
    with pytest.raises(KeyError, match="POSTGRES_PASSWORD"):
        filled(environment["DATABASE_URL"], {})
    given = dict.fromkeys(SECRETS, "given")
    full = {name: filled(value, given) for name, value in environment.items()}
    assert full["DATABASE_URL"] == "postgres://sentry:given@postgres:5432/sentry"
    assert full["SENTRY_URL_PREFIX"] == "http://localhost:9000"


@pytest.mark.parametrize("name", OURS)
def test_every_other_setting_comes_from_the_file_of_secrets(name: str) -> None:
    assert OURS[name]["env_file"] == [{"path": ".env", "required": False}]
    # What is empty is not the same as what is not given: a number is refused.
    assert not [value for value in OURS[name]["environment"].values() if value.endswith(":-}")]


def test_every_variable_is_a_documented_setting() -> None:
    documented = pages.named("docs/settings.md")
    assert set(OURS["web"]["environment"]) - documented == set()


def test_addresses_name_the_services_beside_it() -> None:
    urls = [value for name, value in OURS["web"]["environment"].items() if name.endswith("_URL")]
    hosts = {host for url in urls for host in re.findall(r"(?:@|//)([a-z]+):\d", url)}
    assert hosts == {"postgres", "redis", "rabbitmq"}


def test_every_volume_is_declared() -> None:
    used = {volume.partition(":")[0] for each in SERVICES.values() for volume in each["volumes"]}
    assert used == set(CONFIG["volumes"])


@pytest.mark.service("redis")
@pytest.mark.skipif(not shutil.which("redis-cli"), reason="needs redis-cli, which was not found")
def test_the_check_of_redis_is_one_that_it_answers() -> None:
    command = SERVICES["redis"]["healthcheck"]["test"][1:]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=True)
    assert done.stdout == "PONG\n"
