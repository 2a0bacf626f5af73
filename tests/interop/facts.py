"""What git says about the repository of an installation, in the shapes of the drivers' answers."""

from tests import live


def head(installation: live.Platform) -> str:
    """The full id of the newest commit."""
    return live.git(installation.git, "rev-parse", "HEAD").strip()


def _blame(installation: live.Platform) -> list[tuple[str, str, str]]:
    """(commit, author, text) of every line."""
    porcelain = live.git(installation.git, "blame", "--line-porcelain", "HEAD", "--", live.PATH)
    rows: list[tuple[str, str, str]] = []
    commit = author = ""
    for line in porcelain.splitlines():
        if line.startswith("\t"):
            rows.append((commit, author, line[1:]))
        elif line.startswith("author "):
            author = line.removeprefix("author ")
        elif len(line.split(" ")[0]) == 40:
            commit = line.split(" ")[0]
    return rows


def line(installation: live.Platform, number: int) -> dict[str, str]:
    """Who last changed a line, and the line."""
    commit, author, text = _blame(installation)[number - 1]
    return {"commit": commit, "author": author, "code": text}


def ranges(installation: live.Platform) -> list[list[object]]:
    """The file's ranges: first line, last line, commit, author, texts."""
    found: list[list[object]] = []
    for number, (commit, author, text) in enumerate(_blame(installation), start=1):
        if found and found[-1][2] == commit:
            lines = found[-1][4]
            assert isinstance(lines, list)
            lines.append(text)
            found[-1][1] = number
        else:
            found.append([number, number, commit, author, [text]])
    return found
