"""What GitLab sends to webhooks."""
