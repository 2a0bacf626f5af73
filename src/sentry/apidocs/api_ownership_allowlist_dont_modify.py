"""Endpoints that nobody answers for. The list only shrinks; a test compares it."""

API_OWNERSHIP_ALLOWLIST_DONT_MODIFY: tuple[str, ...] = ()
