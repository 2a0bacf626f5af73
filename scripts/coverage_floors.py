"""Compares branch coverage with its floors, area by area.

Reads ``coverage.json`` and pytest's ``*.xml`` from the folder given. A floor fails the run only
when no test was skipped for a missing service; else it is printed, since the skipped tests would
have covered more.
"""

import json
import sys
import xml.etree.ElementTree as ET
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

MISSING_SERVICE = "needs "
COUNTS = ("tests", "failures", "errors", "skipped")


@dataclass(frozen=True, kw_only=True, slots=True)
class Area:
    """A part of the project and the least share of its lines and branches that tests must reach."""

    name: str
    prefix: str
    floor: float


# The first area whose prefix fits a file owns it.
AREAS = (
    Area(name="gRPC door", prefix="src/sentry/integrations/grpc/", floor=95),
    Area(name="the room", prefix="src/sentry/integrations/source_code_management/", floor=95),
    Area(name="sentry, the rest", prefix="src/sentry/", floor=90),
    Area(name="sentry-scm-client", prefix="packages/sentry-scm-client/", floor=90),
    Area(name="forge-emulator", prefix="packages/forge-emulator/", floor=90),
)


def shares(report: Path) -> dict[str, float]:
    """Percent of lines and branches covered, by the area's name."""
    covered: Counter[str] = Counter()
    total: Counter[str] = Counter()
    for file, data in json.loads(report.read_text(encoding="utf-8"))["files"].items():
        area = next((area for area in AREAS if file.startswith(area.prefix)), None)
        if area:
            summary = data["summary"]
            covered[area.name] += summary["covered_lines"] + summary["covered_branches"]
            total[area.name] += summary["num_statements"] + summary["num_branches"]
    return {name: 100 * covered[name] / total[name] for name in total if total[name]}


def skipped_for_a_service(folder: Path) -> list[str]:
    """Why tests were skipped, where it was for something that this machine lacks."""
    reasons = []
    for report in sorted(folder.glob("*.xml")):
        for skipped in ET.parse(report).iter("skipped"):  # noqa: S314 - pytest wrote it
            reason = skipped.get("message") or ""
            if MISSING_SERVICE in reason:
                reasons.append(reason)
    return reasons


def count_tests(folder: Path) -> None:
    """Prints how many tests each run had."""
    for report in sorted(folder.glob("*.xml")):
        for suite in ET.parse(report).iter("testsuite"):  # noqa: S314 - pytest wrote it
            counts = {
                key: int(suite.get(key, 0)) for key in ("tests", "failures", "errors", "skipped")
            }
            words = ", ".join(f"{value} {key}" for key, value in counts.items())
            print(f"tests {report.stem}: {words} in {float(suite.get('time', 0)):.0f} s")


def main(folder: Path) -> int:
    """Prints every area's share; exit status 1 where a floor is missed and nothing excuses it."""
    count_tests(folder)
    found = shares(folder / "coverage.json")
    excuses = Counter(skipped_for_a_service(folder))
    missed = False
    for area in AREAS:
        share = found.get(area.name, 0.0)
        verdict = "ok" if share >= area.floor else "below its floor"
        missed |= share < area.floor
        print(f"coverage {area.name:<20} {share:6.2f} %  (floor {area.floor:.0f} %) {verdict}")
    for reason, number in excuses.items():
        print(f"skipped {number}: {reason}")
    if missed and excuses:
        print("coverage: tests were skipped for a missing service, so the floors do not bind")
    return int(missed and not excuses)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
