"""Use cases of the platform: every write is a function here or in a domain's own actions."""
