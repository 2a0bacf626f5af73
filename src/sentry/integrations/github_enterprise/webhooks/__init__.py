"""A GitHub Enterprise Server's webhooks."""
