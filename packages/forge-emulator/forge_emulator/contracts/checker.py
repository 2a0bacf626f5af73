"""Checks requests and answers, one by one, and collects what is wrong with them."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from forge_emulator.contracts.document import Document, Operation
    from forge_emulator.contracts.exchange import Exchange

_FIRST_ERROR = 400
_NOT_MODIFIED = 304


class Checker:
    """Holds exchanges against a host's documents. Safe for use by many threads.

    `problems` are sentences that name the request; `checked` counts the answers whose body was
    held against a schema.
    """

    def __init__(
        self,
        documents: Sequence[Document],
        *,
        rewrite: Callable[[str], str] = str,
        undescribed: Callable[[str], bool] = lambda _path: False,
    ) -> None:
        """Takes the documents.

        `rewrite` maps a path that the host serves to the one that it describes; `undescribed`
        says for which paths there is no description at all (GraphQL, git).
        """
        self._documents = documents
        self._rewrite = rewrite
        self._undescribed = undescribed
        self._lock = threading.Lock()
        self.problems: list[str] = []
        self.checked = 0

    def check(self, exchange: Exchange) -> None:
        """Adds what is wrong with an exchange to `problems`; a spoilt answer is not looked at."""
        path, _, query = exchange.target.partition("?")
        if self._undescribed(path):
            return
        found, checked = self._check(exchange, self._rewrite(path), query)
        with self._lock:
            self.checked += checked
            named = f"{exchange.method} {exchange.target} -> {exchange.status}"
            self.problems += [f"{named}: {problem}" for problem in found]

    def _check(self, exchange: Exchange, path: str, query: str) -> tuple[list[str], bool]:
        method = "GET" if exchange.method == "HEAD" else exchange.method
        for document in self._documents:
            operation = document.operation(method, path)
            if operation is not None:
                break
        else:
            return ["the description has no such operation"], False
        found = query_problems(document, operation, query)
        if exchange.body:
            found += body_problems(document, operation, exchange.content_type, exchange.body)
        if exchange.is_spoilt or exchange.method == "HEAD" or exchange.status == _NOT_MODIFIED:
            return found, False
        place = _answer_place(document, operation, exchange)
        if place is None:
            known = exchange.status >= _FIRST_ERROR
            return [*found, *([] if known else ["this status is not described"])], False
        if not place:
            return found, False
        return [*found, *_answer_problems(document, place, exchange.answer)], True


def query_problems(document: Document, operation: Operation, query: str) -> list[str]:
    """What is wrong with a query: unknown names, values of another type, names that are missing."""
    known = {each["name"]: each for each in operation.parameters if each["in"] == "query"}
    sent = parse_qsl(query, keep_blank_values=True)
    found = []
    for name, text in sent:
        if name not in known:
            found.append(f"{name} is no parameter of the query")
            continue
        schema = document.resolved(known[name].get("schema", {}))
        found += _value_problems(document, schema, name, text)
    missing = {name for name, each in known.items() if each.get("required")} - dict(sent).keys()
    return [*found, *(f"the query lacks {name}" for name in sorted(missing))]


def _value_problems(document: Document, schema: Any, name: str, text: str) -> list[str]:
    kind = schema.get("type")
    if kind == "array":
        inner = document.resolved(schema.get("items", {}))
        return [
            problem
            for part in text.split(",")
            for problem in _value_problems(document, inner, name, part)
        ]
    is_right = {
        "integer": text.lstrip("-").isdecimal(),
        "number": text.lstrip("-").replace(".", "", 1).isdecimal(),
        "boolean": text in {"true", "false"},
    }.get(kind, True)
    if not is_right:
        return [f"{name} is no {kind}"]
    if kind == "string" and schema.get("enum") and text not in schema["enum"]:
        return [f"{name} is none of {schema['enum']}"]
    if kind == "integer" and not (
        schema.get("minimum", int(text)) <= int(text) <= schema.get("maximum", int(text))
    ):
        return [f"{name} is out of its bounds"]
    return []


def body_problems(
    document: Document, operation: Operation, content_type: str, body: bytes
) -> list[str]:
    """What is wrong with a request's body, names that are not described included."""
    described = document.resolved(operation.value.get("requestBody", {})).get("content", {})
    media = content_type.partition(";")[0].strip()
    if media not in described:
        return [f"a body of type {media!r} is not described"]
    if not media.endswith("json"):
        return []
    value = json.loads(body)
    place = (*operation.place, "requestBody", "content", media, "schema")
    schema = described[media].get("schema", {})
    return [*document.errors(place, value), *document.invented(schema, value)]


def _answer_place(
    document: Document, operation: Operation, exchange: Exchange
) -> tuple[str, ...] | None:
    """Where the answer's schema stands; () where there is nothing to hold it against.

    None where the description knows no such status.
    """
    responses = operation.value.get("responses", {})
    status = str(exchange.status)
    name = next((n for n in (status, f"{status[0]}XX", "default") if n in responses), None)
    if name is None:
        return None
    place: tuple[str, ...] = (*operation.place, "responses", name)
    value = responses[name]
    if "$ref" in value:
        place = tuple(value["$ref"].removeprefix("#/").split("/"))
        value = document.resolved(value)
    media = exchange.answer_type.partition(";")[0].strip()
    content = value.get("content", {})
    written = next((each for each in content if each.partition(";")[0].strip() == media), None)
    if written is None or not media.endswith("json") or "schema" not in content[written]:
        return ()
    return (*place, "content", written, "schema")


def _answer_problems(document: Document, place: tuple[str, ...], answer: bytes) -> list[str]:
    value = json.loads(answer)
    schema = document.resolved({"$ref": "#/" + "/".join(_escaped(place))})
    return [*document.errors(place, value), *document.invented(schema, value)]


def _escaped(place: tuple[str, ...]) -> list[str]:
    return [part.replace("~", "~0").replace("/", "~1") for part in place]
