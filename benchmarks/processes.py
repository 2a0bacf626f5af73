"""What the operating system says about processes (Linux's ``/proc``)."""

import os
from dataclasses import dataclass
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, kw_only=True, slots=True)
class Usage:
    """A process's use: processor seconds so far, resident memory in MiB."""

    cpu_seconds: float
    rss_mb: float


def usage(pid: int) -> Usage:
    """How much a process uses now."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    ticks = int(fields[11]) + int(fields[12])
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    (resident,) = [line for line in status.splitlines() if line.startswith("VmRSS:")]
    return Usage(cpu_seconds=ticks / _TICKS, rss_mb=int(resident.split()[1]) / 1024)


def family(pid: int) -> list[int]:
    """The process and all below it."""
    found = [pid]
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in children.read_text(encoding="utf-8").split():
            found += family(int(child))
    return found


def worker(pid: int) -> int:
    """The process that does the work: the one of the family that has used the processor most."""
    return max(family(pid), key=lambda each: usage(each).cpu_seconds)
