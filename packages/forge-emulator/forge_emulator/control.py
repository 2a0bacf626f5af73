"""The door for those who run the emulator as a program: its log and its faults, over HTTP.

`GET /_emulator/health`, `GET|DELETE /_emulator/requests`, `GET|POST|DELETE /_emulator/faults`.
Only from loopback, and only when it was asked for.
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import json
from collections.abc import Mapping
from dataclasses import fields
from typing import TYPE_CHECKING

from werkzeug.wrappers import Response

from forge_emulator.faults import Fault

if TYPE_CHECKING:
    from werkzeug.wrappers import Request

    from forge_emulator.faults import Faults
    from forge_emulator.json_types import JsonObject, JsonValue
    from forge_emulator.request_log import RequestLog

_FIELDS: dict[str, type | tuple[type, ...]] = {
    "kind": str,
    "match": str,
    "method": str,
    "times": int,
    "status": int,
    "headers": dict,
    "body": str,
    "content_type": str,
    "seconds": (int, float),
    "size": int,
    "location": str,
}


class ControlDoor:
    """Answers requests under `/_emulator/`."""

    def __init__(self, faults: Faults, log: RequestLog) -> None:
        self._faults = faults
        self._log = log

    def answer(self, request: Request) -> Response:  # noqa: PLR0911 - one for each route
        if not _is_loopback(request.remote_addr):
            return _json({"message": "only from this machine"}, 403)
        match request.method, request.path.removeprefix("/_emulator/"):
            case "GET", "health":
                return _json({"status": "ok"})
            case "GET", "requests":
                return _json([entry.as_json() for entry in self._log.entries()])
            case "DELETE", "requests":
                self._log.clear()
                return Response(status=204)
            case "GET", "faults":
                return _json([fault_as_json(fault) for fault in self._faults.pending()])
            case "POST", "faults":
                return self._add_fault(request)
            case "DELETE", "faults":
                self._faults.clear()
                return Response(status=204)
            case _:
                return _json({"message": "there is nothing here"}, 404)

    def _add_fault(self, request: Request) -> Response:
        try:
            fault = fault_from_json(json.loads(request.get_data()))
        except json.JSONDecodeError:
            return _json({"message": "the body is not JSON"}, 400)
        except ValueError as error:
            return _json({"message": str(error)}, 400)
        self._faults.add(fault)
        return _json(fault_as_json(fault), 201)


def fault_from_json(value: object) -> Fault:
    """A fault from its JSON object: the fields of `Fault`, `body` in base64.

    Raises `ValueError` with a message that names what is wrong.
    """
    if not isinstance(value, Mapping):
        raise ValueError("a fault is a JSON object")  # noqa: TRY004 - one kind of error for bad input
    for name, content in value.items():
        if name not in _FIELDS:
            raise ValueError(f"a fault has no field {name!r}")
        if not isinstance(content, _FIELDS[name]) or isinstance(content, bool):
            raise ValueError(f"the field {name!r} has the wrong type")  # noqa: TRY004 - likewise
    arguments = dict(value)
    if "kind" not in arguments:
        raise ValueError("a fault needs a kind")
    if "body" in arguments:
        arguments["body"] = _from_base64(arguments["body"])
    return Fault(**arguments)


def _from_base64(value: str) -> bytes:
    try:
        return base64.b64decode(value, validate=True)
    except binascii.Error as error:
        raise ValueError("the field 'body' is not base64") from error


def fault_as_json(fault: Fault) -> JsonObject:
    """What `fault_from_json` reads."""
    values: JsonObject = {}
    for item in fields(fault):
        value = getattr(fault, item.name)
        if isinstance(value, bytes):
            value = base64.b64encode(value).decode()
        if value is not None:
            values[item.name] = dict(value) if isinstance(value, Mapping) else value
    return values


def _is_loopback(address: str | None) -> bool:
    try:
        return ipaddress.ip_address(address or "").is_loopback
    except ValueError:
        return False


def _json(value: JsonValue, status: int = 200) -> Response:
    body = json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")
    return Response(body, status, content_type="application/json; charset=utf-8")
