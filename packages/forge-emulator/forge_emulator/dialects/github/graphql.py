"""GitHub's GraphQL API: a committed subset of its schema, executed by graphql-core.

Every answer is HTTP 200 once the caller is known; what went wrong stands in `errors`, with the
host's own `type` and `path`.
"""

from __future__ import annotations

import logging
import re
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLError,
    GraphQLSchema,
    IntValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
    build_schema,
    execute_sync,
    parse,
    validate,
)
from graphql.type import GraphQLInterfaceType, GraphQLObjectType

from forge_emulator.dialects.github.errors import GRAPHQL_DOCS, ApiError
from forge_emulator.dialects.github.graphql_nodes import ExecutionContext, type_name
from forge_emulator.dialects.github.graphql_table import RESOLVERS
from forge_emulator.replies import json_response

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from graphql import ExecutionResult, SelectionNode
    from werkzeug.wrappers import Response

    from forge_emulator.dialects.github.call import Call
    from forge_emulator.faults import Fault
    from forge_emulator.json_types import JsonObject, JsonValue
    from forge_emulator.limits import Usage

_TOKEN_LIMIT = 100_000
_FAILURE = "Something went wrong while executing your query."
_SNAKE = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")

logger = logging.getLogger(__name__)


@lru_cache(maxsize=1)
def schema() -> GraphQLSchema:
    """The subset, with a resolver at each of its fields; raises `KeyError` when one is missing."""
    source = files(__package__).joinpath("schema.graphql").read_text("utf-8")
    built = build_schema(source)
    for name, kind in built.type_map.items():
        if isinstance(kind, GraphQLInterfaceType):
            kind.resolve_type = lambda value, _info, _type: type_name(value)
        if not isinstance(kind, GraphQLObjectType) or name.startswith("__"):
            continue
        for field_name, field in kind.fields.items():
            field.resolve = RESOLVERS[name][field_name]
            for argument_name, argument in field.args.items():
                argument.out_name = _SNAKE.sub("_", argument_name).lower()
    return built


def answer(call: Call, fault: Fault | None, points: tuple[Usage, int] | None) -> Response:
    """Execute what was sent; `points` is the state of the limit and what this query costs."""
    if fault is not None and fault.kind == "graphql_errors":
        return _errors_fault(fault)
    source, variables, operation = _request(call)
    document = _parse(source)
    if isinstance(document, GraphQLError):
        return json_response({"errors": [error_json(document)]})
    wrong = _validate(source)
    if wrong:
        return json_response({"errors": [error_json(error) for error in wrong]})
    context = ExecutionContext(call=call, points=points)
    result = execute_sync(
        schema(), document, context_value=context, variable_values=dict(variables),
        operation_name=operation,
    )  # fmt: skip
    if fault is not None and fault.kind == "resource_limits_exceeded":
        return _exceed_resources(result)
    return json_response(_result_json(result))


def cost(call: Call) -> int:
    """Points of a query: the connections that it may ask for, over a hundred, at least one."""
    try:
        source, variables, _ = _request(call)
    except ApiError:
        return 1
    document = _parse(source)
    if isinstance(document, GraphQLError):
        return 1
    sets = [
        definition.selection_set
        for definition in document.definitions
        if isinstance(definition, OperationDefinitionNode)
    ]
    return max(1, round(sum(_connections(found, 1, variables) for found in sets) / 100))


def rate_limited(call: Call) -> Response:
    """The answer at the limit: HTTP 200 all the same."""
    who = call.authenticated().id
    message = f"API rate limit exceeded for user ID {who}."
    return json_response({"errors": [{"type": "RATE_LIMITED", "message": message}]})


def error_json(error: GraphQLError) -> JsonObject:
    """An error in GitHub's form: `type` stands beside the message."""
    value: JsonObject = {}
    extensions = dict(error.extensions or {})
    kind = extensions.pop("type", None)
    if isinstance(kind, str):
        value["type"] = kind
    if error.path:
        value["path"] = list(error.path)
    if extensions:
        value["extensions"] = extensions
    if error.locations:
        value["locations"] = [
            {"line": place.line, "column": place.column} for place in error.locations
        ]
    value["message"] = error.message
    cause = error.original_error
    if cause is not None and not isinstance(cause, GraphQLError):  # git failed, not the caller
        logger.error("github.graphql_failed", exc_info=cause)
        value["message"] = _FAILURE
    return value


def _request(call: Call) -> tuple[str, Mapping[str, Any], str | None]:
    """(query, variables, operation name) of the body; raises `ApiError` 400."""
    if call.request.method != "POST":
        raise ApiError(404, documentation_url=GRAPHQL_DOCS)
    body = call.body()
    source, variables = body.get("query"), body.get("variables") or {}
    operation = body.get("operationName")
    if not isinstance(source, str):
        raise ApiError(400, "A query attribute must be specified and must be a string.")
    if not isinstance(variables, dict):
        raise ApiError(400, "Variables must be an object.")
    return source, variables, operation if isinstance(operation, str) else None


@lru_cache(maxsize=256)
def _parse(source: str) -> DocumentNode | GraphQLError:
    try:
        return parse(source, max_tokens=_TOKEN_LIMIT)
    except GraphQLError as error:
        return error
    except RecursionError:
        return GraphQLError("The query is nested too deeply.")


@lru_cache(maxsize=256)
def _validate(source: str) -> tuple[GraphQLError, ...]:
    document = _parse(source)
    if isinstance(document, GraphQLError):
        return (document,)
    return tuple(validate(schema(), document, max_errors=20))


def _connections(found: SelectionSetNode, times: int, variables: Mapping[str, Any]) -> int:
    """How many lists a selection asks for, each counted as often as its parents may occur."""
    total = 0
    for selection in found.selections:
        first = _first(selection, variables)
        inner = getattr(selection, "selection_set", None)
        total += times if first else 0
        if isinstance(inner, SelectionSetNode):
            total += _connections(inner, times * max(1, first), variables)
    return total


def _first(selection: SelectionNode, variables: Mapping[str, Any]) -> int:
    """The value of `first` or `last` of a field, 0 without."""
    for argument in (selection.arguments or ()) if isinstance(selection, FieldNode) else ():
        if argument.name.value not in {"first", "last"}:
            continue
        if isinstance(argument.value, IntValueNode):
            return int(argument.value.value)
        if isinstance(argument.value, VariableNode):
            value = variables.get(argument.value.name.value)
            return value if isinstance(value, int) else 0
    return 0


def _result_json(result: ExecutionResult) -> JsonObject:
    value: JsonObject = {"data": result.data}
    if result.errors:
        value["errors"] = [error_json(error) for error in result.errors]
    return value


def _errors_fault(fault: Fault) -> Response:
    if fault.body is not None:
        response = json_response(None)
        response.set_data(fault.body)
        return response
    return json_response({"data": None, "errors": [{"message": _FAILURE}]})


def _exceed_resources(result: ExecutionResult) -> Response:
    """The host gave up half way: the later half of what was asked is null, with an error each."""
    data: dict[str, JsonValue] = dict(result.data or {})
    root = next((key for key, value in data.items() if isinstance(value, dict)), None)
    inner = data[root] if root is not None else None
    errors: list[JsonValue] = []
    if root is not None and isinstance(inner, dict):
        names = list(inner)
        lost = names[len(names) // 2 :]
        data[root] = {name: None if name in lost else inner[name] for name in names}
        errors = [_resource_error([root, name]) for name in lost]
    return json_response({"data": data or None, "errors": errors or [_resource_error([])]})


def _resource_error(path: Sequence[JsonValue]) -> JsonObject:
    return {
        "type": "RESOURCE_LIMITS_EXCEEDED",
        "path": list(path),
        "message": "Resource limits for this query exceeded.",
    }
