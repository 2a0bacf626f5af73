"""Reads what GitHub's API says of webhooks. Pure and total, as ``parse``."""

from sentry.integrations.source_code_management.json_reader import Json, as_object, as_objects


def parse_hook_id(value: Json) -> str:
    """The id of a webhook."""
    return str(as_object(value, "hook").integer("id"))


def find_hook(value: Json, url: str) -> str:
    """The id of the webhook that delivers to ``url`` in a page of them; "" without one."""
    for item in as_objects(value, "hooks"):
        config = item.optional_object("config")
        if config is not None and config.get("url") == url:
            return str(item.integer("id"))
    return ""
