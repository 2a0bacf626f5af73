"""Reads the Dockerfile, and does what its stages say under a folder in place of ``/``.

Knows the instructions that the project uses, and no others. What changes the operating system
(packages, users) is left out: the machine at hand has its own.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from tests.live import ROOT

# What an image has outside of the system's own folders.
PLACES = re.compile(r"(?<![\w.])/(?=opt/|src\b|var/lib/sentry\b)")
SYSTEM_PROGRAMS = ("apt-get", "groupadd")
_KEPT = re.compile(r"HOME|LANG|(PIP|UV|SSL)_\w+")


@dataclass(frozen=True, kw_only=True, slots=True)
class Instruction:
    """One instruction: its name, its flags (``--from=build``) and the rest of the line."""

    name: str
    flags: tuple[str, ...]
    text: str

    def words(self) -> list[str]:
        """The words: of a JSON list its members."""
        return json.loads(self.text) if self.text.startswith("[") else self.text.split()


def parse(text: str) -> list[Instruction]:
    """Every instruction of a Dockerfile."""
    lines = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    found = []
    for line in lines.replace("\\\n", " ").splitlines():
        if not line.strip():
            continue
        name, *words = line.split()
        flags = [word for word in words if word.startswith("--")] if name != "RUN" else []
        while flags and words[len(flags) - 1] != flags[-1]:
            flags.pop()  # a flag of the command, not of the instruction
        rest = " ".join(words[len(flags) :])
        found.append(Instruction(name=name, flags=tuple(flags), text=rest))
    return found


DOCKERFILE = parse((ROOT / "Dockerfile").read_text(encoding="utf-8"))


def named(name: str) -> list[Instruction]:
    """The instructions of this name."""
    return [each for each in DOCKERFILE if each.name == name]


@dataclass(kw_only=True, slots=True)
class Image:
    """What the Dockerfile makes, under a folder in place of ``/``."""

    root: Path
    environment: dict[str, str] = field(default_factory=dict)
    folder: Path = Path("/")
    left_out: list[str] = field(default_factory=list)

    def here(self, text: str) -> str:
        """A text of the Dockerfile with paths under the folder."""
        return PLACES.sub(f"{self.root}/", text)

    def build(self) -> None:
        """Does what the instructions say, in their order."""
        for each in DOCKERFILE:
            step = getattr(self, f"_{each.name.lower()}", None)
            if step is not None:
                step(each)

    def _from(self, _: Instruction) -> None:
        programs = self.root / "base"
        programs.mkdir(parents=True, exist_ok=True)
        if not (programs / "python").exists():
            (programs / "python").symlink_to(Path(sys.executable).resolve())
        kept = {name: value for name, value in os.environ.items() if _KEPT.fullmatch(name)}
        self.environment = {**kept, "PATH": f"{programs}:/usr/bin:/bin"}
        self.folder = self.root

    def _workdir(self, each: Instruction) -> None:
        self.folder = Path(self.here(each.text))
        self.folder.mkdir(parents=True, exist_ok=True)

    def _env(self, each: Instruction) -> None:
        for pair in each.words():
            name, _, value = pair.partition("=")
            self.environment[name] = self.here(value).replace("$PATH", self.environment["PATH"])

    def _copy(self, each: Instruction) -> None:
        if each.flags:  # between stages, which share the folder here
            return
        *sources, target = each.words()
        for source in sources:
            into = self.folder / (target if len(sources) == 1 else source)
            if (ROOT / source).is_dir():
                ignored = shutil.ignore_patterns("__pycache__", "*.pyc", "*.egg-info")
                shutil.copytree(ROOT / source, into, ignore=ignored)
            else:
                shutil.copy(ROOT / source, into)

    def _run(self, each: Instruction) -> None:
        if each.text.startswith(SYSTEM_PROGRAMS):
            self.left_out.append(each.text)
            return
        self.run(["sh", "-euc", self.here(each.text)])

    def run(self, command: list[str], status: int = 0, hosts: str = "") -> str:
        """Runs a command as the image would, under these allowed hosts; gives what it printed."""
        environment = {**self.environment, **({"SENTRY_ALLOWED_HOSTS": hosts} if hosts else {})}
        done = subprocess.run(
            command, cwd=self.folder, env=environment, capture_output=True,
            text=True, check=False, timeout=300,
        )  # fmt: skip
        assert done.returncode == status, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout + done.stderr
