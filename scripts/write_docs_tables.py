"""Writes the tables of the docs that are generated. A test compares the pages with them.

A table stands between ``<!-- generated: NAME -->`` and ``<!-- end: NAME -->``.
"""

import os
import re
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.descriptor_pb2 import MethodOptions

from sentry.integrations.grpc.generated import options_pb2, scm_pb2
from sentry.runner import configure

TOP = Path(__file__).resolve().parent.parent
PROTO = TOP / "src/sentry/integrations/grpc/protos/scm.proto"
SERVICE = scm_pb2.DESCRIPTOR.services_by_name["ScmService"]


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def _method_row(method: MethodDescriptor) -> tuple[str, ...]:
    options = method.GetOptions()
    scope = options.Extensions[options_pb2.policy].scope
    reads = options.idempotency_level == MethodOptions.NO_SIDE_EFFECTS
    answer = "a stream" if method.server_streaming else "one message"
    return f"`{method.name}`", f"`{scope}`", "read" if reads else "mutation", answer


def scopes() -> str:
    """Every RPC: its scope, whether it changes anything, what it answers."""
    rows = [_method_row(method) for method in SERVICE.methods]
    return _table(("RPC", "scope", "kind", "answers"), rows)


def _reasons() -> Iterator[tuple[str, str]]:
    """(reason, status) pairs in the proto's order; a comment there names the status."""
    body = re.search(r"enum ErrorReason \{(.*?)\n\}", PROTO.read_text(encoding="utf-8"), re.DOTALL)
    status = ""
    for line in (body.group(1) if body else "").splitlines():
        if comment := re.fullmatch(r"\s*// ([A-Z_]+)", line):
            status = comment.group(1)
        elif value := re.fullmatch(r"\s*ERROR_REASON_(\w+) = [1-9]\d*;", line):
            yield value.group(1), status


def reasons() -> str:
    """Every reason of the closed set, with the status that it comes with."""
    return _table(("status", "reason"), [(f"`{s}`", f"`{r}`") for r, s in _reasons()])


def _set_up() -> None:
    """Django needs settings, and these need a home: one that is thrown away."""
    with tempfile.TemporaryDirectory() as home:
        os.environ.setdefault("SENTRY_HOME", home)
        configure()


def capabilities() -> str:
    """Every registered provider and what its installations can do."""
    _set_up()
    from sentry.integrations.manager import integrations  # noqa: PLC0415 - Django must be set up
    from sentry.integrations.source_code_management.types import Capability  # noqa: PLC0415

    rows = [
        (provider.name, *("yes" if each in provider.capabilities() else "–" for each in Capability))
        for provider in integrations.all()
    ]
    return _table(("provider", *(each.value for each in Capability)), rows)


def endpoints() -> str:
    """Every REST endpoint with its methods and the scopes that open them."""
    _set_up()
    from sentry.api.urls import ENDPOINTS, SESSION_ENDPOINTS  # noqa: PLC0415 - likewise
    from sentry.auth.policy import REST  # noqa: PLC0415 - likewise

    rows: list[tuple[str, ...]] = [
        (
            "`" + re.sub(r"<\w+:(\w+)>", r"{\1}", route) + "`",
            method,
            " ".join(f"`{scope}`" for scope in sorted(scopes)),
        )
        for route, endpoint in ENDPOINTS
        for method, scopes in REST[endpoint.url_name].items()
    ]
    rows += [
        (f"`{route}`", method, "none" if method == "POST" else "none, but a session")
        for route, endpoint in SESSION_ENDPOINTS
        for method in endpoint.publish_status
    ]
    return _table(("path below `/api/0/`", "method", "scopes"), rows)


TABLES: dict[str, Callable[[], str]] = {
    "endpoints": endpoints,
    "scopes": scopes,
    "reasons": reasons,
    "capabilities": capabilities,
}
MARKED = re.compile(
    r"(?P<start><!-- generated: (?P<name>\w+) -->\n).*?(?P<end><!-- end: (?P=name) -->)", re.DOTALL
)
PAGES = (TOP / "docs/grpc-scm-client.md", TOP / "docs/rest-api.md")


def filled(text: str) -> str:
    """The page with every generated table as it should be."""

    def table(found: re.Match[str]) -> str:
        return f"{found['start']}{TABLES[found['name']]()}\n{found['end']}"

    return MARKED.sub(table, text)


def main() -> int:
    """Rewrites the pages in place."""
    for page in PAGES:
        page.write_text(filled(page.read_text(encoding="utf-8")), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
