"""The WSGI application: faults, the dialect, and the record of what was asked."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from werkzeug.wrappers import Request, Response

from forge_emulator.contracts.exchange import Exchange
from forge_emulator.fault_effects import ConnectionLostError, instead_of_answer, spoil
from forge_emulator.request_log import RecordedRequest, redact_headers, redact_query
from forge_emulator.routes import encoded_path

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed.wsgi import StartResponse, WSGIEnvironment

    from forge_emulator.contracts.checker import Checker
    from forge_emulator.control import ControlDoor
    from forge_emulator.dialects import Dialect
    from forge_emulator.faults import Fault, Faults
    from forge_emulator.request_log import Kind, RequestLog

CONTROL_PREFIX = "/_emulator/"


class Application:
    """One emulator as a WSGI application. `stop` ends every wait that a fault asked for."""

    def __init__(
        self,
        *,
        dialect: Dialect,
        faults: Faults,
        log: RequestLog,
        control: ControlDoor | None,
        checker: Checker | None = None,
    ) -> None:
        self._dialect = dialect
        self._faults = faults
        self._log = log
        self._control = control
        self._checker = checker
        self.stop = threading.Event()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        if self._control is not None and request.path.startswith(CONTROL_PREFIX):
            return self._control.answer(request)(environ, start_response)
        kind = self._dialect.kind_of(request)
        fault = self._faults.take(request.method, request.path, kind)
        try:
            response = self._answer(request, fault)
        except ConnectionLostError:
            self._record(request, kind, fault, status=0)
            raise
        self._record(request, kind, fault, status=response.status_code)
        if self._checker is not None and kind in {"rest", "other"}:
            self._checker.check(_exchange(request, response, is_spoilt=fault is not None))
        return response(environ, start_response)

    def _answer(self, request: Request, fault: Fault | None) -> Response:
        if fault is None:
            return self._dialect.answer(request, None)
        if fault.kind == "latency":
            self.stop.wait(fault.seconds or 0.0)
        response = instead_of_answer(fault) or self._dialect.answer(request, fault)
        response = spoil(fault, response, self.stop)
        for name, value in fault.headers.items():
            response.headers[name] = value
        return response

    def _record(self, request: Request, kind: Kind, fault: Fault | None, *, status: int) -> None:
        entry = RecordedRequest(
            method=request.method,
            path=request.path,
            query=redact_query(request.query_string.decode("utf-8", "replace")),
            headers=redact_headers(request.headers.items()),
            status=status,
            kind=kind,
            fault=None if fault is None else fault.kind,
            encoded_path=encoded_path(request),
        )
        self._log.add(entry)


def _exchange(request: Request, response: Response, *, is_spoilt: bool) -> Exchange:
    """The request as it came, and the answer unless a fault made it."""
    return Exchange(
        method=request.method,
        target=request.environ["REQUEST_URI"],
        content_type=request.headers.get("Content-Type", ""),
        body=request.get_data(),
        status=response.status_code,
        answer_type=response.headers.get("Content-Type", ""),
        answer=b"" if is_spoilt else response.get_data(),
        is_spoilt=is_spoilt,
    )
