"""Views that belong to no API."""
