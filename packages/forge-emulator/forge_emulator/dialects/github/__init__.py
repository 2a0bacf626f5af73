"""GitHub: REST, GraphQL and git over HTTP, also in the form of GitHub Enterprise Server."""

from forge_emulator.dialects.github.dialect import GitHub

__all__ = ["GitHub"]
