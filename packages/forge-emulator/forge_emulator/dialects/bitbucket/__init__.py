"""Bitbucket Cloud: REST 2.0, its OAuth endpoint, and git over HTTP."""

from forge_emulator.dialects.bitbucket.dialect import Bitbucket

__all__ = ["Bitbucket"]
