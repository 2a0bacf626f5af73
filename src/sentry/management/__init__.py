"""What the platform changes in Django's own management commands."""
