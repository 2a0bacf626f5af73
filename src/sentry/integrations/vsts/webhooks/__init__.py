"""What Azure DevOps' service hooks send."""
