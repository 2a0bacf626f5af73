"""Nothing that a user may name is undocumented: RPCs, fields, reasons, options, flags, settings,
commands, headers."""

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from google.protobuf.descriptor import MethodDescriptor
from prometheus_client import Counter, Gauge

from scripts import write_docs_tables
from sentry import features, options
from sentry.integrations.grpc.generated import scm_pb2
from sentry.integrations.source_code_management.errors import Reason
from sentry.utils import metrics as declared
from tests.docs import pages

SERVICE_PAGE = "docs/grpc-scm-client.md"
METHODS = list(scm_pb2.DESCRIPTOR.services_by_name["ScmService"].methods)


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_every_rpc_has_a_section_that_names_its_request_fields(method: MethodDescriptor) -> None:
    section = pages.section(SERVICE_PAGE, method.name)
    assert section.strip(), f"{method.name} has no section in {SERVICE_PAGE}"
    missing = [f.name for f in method.input_type.fields if f"`{f.name}`" not in section]
    assert not missing


def test_no_section_describes_an_rpc_that_is_gone() -> None:
    described = set(re.findall(r"^### (\w+)$", pages.text(SERVICE_PAGE), re.MULTILINE))
    assert described == {method.name for method in METHODS}


@pytest.mark.parametrize("page", write_docs_tables.PAGES, ids=lambda page: page.name)
def test_generated_tables_are_as_generated(page: Path) -> None:
    written = page.read_text(encoding="utf-8")
    assert write_docs_tables.filled(written) == written, "run scripts/write_docs_tables.py"


def test_every_reason_of_an_error_is_in_the_generated_table() -> None:
    table = write_docs_tables.reasons()
    assert [reason for reason in Reason if f"`{reason}`" not in table] == []


def test_every_reason_stands_beside_a_status_of_grpc() -> None:
    rows = re.findall(r"^\| `(\w+)` \| `(\w+)` \|$", write_docs_tables.reasons(), re.MULTILINE)
    assert {reason for _, reason in rows} == set(Reason)
    assert {status for status, _ in rows} <= {
        "UNAUTHENTICATED", "PERMISSION_DENIED", "INVALID_ARGUMENT", "NOT_FOUND", "ALREADY_EXISTS",
        "ABORTED", "FAILED_PRECONDITION", "RESOURCE_EXHAUSTED", "UNAVAILABLE",
        "DEADLINE_EXCEEDED", "UNIMPLEMENTED", "INTERNAL",
    }  # fmt: skip


def test_every_option_is_documented() -> None:
    named = pages.named("docs/options.md")
    assert [option.name for option in options.all_options() if option.name not in named] == []


def test_every_feature_flag_is_documented() -> None:
    named = pages.named("docs/options.md")
    assert [flag.name for flag in features.all_features() if flag.name not in named] == []


def events_logged() -> set[str]:
    """The names that the code gives to its log lines, where it writes them out."""
    level = re.compile(
        r"""(?:logger\.(?:debug|info|warning|error|exception)|_drop|report_exception)"""
        r"""\(\s*"([a-z_]+(?:\.[a-z_]+)+)\""""
    )
    sources = (pages.TOP / "src/sentry").rglob("*.py")
    return {
        name for source in sources for name in level.findall(source.read_text(encoding="utf-8"))
    }


def test_every_event_of_the_log_is_documented() -> None:
    named = {name for page in pages.pages() for name in pages.named(page)}
    assert events_logged() >= {"scm.oauth.store_failed", "mirror.full", "tasks.task.failed"}
    assert events_logged() - named == set()


def settings_read() -> set[str]:
    """The variables that ``conf/`` asks the environment for."""
    sources = (pages.TOP / "src/sentry/conf").glob("*.py")
    call = re.compile(
        r"""env\.(?:text|flag|number|words|choice|networks)\(\s*"([A-Z][A-Z0-9_]+)\""""
    )
    return {name for source in sources for name in call.findall(source.read_text(encoding="utf-8"))}


def test_every_setting_is_documented() -> None:
    assert settings_read() >= {"SENTRY_HOME", "DATABASE_URL", "SCM_SHARED_SECRETS"}
    assert settings_read() - pages.named("docs/settings.md") == set()


def test_every_metric_is_documented() -> None:
    values = vars(declared).values()
    durations = [each.histogram for each in values if isinstance(each, declared._Durations)]
    metrics = [*durations, *(each for each in values if isinstance(each, Gauge))]
    documented = {
        (name, *re.findall(r"`(\w+)`", labels))
        for name, labels in re.findall(
            r"^\| `(sentry_\w+)` \| ([^|]*) \|", pages.text("docs/observability.md"), re.MULTILINE
        )
    }
    own = {(each._name, *each._labelnames) for each in metrics}
    counters = (each for each in values if isinstance(each, Counter))
    own |= {(f"{each._name}_total", *each._labelnames) for each in counters}
    assert len(own) > 4
    assert documented == own | {
        ("sentry_tasks_queue_depth", "queue", "state"),
        ("sentry_tasks_oldest_wait_seconds", "queue"),
    }


def commands(command: click.Command, path: str) -> Iterator[tuple[str, click.Command]]:
    """Every command below, with the words that call it."""
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            yield from commands(below, f"{path} {name}")
    else:
        yield path, command


def test_every_command_is_documented() -> None:
    from sentry.runner.main import cli

    page = pages.text("docs/commands.md")
    found = [path for path, _ in commands(cli, "sentry")]
    assert len(found) > 20
    assert [path for path in found if path not in page] == []


def test_every_option_of_a_command_is_documented() -> None:
    from sentry.runner.main import cli

    page = pages.text("docs/commands.md")
    wanted = {
        name
        for _, command in commands(cli, "sentry")
        for parameter in command.params
        if isinstance(parameter, click.Option)
        for name in (*parameter.opts, *parameter.secondary_opts)
        if name.startswith("--")
    }
    assert sorted(name for name in wanted if name not in page) == []


def test_every_event_of_an_error_is_in_the_table_of_unhandled_errors() -> None:
    files = ("api/errors.py", "integrations/grpc/errors.py", "taskqueue/running.py")
    source = "".join(pages.text(f"src/sentry/{name}") for name in files)
    events = set(re.findall(r'"((?:api|rpc|tasks\.task)\.\w*(?:error|failed))"', source))
    section = pages.section("docs/observability.md", "Unhandled errors")
    assert events == set(re.findall(r"^\| `([\w.]+)` \|", section, re.MULTILINE))
    assert len(events) == 6
