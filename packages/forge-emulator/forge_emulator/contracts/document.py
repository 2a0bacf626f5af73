"""One OpenAPI 3.0 document: which operation a request is, and what its schemas say of a value."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from openapi_schema_validator import OAS30Validator, oas30_format_checker
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT4

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_HOLE = re.compile(r"\{(\w+)\}|(\(-/\))")
_URN = "urn:document"
_PARTS = ("allOf", "anyOf", "oneOf")


@dataclass(frozen=True, kw_only=True, slots=True)
class Operation:
    """A method on a path of the document, and where it stands there."""

    place: tuple[str, ...]
    value: Mapping[str, Any]
    parameters: tuple[Mapping[str, Any], ...]
    path_values: Mapping[str, str]


class Document:
    """A description under the base path at which the host serves it."""

    def __init__(self, value: Mapping[str, Any], *, base: str) -> None:
        """Takes the parsed document; `base` is the part of the URL before its paths."""
        self._value = value
        self._base = base
        resource = Resource.from_contents(value, default_specification=DRAFT4)
        self._registry: Any = Registry().with_resource(_URN, resource)
        # a path with fewer holes is the more exact one
        names = sorted(value["paths"], key=lambda name: (name.count("{"), -len(name)))
        self._paths = [(_pattern(name), name) for name in names]

    def operation(self, method: str, path: str) -> Operation | None:
        """The operation that a request is; `path` as it was sent, percent-encoded."""
        if not path.startswith(self._base):
            return None
        for pattern, name in self._paths:
            match = pattern.fullmatch(path[len(self._base) :])
            item = self._value["paths"][name]
            if match is None or method.lower() not in item:
                continue
            value = item[method.lower()]
            listed = [*item.get("parameters", []), *value.get("parameters", [])]
            return Operation(
                place=("paths", name, method.lower()),
                value=value,
                parameters=tuple(self.resolved(each) for each in listed),
                path_values={key: unquote(text) for key, text in match.groupdict().items()},
            )
        return None

    def resolved(self, value: Any) -> Any:
        """What a `$ref` stands for; any other value is itself."""
        while isinstance(value, dict) and "$ref" in value:
            found: Any = self._value
            for part in value["$ref"].removeprefix("#/").split("/"):
                found = found[part.replace("~1", "/").replace("~0", "~")]
            value = found
        return value

    def errors(self, place: Sequence[str], value: object) -> list[str]:
        """What is wrong with a value by the schema at a place of the document."""
        pointer = "/".join(part.replace("~", "~0").replace("/", "~1") for part in place)
        validator = OAS30Validator(
            {"$ref": f"{_URN}#/{pointer}"},
            registry=self._registry,
            format_checker=oas30_format_checker,
        )
        found = sorted(validator.iter_errors(value), key=str)
        return [f"{error.json_path}: {error.message[:300]}" for error in found]

    def invented(self, schema: Any, value: object, place: str = "$") -> list[str]:
        """Names in a value that its schema does not know."""
        known = self._described(schema)
        if known is None:
            return []
        if isinstance(value, list):
            inner = known.get("[]")
            if inner is None:
                return []
            return [name for each in value for name in self.invented(inner, each, f"{place}[]")]
        if not isinstance(value, dict):
            return []
        found = [f"{place}.{key} is not described" for key in value if key not in known]
        for key, each in value.items():
            if key in known:
                found += self.invented(known[key], each, f"{place}.{key}")
        return found

    def _described(self, schema: Any) -> dict[str, Any] | None:
        """Every property that an object may have, items as "[]"; None where any may be."""
        schema = self.resolved(schema)
        if schema.get("additionalProperties"):
            return None
        found: dict[str, Any] = dict(schema.get("properties", {}))
        for part in (each for key in _PARTS for each in schema.get(key, [])):
            more = self._described(part)
            if more is not None:
                found |= more
        if "items" in schema:
            found["[]"] = schema["items"]
        return found or None


def _pattern(name: str) -> re.Pattern[str]:
    """A path as a pattern: a hole takes one segment, but `{path}` takes any number."""
    parts, at = [], 0
    for hole in _HOLE.finditer(name):
        parts.append(re.escape(name[at : hole.start()]))
        if hole[2]:
            parts.append("(?:-/)?")
        else:
            parts.append(f"(?P<{hole[1]}>{'.*' if hole[1] == 'path' else '[^/]+'})")
        at = hole.end()
    return re.compile("".join([*parts, re.escape(name[at:])]))
