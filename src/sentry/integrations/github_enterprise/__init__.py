"""GitHub Enterprise Server: GitHub on a company's own machine."""
