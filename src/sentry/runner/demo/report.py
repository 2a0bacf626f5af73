"""Prints facts, each beside what it is held against."""

import click


class Report:
    """Counts what agreed and what did not."""

    def __init__(self) -> None:
        """Starts empty."""
        self.checked = 0
        self.mismatches = 0

    def fact(self, name: str, value: object, truth: object) -> None:
        """Prints a fact and checks it against the truth."""
        self.checked += 1
        if value == truth:
            click.echo(f"  {name}: {_short(value)}")
            return
        self.mismatches += 1
        click.echo(f"  {name}: {_short(value)}   MISMATCH: it is {_short(truth)}")

    def heading(self, text: str) -> None:
        """Prints what comes next."""
        click.echo(f"\n{text}")


def _short(value: object) -> str:
    text = str(value).replace("\n", " / ")
    return text if len(text) <= 100 else text[:97] + "..."  # noqa: PLR2004 - one line of a terminal
