"""From the actions' values to JSON."""

from sentry.api.serializers.base import ErrorBody, Serializer, serialize

__all__ = ["ErrorBody", "Serializer", "serialize"]
