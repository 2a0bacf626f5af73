"""Bitbucket Data Center: REST and git over HTTP."""

from forge_emulator.dialects.bitbucket_server.dialect import BitbucketServer

__all__ = ["BitbucketServer"]
