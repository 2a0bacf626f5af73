"""GitLab, as a service and self-managed."""
