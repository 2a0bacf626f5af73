"""A load of native gRPC calls, as ``benchmarks.load`` does it for HTTP: a closed loop with
``connections`` calls open at a time over one channel; messages are not decoded by the client.
"""

import base64
import json
import sys
import threading
import time

import grpc

METHOD = "/sentry.integrations.scm.v1.ScmService/GetRepository"
WARM_UP_SECONDS = 0.5


class Loop:
    """Keeps a number of calls open until the time is up."""

    def __init__(self, channel: grpc.Channel, request: bytes, key: str, width: int) -> None:
        self._call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(METHOD)
        self._request = request
        self._metadata = (("x-api-key", key),)
        self._width = width
        self._lock = threading.Lock()
        self._idle = threading.Event()
        self.body: bytes | None = None

    def run(self, seconds: float) -> tuple[int, int, float]:
        """Calls done, errors, and the seconds that it took."""
        self._done = self._errors = 0
        self._open = self._width
        self._idle.clear()
        began = time.monotonic()
        self._stop_at = began + seconds
        for _ in range(self._width):
            self._send()
        self._idle.wait()
        return self._done, self._errors, time.monotonic() - began

    def _send(self) -> None:
        self._call.future(self._request, metadata=self._metadata).add_done_callback(self._received)

    def _received(self, call: "grpc.Future[bytes]") -> None:
        with self._lock:
            self._done += 1
            body = call.result() if call.exception() is None else None
            self.body = self.body or body
            self._errors += body is None or body != self.body
            if time.monotonic() >= self._stop_at:
                self._open -= 1
                if not self._open:
                    self._idle.set()
                return
        self._send()


def main() -> None:
    """One load: a task as JSON, ``ready``, a line to start, the facts as JSON."""
    task = json.loads(sys.stdin.readline())
    request = base64.b64decode(task["request"])
    with grpc.insecure_channel(f"{task['host']}:{task['port']}") as channel:
        loop = Loop(channel, request, task["key"], task["connections"])
        loop.run(WARM_UP_SECONDS)
        print("ready", flush=True)
        sys.stdin.readline()
        done, errors, seconds = loop.run(task["seconds"])
    body = base64.b64encode(loop.body or b"").decode("ascii")
    facts = {"done": done, "errors": errors, "seconds": seconds, "body": body}
    print(json.dumps(facts), flush=True)


if __name__ == "__main__":
    main()
