"""A load of HTTP/1.1 requests from a process of its own: ``python -m benchmarks.load``.

Closed loop: each of ``connections`` keep-alive connections sends its next request when the answer
to the last has arrived, so that never more requests are open than connections; ``count`` or
``seconds`` bounds the whole. Every answer must be HTTP 200 with the same body as the first one. The
task comes as one line of JSON; after a warm-up ``ready`` is printed, and the load starts with the
next line read.
"""

import asyncio
import base64
import json
import sys
import time
from dataclasses import dataclass, field

WARM_UP_SECONDS = 0.5


@dataclass(kw_only=True, slots=True)
class Tally:
    """What a load has done so far."""

    request: bytes
    stop_at: float = 0.0
    stop_after: int | None = None
    begun: int = 0
    done: int = 0
    errors: int = 0
    body: bytes | None = field(default=None, repr=False)

    def another(self) -> bool:
        """Whether one more request should be sent."""
        more = self.begun < self.stop_after if self.stop_after else time.monotonic() < self.stop_at
        self.begun += more
        return more

    def check(self, head: bytes, body: bytes) -> None:
        """Counts an answer."""
        self.done += 1
        if self.body is None:
            self.body = body
        if not head.startswith(b"HTTP/1.1 200 ") or body != self.body:
            self.errors += 1


async def read_answer(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    """Head and body of one answer, by Content-Length or in chunks."""
    head = await reader.readuntil(b"\r\n\r\n")
    lower = head.lower()
    if b"transfer-encoding: chunked" in lower:
        return head, await read_chunks(reader)
    start = lower.index(b"content-length:") + len(b"content-length:")
    length = int(lower[start : lower.index(b"\r\n", start)])
    return head, await reader.readexactly(length)


async def read_chunks(reader: asyncio.StreamReader) -> bytes:
    """The body of a chunked answer (RFC 9112, 7.1)."""
    parts = []
    while size := int(await reader.readuntil(b"\r\n"), 16):
        parts.append(await reader.readexactly(size))
        await reader.readexactly(2)
    await reader.readexactly(2)
    return b"".join(parts)


async def use(host: str, port: int, tally: Tally) -> None:
    """One connection, from its first request to its last."""
    reader, writer = await asyncio.open_connection(host, port)
    try:
        while tally.another():
            writer.write(tally.request)
            tally.check(*await read_answer(reader))
    finally:
        writer.close()


async def load(host: str, port: int, connections: int, tally: Tally) -> float:
    """Runs all connections to the end; the seconds that it took."""
    began = time.monotonic()
    await asyncio.gather(*(use(host, port, tally) for _ in range(connections)))
    return time.monotonic() - began


def main() -> None:
    """One load, as the module says."""
    task = json.loads(sys.stdin.readline())
    request = base64.b64decode(task["request"])
    address = task["host"], task["port"], task["connections"]
    warm = Tally(request=request, stop_at=time.monotonic() + WARM_UP_SECONDS)
    if not task.get("count"):
        asyncio.run(load(*address, warm))
    print("ready", flush=True)
    sys.stdin.readline()
    tally = Tally(
        request=request,
        stop_at=time.monotonic() + task.get("seconds", 0),
        stop_after=task.get("count"),
        body=warm.body,
    )
    seconds = asyncio.run(load(*address, tally))
    body = base64.b64encode(tally.body or b"").decode("ascii")
    facts = {"done": tally.done, "errors": tally.errors, "seconds": seconds, "body": body}
    print(json.dumps(facts), flush=True)


if __name__ == "__main__":
    main()
