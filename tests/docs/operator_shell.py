"""A shell on an installation of its own, in which the blocks of a page are run as they are."""

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.docs import pages
from tests.live import BIN, PATIENCE

PAGE = "docs/operations.md"


def block(mark: str) -> str:
    """A marked block of the page, without the indentation that a list gives it."""
    found = re.search(
        rf"^( *)<!-- tested: {re.escape(mark)} -->\n *```\w+\n(.*?)^\1```$",
        pages.text(PAGE),
        re.DOTALL | re.MULTILINE,
    )
    assert found, f"{PAGE} has no block marked {mark!r}"
    return re.sub(rf"^{found[1]}", "", found[2], flags=re.MULTILINE)


def marks() -> list[str]:
    """The marks of all blocks, in their order."""
    return re.findall(r"<!-- tested: ([\w-]+) -->", pages.text(PAGE))


@dataclass(frozen=True, kw_only=True, slots=True)
class Shell:
    """Runs scripts in a folder, with settings of its own, and addresses of the page replaced."""

    folder: Path
    environment: dict[str, str]
    addresses: dict[str, str]

    def adapted(self, text: str) -> str:
        """The text with the addresses that it has here."""
        for named, here in self.addresses.items():
            text = text.replace(named, here)
        return text

    def run(self, *names: str, status: int = 0) -> str:
        """Runs the blocks one after the other in one shell; gives what they printed."""
        script = "\n".join(self.adapted(block(name)) for name in names)
        return self.execute(["bash", "-euc", script], status)

    def sentry(self, *arguments: str, status: int = 0) -> str:
        """Runs the ``sentry`` command."""
        return self.execute(["sentry", *arguments], status)

    def execute(self, command: list[str], status: int = 0) -> str:
        """Runs a command; gives what it printed."""
        done = subprocess.run(
            command, cwd=self.folder, env=self.environment, capture_output=True, text=True,
            check=False, timeout=PATIENCE,
        )  # fmt: skip
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout + done.stderr


def shell_in(folder: Path, addresses: dict[str, str], **settings: str) -> Shell:
    """A shell in the folder, on the installation in its ``home``."""
    environment = {
        "PATH": f"{BIN}:{os.environ['PATH']}",
        "HOME": str(folder),
        "SENTRY_HOME": str(folder / "home"),
        **settings,
    }
    return Shell(folder=folder, environment=environment, addresses=addresses)
